"""One script tag in a browser that keeps nothing: localStorage is full, or forbidden in a frame."""

from __future__ import annotations

from tests.support.chromium.shop_opening import Shop
from tests.support.chromium.tabs import TabbedBrowser, eventually

FORBID = """Object.defineProperty(self, "localStorage", {
  get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
});"""


def test_page_of_an_ended_session_is_not_loaded_for_ever(browser: TabbedBrowser, shop: Shop) -> None:
    """Its cookies stay, so that each load would find out anew that the session is over."""
    tab = browser.tab("forms")
    tab.page.add_init_script(FORBID)  # in this page only: the context is that of all tests
    tab.sign_in_by_form("ada")
    tab.until("location.pathname === '/plain'")
    shop.execute("UPDATE customers SET sessions = '[]', sessions_version = sessions_version + 1")
    tab.open("kept")
    eventually(lambda: browser.refreshes)
    tab.page.wait_for_timeout(1500)  # in this time it would be loaded several times
    assert browser.refreshes == 1
