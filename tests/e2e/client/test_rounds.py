"""Whatever a clumsy person and a bad network do to a page, it ends signed in."""

from __future__ import annotations

import pytest

from tests.campaigns.counts import count
from tests.support.server.tcp_proxy import Fate

from ...support.chromium.shop_opening import Shop
from ...support.chromium.tabs import REFRESH, Tab, TabbedBrowser, eventually

PAST_LEEWAY = 31


@pytest.mark.parametrize(
    ("fate", "rounds"),
    [
        pytest.param(Fate.CUT, count(5, 17), id="the request is lost"),
        pytest.param(Fate.CUT_BEHIND, count(5, 17), id="the connection dies while the server works"),
        pytest.param(Fate.LOSE_ANSWER, count(5, 16), id="the answer is lost"),
    ],
)
def test_clumsy_rounds(browser: TabbedBrowser, shop: Shop, fate: Fate, rounds: int) -> None:
    """Killing the connection in mid-refresh, double reload, back and forward: signed in, every time."""
    tab = browser.tab("plain").open()
    tab.sign_in()
    for _ in range(rounds):
        shop.turn_clock(PAST_LEEWAY)  # every round makes a new refresh token
        before = browser.cookie("refreshToken")
        fumble(browser, tab, fate)
        tab.until("ratchet.user?.username === 'ada'")
        assert browser.cookie("refreshToken") != before
    assert [event["type"] for event in tab.told] == ["signedin"]


def fumble(browser: TabbedBrowser, tab: Tab, fate: Fate) -> None:
    """Reload while refreshes are lost, twice more while they are not, then go back and forward."""
    refreshes = browser.refreshes
    with browser.wire.losing(REFRESH, fate):
        tab.reload()
        eventually(lambda: browser.refreshes > refreshes)
    tab.reload()
    tab.reload()
    tab.until_loaded()
    tab.go(-1, "plain")
    tab.go(1, "tab")
