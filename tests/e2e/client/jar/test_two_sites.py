"""Two sites on one host, at two ports: browsers send the cookies of both to each of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.support.chromium.shop_opening import Shop, open_shop
from tests.support.chromium.tabs import TabbedBrowser, eventually
from tests.support.chromium.wire import wire_to

MAX_REFRESHES = 5
"""Refreshes of all tabs in a minute."""

TOO_MANY = "too many refreshes"
CHANGE_AND_ASK = f"""() => {{
  document.cookie = `signedIn=1.${{Math.random()}}; Path=/; Secure`;
  return ratchet.token().then(() => false, ({{ message }}) => message === "{TOO_MANY}");
}}"""

CHANGES = """async mark => {
  for (let i = 0; i < 40; i++) {
    document.cookie = `signedIn=${mark}${i}; Path=/; Secure`;
    await new Promise(done => setTimeout(done, 100));
  }
}"""


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Another shop on the same host, with a cookie name of its own."""
    folder = tmp_path_factory.mktemp("neighbour")
    with open_shop(
        folder,
        FLASK_RATCHET_COOKIE_NAME="market",
        FLASK_SECRET_KEY="the secret of the other shop, forty characters",
    ) as opened:
        yield opened


def test_names_of_their_own_keep_them_apart(
    browser: TabbedBrowser, neighbour: Shop, context: BrowserContext
) -> None:
    """Ada is signed in here and Bob there, each by the client, and neither site refreshes for the other."""
    with wire_to(neighbour.port) as wire:
        market = TabbedBrowser(context, wire)
        (here,) = browser.signed_in()
        (there,) = market.signed_in(identifier="bob")
        here.show()
        time.sleep(2)
        for tab, name in ((here, "ada"), (there, "bob")):
            who = tab.run("ratchet.fetch('/api/orders').then(response => response.json())")["customer"]
            assert (tab.user, who) == (name, name)
        assert (browser.refreshes, market.refreshes) == (0, 0)
        names = ("market", "marketAccess", "marketSignedIn")
        assert all(browser.cookie(name) for name in names)


def test_mark_that_changes_without_end_is_braked(browser: TabbedBrowser) -> None:
    """However often somebody else changes the mark, a tab refreshes five times a minute at most."""
    (tab,) = browser.signed_in()
    tab.run(CHANGES, "1.")
    time.sleep(1)
    assert 1 <= browser.refreshes <= MAX_REFRESHES
    eventually(lambda: tab.run("ratchet.token().catch(fault => fault.message)") == TOO_MANY)


def test_refused_refreshes_are_braked(browser: TabbedBrowser) -> None:
    """The cookies are another site's and the mark changes: two tabs ask five times a minute at most."""
    tab, other = browser.signed_in(2)
    foreign = "made-by-somebody-else"
    browser.context.add_cookies(
        [{"name": "refreshToken", "value": foreign, "domain": "127.0.0.1", "path": "/auth", "secure": True}]
    )
    tab.run(CHANGES, "1.")
    for one in (tab, other):
        one.until(CHANGE_AND_ASK)
    time.sleep(1)
    assert 1 <= browser.refreshes <= MAX_REFRESHES


def test_all_tabs_have_one_brake(browser: TabbedBrowser) -> None:
    """However many tabs there are, they refresh five times a minute together."""
    tabs = browser.signed_in(3)
    for number, tab in enumerate(tabs):
        tab.run(CHANGES, f"{number}.")
    time.sleep(1)
    assert 1 <= browser.refreshes <= MAX_REFRESHES


def test_sign_in_releases_the_brake(browser: TabbedBrowser) -> None:
    """A session of its own lets the tab refresh again, within the same minute."""
    (tab,) = browser.signed_in()
    tab.run(CHANGES, "1.")
    eventually(lambda: tab.run("ratchet.token().catch(fault => fault.message)") == TOO_MANY)
    before = browser.refreshes
    tab.sign_in()
    tab.run("document.cookie = 'signedIn=1.other; Path=/; Secure'")
    eventually(lambda: browser.refreshes > before)
