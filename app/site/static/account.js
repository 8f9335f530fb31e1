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

for (const form of document.querySelectorAll(devices)) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await ratchet.fetch(form.dataset.session, { method: "DELETE" }).catch(() => undefined);
    if (response?.ok || response?.status === 404) form.closest("li").remove();
    else form.submit();
    document.getElementById("others").hidden = !document.querySelector(devices);
  });
}
