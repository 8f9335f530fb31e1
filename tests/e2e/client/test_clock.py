"""When a token is refreshed: ahead of its end, by a clock that survives sleep and a clock that is set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.support.browser import PASSWORD

from ...support.chromium.shop_opening import Shop, open_shop
from ...support.chromium.tabs import TabbedBrowser, eventually
from ...support.chromium.wire import wire_to

AN_HOUR = 3600
ACCESS_TTL = 600


@pytest.fixture(scope="module")
def hasty_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose access tokens last two seconds."""
    folder = tmp_path_factory.mktemp("hasty")
    with open_shop(folder, FLASK_RATCHET_ACCESS_TTL="2s", FLASK_RATCHET_LEEWAY="1s") as opened:
        yield opened


@pytest.fixture
def hasty(context: BrowserContext, hasty_shop: Shop) -> Iterator[TabbedBrowser]:
    """A browser in front of it."""
    with wire_to(hasty_shop.port) as wire:
        yield TabbedBrowser(context, wire)


@pytest.mark.parametrize(
    ("wall", "monotonic", "refreshes"),
    [
        pytest.param(AN_HOUR, 0, 1, id="the computer slept and the monotonic clock stood still"),
        pytest.param(-AN_HOUR, AN_HOUR, 1, id="the clock on the wall was set back while time went on"),
        pytest.param(-AN_HOUR, 0, 0, id="the clock on the wall was set back just now"),
    ],
)
def test_age_is_the_larger_of_two_clocks(
    browser: TabbedBrowser, wall: float, monotonic: float, refreshes: int
) -> None:
    """A token is as old as the older of the two clocks says."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=wall, monotonic=monotonic)
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 200
    assert browser.refreshes == refreshes


def test_age_begins_before_the_request_was_sent(browser: TabbedBrowser) -> None:
    """A token whose reply was an hour on its way is an hour old when it arrives."""
    tab = browser.tab()
    with browser.wire.holding("POST /auth/login"):
        tab.run("password => void ratchet.signIn({ identifier: 'ada', password })", PASSWORD)
        eventually(lambda: browser.wire.asked("POST /auth/login"))
        tab.turn_clocks(wall=AN_HOUR)
    tab.until("names().includes('renewed')")
    assert browser.refreshes == 1


@pytest.mark.parametrize(
    ("share", "refreshes"),
    [
        pytest.param(0.45, 0, id="a token that has lived less than half of its life is not refreshed"),
        pytest.param(0.9, 1, id="one that has lived nine tenths is refreshed, though it is still good"),
    ],
)
def test_visible_tab_refreshes_ahead_of_time(browser: TabbedBrowser, share: float, refreshes: int) -> None:
    """A visible tab that looks at the clock refreshes ahead of the end, and not too early."""
    (tab,) = browser.signed_in()
    browser.lose_network()
    tab.turn_clocks(wall=share * ACCESS_TTL)
    browser.find_network(tab)
    assert browser.refreshes == refreshes


def test_visible_tab_looks_at_the_clock_by_itself(hasty: TabbedBrowser) -> None:
    """A visible tab refreshes again and again, and nobody has to ask for it."""
    (tab,) = hasty.signed_in()
    tab.until("names().filter(name => name === 'renewed').length > 1")


def test_hidden_tab_refreshes_when_it_is_shown(browser: TabbedBrowser) -> None:
    """A hidden tab lets its token run out, and refreshes as soon as somebody looks."""
    (tab,) = browser.signed_in()
    browser.tab_in_front_of(tab)
    browser.lose_network()
    tab.turn_clocks(wall=AN_HOUR)
    browser.find_network(tab)
    assert browser.refreshes == 0
    tab.show()
    tab.until("names().includes('renewed')")


def test_hidden_tab_refreshes_for_a_request(browser: TabbedBrowser) -> None:
    """A hidden tab that has something to ask refreshes for that."""
    (tab,) = browser.signed_in()
    browser.tab_in_front_of(tab)
    tab.turn_clocks(wall=AN_HOUR)
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 200
    assert browser.refreshes == 1


@pytest.mark.parametrize(
    "happening",
    [
        pytest.param("document.dispatchEvent(new Event('visibilitychange'))", id="it is shown"),
        pytest.param("dispatchEvent(new PageTransitionEvent('pageshow'))", id="it comes back"),
        pytest.param("dispatchEvent(new Event('online'))", id="the network comes back"),
    ],
)
def test_each_happening_alone_is_enough(browser: TabbedBrowser, happening: str) -> None:
    """A page looks at the clock when it hears that, also in a browser that tells of nothing else."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    tab.run(f"void {happening}")
    tab.until("names().includes('renewed')")


def test_page_that_comes_back_refreshes(browser: TabbedBrowser) -> None:
    """A page that the back button brings back as it was looks at the clock at once."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    tab.open("plain").go(-1, "tab")
    tab.until("names().includes('renewed')")
    assert tab.told[0]["type"] == "signedin"
    assert browser.refreshes == 1
