/* A single-page demo of the browser client: sign in, ask who is signed in, watch what happens. */

const { createRatchet } = await import(document.documentElement.dataset.ratchet);
const ratchet = createRatchet();
const find = (id) => document.getElementById(id);

function tell(text) {
  const line = document.createElement("li");
  line.textContent = `${new Date().toLocaleTimeString()}  ${text}`;
  find("log").prepend(line);
}

function show() {
  const { user } = ratchet;
  find("form").hidden = Boolean(user);
  find("inside").hidden = !user;
  find("who").textContent = user ? user.email : "";
  document.body.dataset.state = user ? "in" : "out";
}

for (const type of ["signedin", "renewed", "signedout"]) {
  ratchet.addEventListener(type, (event) => {
    const { user, previous, reason } = event.detail;
    if (type === "signedin" && previous && previous.id !== user.id) event.preventDefault();
    tell({ signedin: `${user?.email} signed in`, renewed: "renewed", signedout: `signed out: ${reason}` }[type]);
    find("answer").textContent = "";
    show();
  });
}

find("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  find("problem").hidden = true;
  try {
    await ratchet.signIn({ ...fields, remember: true });
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
