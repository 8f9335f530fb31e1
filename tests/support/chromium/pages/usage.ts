// How the client may be used, and how not: compiled in the tests, never run.
import { createRatchet, type Ratchet, type RatchetFault, type Reason, type User } from "RATCHET";

const ratchet: Ratchet = createRatchet({ prefix: "/auth" });
const known: User | null = await ratchet.ready;
const name: unknown = known?.["username"];
const token: string | null = await ratchet.token();
const response: Response = await ratchet.fetch("/api/orders", { method: "POST", body: "tea" });
await ratchet.fetch(new URL("/api/orders", location.href));
const user: User = await ratchet.signIn({ identifier: "ada", password: "secret", remember: true });
await ratchet.signOut("all").catch((fault: RatchetFault) => fault.retryAfter);
ratchet.addEventListener("signedout", ({ detail }) => {
  const reason: Reason = detail.reason;
  console.log(reason);
});
ratchet.addEventListener("signedin", (event) => event.detail.previous && event.preventDefault(), { once: true });
ratchet.addEventListener("nobody", ({ detail }) => console.log(detail.user));
console.log(name, token, response, user);

interface Member extends User {
  readonly username: string;
}
const members: Ratchet<Member> = createRatchet<Member>({ bearer: false, hidden: true });
const member: string | undefined = (await members.ready)?.username;
const signedIn: Member = await members.signIn({ identifier: "ada", password: "secret" });
members.addEventListener("signedin", ({ detail }) => console.log(detail.user.username, detail.previous?.username));
console.log(member, signedIn.username);

// @ts-expect-error: the state is the client's own
ratchet.user = null;
// @ts-expect-error: there is no sign-in without a password
await ratchet.signIn({ identifier: "ada" });
// @ts-expect-error: there is no such scope
await ratchet.signOut("everything");
// @ts-expect-error: there is no such reason
ratchet.addEventListener("signedout", ({ detail }) => detail.reason === "bored");
// @ts-expect-error: who is signed in may not be known yet
const id: string | number | null = ratchet.user.id;
console.log(id);
// @ts-expect-error: a site does not show what it has not said it shows
console.log((await members.ready)?.shoe_size.length);
// @ts-expect-error: a user has an id
createRatchet<{ username: string }>();
