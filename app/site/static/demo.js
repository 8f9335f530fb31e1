/* A single-page demo of the browser client: sign in, ask who is signed in, watch what happens. */

const { createRatchet } = await import(document.documentElement.dataset.ratchet);
const ratchet = createRatchet();
const find = (id) => document.getElementById(id);

function tell(text) {
  const line = document.createElement("li");
  line.textContent = `${new Date().toLocaleTimeString()}  ${text}`;
  find("log").prepend(line);
}

const REASONS = {
  signed_out: "somebody signed out, here or in another tab",
  refresh_token_missing: "the session is over",
  refresh_token_invalid: "the session is over",
  refresh_token_reused: "somebody used an old copy of this sign-in",
  device_proof_required: "this browser could not prove that it is the one that signed in",
  account_blocked: "the account has been blocked",
  account_unconfirmed: "the account is not confirmed",
};

function inWords(type, { user, previous, reason }) {
  if (type === "nobody") return "Nobody is signed in.";
  if (type === "renewed") return "The access token was renewed; you need not do anything.";
  if (type === "signedout") return `Signed out: ${REASONS[reason] ?? reason}.`;
  if (previous) return `${user.email} is signed in now, in place of ${previous.email}.`;
  return `${user.email} is signed in.`;
}

function show() {
  const { user } = ratchet;
  find("form").hidden = Boolean(user);
  find("inside").hidden = !user;
  find("who").textContent = user ? user.email : "";
  document.body.dataset.state = user ? "in" : "out";
}

for (const type of ["signedin", "renewed", "signedout", "nobody"]) {
  ratchet.addEventListener(type, (event) => {
    if (event.detail.previous) event.preventDefault(); // this page shows the next user by itself
    tell(inWords(type, event.detail));
    find("answer").textContent = "";
    show();
  });
}

find("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  find("problem").hidden = true;
  try {
    await ratchet.signIn({ ...fields, remember: event.target.remember.checked });
  } catch (fault) {
    find("problem").textContent = fault.message;
    find("problem").hidden = false;
  }
});

find("ask").addEventListener("click", async ({ currentTarget }) => {
  const response = await ratchet.fetch(currentTarget.dataset.address).catch((fault) => tell(fault.message));
  if (response) find("answer").textContent = JSON.stringify(await response.json(), undefined, 2);
});

find("out").addEventListener("click", () => ratchet.signOut().catch((fault) => tell(fault.message)));

await ratchet.ready;
show();
