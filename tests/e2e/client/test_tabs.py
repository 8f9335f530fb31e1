"""Signing in and out reaches every tab, and says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.browser import REFRESH_COOKIE
from tests.support.peers.caller import Client

from ...support.chromium.shop_opening import Shop
from ...support.chromium.tabs import Tab, TabbedBrowser

BY_SCRIPT = pytest.param(lambda tab: tab.run("ratchet.signOut()"), id="by script")
BY_FORM = pytest.param(lambda tab: tab.open("forms").sign_out_by_form(), id="by a form without script")
SIGNED_OUT = {"type": "signedout", "previous": "ada", "reason": "signed_out"}
AN_HOUR = 3600
SHOW_COOKIES_LATE = """() => {
  const now = Object.getOwnPropertyDescriptor(Document.prototype, "cookie").get.bind(document);
  let before = now();
  Object.defineProperty(document, "cookie", { get: () => before ?? now() });
  const ask = cookieStore.get.bind(cookieStore);
  cookieStore.get = name => ask(name).finally(() => { before = undefined; });
}"""
Act = Callable[[Tab], object]


@pytest.mark.parametrize(
    "sign_in",
    [
        pytest.param(lambda tab: tab.sign_in(), id="by script"),
        pytest.param(lambda tab: tab.open("forms").sign_in_by_form("ada"), id="by a form without script"),
    ],
)
def test_sign_in_reaches_every_tab(browser: TabbedBrowser, sign_in: Act) -> None:
    """When somebody signs in, every other tab is told, one that nobody looks at too."""
    tabs = [browser.tab() for _ in range(3)]
    browser.tab_in_front_of(tabs[1])
    sign_in(tabs[0])
    for tab in tabs[1:]:
        tab.until("ratchet.user")
        assert tab.told == [{"type": "signedin", "user": "ada"}]


def test_sign_in_that_document_cookie_shows_late_reaches_a_tab(browser: TabbedBrowser) -> None:
    """A tab is told of a sign-in too where Chromium tells of the new cookie before a script can read it."""
    hers, his = browser.tab(), browser.tab("forms")
    hers.run(SHOW_COOKIES_LATE)
    his.sign_in_by_form("ada")
    hers.until("ratchet.user")
    assert hers.told == [{"type": "signedin", "user": "ada"}]


@pytest.mark.parametrize("sign_out", [BY_SCRIPT, BY_FORM])
def test_sign_out_reaches_every_tab(browser: TabbedBrowser, sign_out: Act) -> None:
    """When somebody signs out, every other tab is told, one that nobody looks at too."""
    tabs = browser.signed_in(3)
    browser.tab_in_front_of(tabs[1])
    sign_out(tabs[0])
    for tab in tabs[1:]:
        tab.until("ratchet.user === null")
        assert tab.told[-1] == SIGNED_OUT
        assert tab.run("ratchet.token()") is None


def test_sign_out_reaches_a_page_that_comes_back(browser: TabbedBrowser) -> None:
    """A page that the back button brings back as it was knows that its user signed out meanwhile."""
    (tab,) = browser.signed_in()
    tab.open("forms").sign_out_by_form()
    tab.until("location.pathname === '/plain'")
    tab.go(-2, "tab")
    tab.until("ratchet.user === null")


def test_sign_out_of_others_concerns_no_tab_here(browser: TabbedBrowser) -> None:
    """Signing out elsewhere leaves this browser signed in."""
    (tab,) = browser.signed_in()
    tab.run("ratchet.signOut('others')")
    assert tab.user == "ada"
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 200


def lose_cookie(browser: TabbedBrowser, _shop: Shop) -> None:
    """Somebody clears only the refresh cookie."""
    browser.context.clear_cookies(name="refreshToken")


def end_sessions(_browser: TabbedBrowser, shop: Shop) -> None:
    """An administrator ends the sessions."""
    shop.execute("UPDATE customers SET sessions = '[]', sessions_version = sessions_version + 1")


def reuse(browser: TabbedBrowser, shop: Shop) -> None:
    """An old copy of the refresh cookie comes back."""
    old = browser.cookie("refreshToken") or ""
    tab = browser.tab()
    for _ in range(2):
        tab.turn_clocks(wall=AN_HOUR)
        tab.run("ratchet.token()")
        shop.turn_clock(AN_HOUR)
    tab.page.close()
    browser.context.add_cookies(
        [{"name": "refreshToken", "value": old, "domain": "127.0.0.1", "path": "/auth", "secure": True}]
    )


def theft(browser: TabbedBrowser, shop: Shop) -> None:
    """A thief uses a copy of the jar, the owner comes back, and the thief uses what has become an orphan."""
    thief = Client(browser.origin)
    thief.cookies[REFRESH_COOKIE] = browser.cookie("refreshToken") or ""
    assert thief.refresh().status == 200
    shop.turn_clock(AN_HOUR)
    tab = browser.tab()
    tab.turn_clocks(wall=AN_HOUR)
    tab.run("ratchet.token()")
    tab.page.close()
    shop.turn_clock(AN_HOUR)
    assert thief.refresh().verdict == (401, "refresh_token_reused")


def block(_browser: TabbedBrowser, shop: Shop) -> None:
    """An administrator blocks the account."""
    shop.execute("UPDATE customers SET blocked = true WHERE username = 'ada'")


def unconfirm(_browser: TabbedBrowser, shop: Shop) -> None:
    """The address of the account is in doubt."""
    shop.execute("UPDATE customers SET confirmed = false WHERE username = 'ada'")


@pytest.fixture
def _amnesty(shop: Shop) -> object:
    yield
    shop.execute("UPDATE customers SET blocked = false, confirmed = true")


@pytest.mark.usefixtures("_amnesty")
@pytest.mark.parametrize(
    ("misfortune", "reason"),
    [
        (lose_cookie, "refresh_token_missing"),
        (end_sessions, "refresh_token_invalid"),
        (reuse, "refresh_token_reused"),
        (theft, "refresh_token_reused"),
        (block, "account_blocked"),
        (unconfirm, "account_unconfirmed"),
    ],
)
def test_end_of_a_session_is_told_with_its_reason(
    browser: TabbedBrowser, shop: Shop, misfortune: Callable[[TabbedBrowser, Shop], None], reason: str
) -> None:
    """When the server ends the session, every tab is told why, and nobody asks again."""
    tabs = browser.signed_in(2)
    misfortune(browser, shop)
    refreshes = browser.refreshes
    for tab in tabs:
        tab.turn_clocks(wall=10 * AN_HOUR)
    assert tabs[0].run("ratchet.token()") is None
    for tab in tabs:
        tab.until("ratchet.user === null")
        assert tab.told[-1] == {"type": "signedout", "previous": "ada", "reason": reason}
    assert tabs[0].run("ratchet.fetch('/api/prices').then(response => response.status)") == 200
    assert browser.refreshes == refreshes + 1
