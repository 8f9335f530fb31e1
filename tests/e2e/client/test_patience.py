"""What the network and the server do wrong signs nobody out."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.support.browser import PASSWORD
from tests.support.server.tcp_proxy import Fate

from ...support.chromium.shop_opening import Shop
from ...support.chromium.tabs import REFRESH, TabbedBrowser, eventually

AN_HOUR = 3600
PAGE = "<!doctype html><title>Welcome to the hotel network</title>"
ORDERS = "ratchet.fetch('/api/orders').then(response => response.status)"
START_ORDERS = f"void (self.orders = {ORDERS}.catch(fault => fault))"


@pytest.mark.parametrize("fate", [Fate.CUT, Fate.CUT_BEHIND, Fate.LOSE_ANSWER])
def test_network_that_fails(browser: TabbedBrowser, fate: Fate) -> None:
    """A refresh that is lost on the way, there or back, is made again until it succeeds."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with browser.wire.losing(REFRESH, fate):
        tab.run(START_ORDERS)
        eventually(lambda: browser.refreshes > 2)
    assert tab.run("orders") == 200
    assert tab.told[-1] == {"type": "renewed", "user": "ada", "previous": "ada"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(503, '{"error": "unavailable"}', id="the server is busy"),
        pytest.param(429, '{"error": "too_many_attempts"}', id="the server wants fewer requests"),
        pytest.param(500, '{"error": "server_error"}', id="the server is broken"),
        pytest.param(502, "Bad gateway", id="a proxy finds no server behind it"),
        pytest.param(200, PAGE, id="a hotel answers with a page of its own"),
    ],
)
def test_server_that_cannot_answer(browser: TabbedBrowser, shop: Shop, status: int, body: str) -> None:
    """A refresh that is not answered properly is made again until it succeeds."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with shop.refusing(status, body):
        tab.run(START_ORDERS)
        eventually(lambda: browser.refreshes > 1)
    assert tab.run("orders") == 200
    assert tab.told[-1] == {"type": "renewed", "user": "ada", "previous": "ada"}


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(browser: TabbedBrowser, shop: Shop, status: int) -> None:
    """A server that asks for a second of rest gets it."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with shop.refusing(status, Retry_After="1"):
        tab.run(START_ORDERS)
        eventually(lambda: shop.refusals == 1)
    assert tab.run("orders") == 200
    first, second = browser.wire.asked(REFRESH)
    assert second.at - first.at >= 1


def test_pauses_grow(browser: TabbedBrowser, shop: Shop) -> None:
    """Without such a word every pause is about twice as long as the one before."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with shop.refusing(503):
        tab.run(START_ORDERS)
        eventually(lambda: browser.refreshes == 4)
    times = [asked.at for asked in browser.wire.asked(REFRESH)]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(pause >= 0.125 * 2**n for n, pause in enumerate(pauses)), pauses


def test_long_retry_after_is_an_error_for_the_caller(browser: TabbedBrowser, shop: Shop) -> None:
    """A caller does not wait a minute: it hears why at once, and nobody is signed out."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with shop.refusing(503, '{"error": "unavailable"}', Retry_After="60"):
        for _ in range(2):
            tab.run(START_ORDERS)
            assert tab.run("orders.then(({ code, retryAfter }) => [code, retryAfter])") == ["unavailable", 60]
    assert browser.refreshes == 1
    assert tab.user == "ada"


def test_refused_request_is_not_made_again(browser: TabbedBrowser, shop: Shop) -> None:
    """A refusal that no waiting mends is an error for the caller, and nobody is signed out."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with shop.refusing(403, '{"error": "cross_origin"}'):
        tab.run(START_ORDERS)
        assert tab.run("orders.then(({ code, status }) => [code, status])") == ["cross_origin", 403]
    assert tab.user == "ada"


def test_network_that_comes_back_ends_the_pause(browser: TabbedBrowser, shop: Shop) -> None:
    """A tab that would wait for seconds tries again as soon as it hears that the network is back."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    tab.run("Math.random = () => 0.999")  # the longest pauses that there can be
    with shop.refusing(503):
        tab.run(START_ORDERS)
        eventually(lambda: shop.refusals == 5)
    hear = "dispatchEvent(new Event('online'))"  # again, should the fifth refusal not have arrived yet
    eventually(lambda: tab.run(hear) and browser.refreshes > 5)
    assert tab.run("orders") == 200
    *_, last, successful = browser.wire.asked(REFRESH)
    assert successful.at - last.at < 3.9  # the fifth pause is four seconds long


@pytest.mark.parametrize(
    ("request_name", "act"),
    [
        pytest.param(REFRESH, "ratchet.token()", id="refresh"),
        pytest.param("POST /auth/login", "ratchet.signIn({ identifier: 'ada', password })", id="sign-in"),
        pytest.param("POST /auth/logout", "ratchet.signOut()", id="sign-out"),
    ],
)
def test_closing_the_page_loses_no_cookie(
    browser: TabbedBrowser, shop: Shop, request_name: str, act: str
) -> None:
    """What was asked before the page was closed is answered, and the cookies in the answer arrive."""
    (tab,) = browser.signed_in()
    shop.turn_clock(AN_HOUR)
    tab.turn_clocks(wall=AN_HOUR)
    before = browser.cookie("refreshToken")
    asked = len(browser.wire.asked(request_name))
    with browser.wire.holding(request_name):
        tab.run(f"password => void {act}", PASSWORD)
        eventually(lambda: len(browser.wire.asked(request_name)) > asked)
        tab.page.close()
        new_tab = browser.tab("plain")  # by now the closed page is really gone
    eventually(lambda: browser.cookie("refreshToken") != before)
    user = new_tab.open().run("ratchet.ready.then(user => user?.username)")
    assert user == (None if request_name == "POST /auth/logout" else "ada")


def test_caller_that_gives_up_aborts_nothing(browser: TabbedBrowser) -> None:
    """A caller may give up its request; the refresh that it waited for goes on."""
    (tab,) = browser.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with browser.wire.holding(REFRESH):
        tab.run("self.giveUp = new AbortController()")
        tab.run("void (self.end = ratchet.fetch('/api/orders', giveUp).catch(({ name }) => name))")
        eventually(lambda: browser.refreshes)
        tab.run("giveUp.abort()")
        assert tab.run("end") == "AbortError"
        assert tab.told[-1]["type"] == "signedin"
    tab.until("names().includes('renewed')")
    assert browser.refreshes == 1
    assert browser.wire.asked("GET /api/orders") == []
