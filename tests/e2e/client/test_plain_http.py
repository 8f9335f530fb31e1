"""Plain http on another host name than localhost: no Web Locks, no Cookie Store, and still signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from ...support.chromium.shop_opening import Shop, open_shop
from ...support.chromium.tabs import TabbedBrowser
from ...support.chromium.wire import wire_to

AN_HOUR = 3600


@pytest.fixture(scope="module")
def plain_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that sends its cookies over plain http."""
    with open_shop(tmp_path_factory.mktemp("plain"), FLASK_RATCHET_COOKIE_SECURE="false") as opened:
        yield opened


@pytest.fixture
def plain(context: BrowserContext, plain_shop: Shop) -> Iterator[TabbedBrowser]:
    """A browser in front of it, at a host name that is not this computer's own."""
    with wire_to(plain_shop.port) as wire:
        yield TabbedBrowser(context, wire, "shop.test")


def test_there_are_no_locks_to_use(plain: TabbedBrowser) -> None:
    """The browser really has neither Web Locks nor a Cookie Store here."""
    assert plain.tab().run("[isSecureContext, navigator.locks, self.cookieStore]") == [False, None, None]


def test_tabs_stay_signed_in(plain: TabbedBrowser) -> None:
    """Tabs that wake at once all stay signed in, each by a refresh of its own at most."""
    tabs = plain.signed_in(3)
    plain.lose_network()
    for tab in tabs:
        tab.turn_clocks(wall=AN_HOUR)
    plain.find_network()
    for tab in tabs:
        tab.until("names().includes('renewed')")
    assert {tab.user for tab in tabs} == {"ada"}
    assert 1 <= plain.refreshes <= 3


def test_requests_of_a_tab_still_share_a_refresh(plain: TabbedBrowser, plain_shop: Shop) -> None:
    """Requests that one tab makes at once make one refresh, with or without Web Locks."""
    (tab,) = plain.signed_in()
    plain_shop.turn_clock(AN_HOUR)
    script = "() => Promise.all([1, 2, 3, 4].map(() => ratchet.fetch('/api/orders').then(({ ok }) => ok)))"
    assert tab.run(script) == [True] * 4
    assert plain.refreshes == 1


def test_sign_out_by_form_is_noticed_when_a_tab_is_shown(plain: TabbedBrowser) -> None:
    """A tab looks at the cookie again when it comes to the front."""
    hidden, other = plain.signed_in(2)
    plain.tab_in_front_of(hidden)
    other.open("forms").sign_out_by_form()
    other.until("location.pathname === '/plain'")
    assert hidden.user == "ada"
    hidden.show()
    hidden.until("ratchet.user === null")
    assert hidden.told[-1] == {"type": "signedout", "previous": "ada", "reason": "signed_out"}
