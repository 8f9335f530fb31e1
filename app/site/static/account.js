/* The account page with script: it follows what other tabs do, and signs devices out without a reload. */

const { createRatchet } = await import(document.documentElement.dataset.ratchet);
const ratchet = createRatchet();
const { signIn } = document.documentElement.dataset;
const devices = "form[data-session]"; // of every device but this one

let leaving = false; // then the answer that is under way says where to
addEventListener("beforeunload", () => (leaving = true));

ratchet.addEventListener("signedout", ({ detail }) => {
  if (leaving) return;
  location.replace(`${signIn}?${new URLSearchParams({ next: location.pathname, reason: detail.reason })}`);
});

// A page that comes back from the back button is shown as it was; whether it may be shown is asked again.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

// The server says how long ago; only the browser knows what the clock of its user showed then.
for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  time.title = moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  const clock = document.createElement("span");
  clock.textContent = `(${moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })})`;
  time.append(" ", clock);
}

const reveal = document.getElementById("reveal");
const passwords = reveal.form.querySelectorAll("[type=password]");

function show(visible) {
  for (const field of passwords) field.type = visible ? "text" : "password";
  reveal.textContent = visible ? "Hide passwords" : "Show passwords";
}

reveal.hidden = false;
reveal.addEventListener("click", () => show(passwords[0].type === "password"));
reveal.form.addEventListener("submit", () => show(false)); // what is visible, the browser would remember

for (const form of document.querySelectorAll(devices)) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await ratchet.fetch(form.dataset.session, { method: "DELETE" }).catch(() => undefined);
    if (response?.ok || response?.status === 404) form.closest("li").remove();
    else form.submit();
    if (!document.querySelector(devices)) document.getElementById("others")?.remove();
  });
}
