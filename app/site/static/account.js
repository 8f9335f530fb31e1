/* The account page with script: it follows what other tabs do, and signs devices out without a reload. */

const { createRatchet } = await import(document.documentElement.dataset.ratchet);
const ratchet = createRatchet();
const { signIn } = document.documentElement.dataset;

ratchet.addEventListener("signedout", ({ detail }) => {
  location.replace(`${signIn}?${new URLSearchParams({ next: location.pathname, reason: detail.reason })}`);
});

// A page that comes back from the back button is shown as it was; whether it may be shown is asked again.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

for (const form of document.querySelectorAll("form[data-session]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await ratchet.fetch(form.dataset.session, { method: "DELETE" }).catch(() => undefined);
    if (response?.ok || response?.status === 404) form.closest("li").remove();
    else form.submit();
  });
}
