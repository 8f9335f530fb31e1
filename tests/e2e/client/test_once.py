"""One refresh per browser, however many tabs want one at once, by a lock that is never held for ever."""

from __future__ import annotations

from ...support.chromium.shop_opening import Shop
from ...support.chromium.tabs import REFRESH, TabbedBrowser, eventually
from ...support.chromium.wire import wire_to

ASK_FOUR_TIMES = """() => {
  const orders = () => ratchet.fetch("/api/orders").then((response) => response.status);
  self.answers = Promise.all(Array.from({ length: 4 }, orders));
}"""
PAST_ACCESS_TTL = 660
AN_HOUR = 3600
TRY_THE_LOCK = """type => ratchet.addEventListener(type, () => {
  self.free = [...self.free ?? [], navigator.locks.request("ratchet /auth", { ifAvailable: true }, Boolean)];
})"""
KEEP_THE_LOCK = "void navigator.locks.request('ratchet /auth', () => new Promise(() => {}))"
START_ORDERS = "void (self.orders = ratchet.fetch('/api/orders').then(response => response.status))"


def test_five_tabs_wake_at_once(browser: TabbedBrowser) -> None:
    """Five tabs that wake at once, their token run out, make one refresh and stay signed in."""
    tabs = browser.signed_in(5)
    browser.lose_network()
    for tab in tabs:
        tab.turn_clocks(wall=AN_HOUR)
    browser.find_network()
    for tab in tabs:
        tab.until("names().includes('renewed')")
    assert browser.refreshes == 1
    assert {tab.user for tab in tabs} == {"ada"}


def test_twenty_refused_requests_in_five_tabs(browser: TabbedBrowser, shop: Shop) -> None:
    """Twenty requests that are refused at once in five tabs make one refresh and all succeed."""
    tabs = browser.signed_in(5)
    shop.turn_clock(PAST_ACCESS_TTL)
    for tab in tabs:
        tab.run(ASK_FOUR_TIMES)
    assert [tab.run("answers") for tab in tabs] == [[200] * 4] * 5
    assert browser.refreshes == 1
    assert len(browser.wire.asked("GET /api/orders")) > 20


def test_new_tab_takes_the_token_of_a_sibling(browser: TabbedBrowser) -> None:
    """A tab that opens beside others asks them for the token and the server for nothing."""
    browser.signed_in()
    new_tab = browser.tab()
    new_tab.until("ratchet.user?.username === 'ada'")
    assert new_tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 200
    assert browser.refreshes == 0


def test_late_refusal_of_an_old_token(browser: TabbedBrowser, shop: Shop) -> None:
    """A 401 that arrives when the token has changed meanwhile repeats the request and refreshes nothing."""
    (tab,) = browser.signed_in()
    shop.turn_clock(PAST_ACCESS_TTL)
    with browser.wire.holding("POST /api/orders"):
        tab.run("void (self.late = ratchet.fetch('/api/orders', { method: 'POST', body: 'tea' }))")
        eventually(lambda: browser.wire.asked("POST /api/orders"))
        assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 200
    assert tab.run("late.then(response => response.status)") == 200
    assert len(browser.wire.asked("POST /api/orders")) == 2
    assert browser.refreshes == 1


def test_listeners_run_outside_the_lock(browser: TabbedBrowser) -> None:
    """When a listener is told, the lock is free: whatever it does, it keeps no tab waiting."""
    tab = browser.tab()
    for event in ("signedin", "renewed", "signedout"):
        tab.run(TRY_THE_LOCK, event)
    tab.sign_in()
    tab.turn_clocks(wall=AN_HOUR)
    tab.run("ratchet.token()")
    tab.run("ratchet.signOut()")
    assert tab.run("Promise.all(free)") == [True, True, True]


def test_listener_may_use_the_client(browser: TabbedBrowser) -> None:
    """A listener that signs out waits for nobody but the server."""
    tab = browser.tab()
    tab.run("ratchet.addEventListener('signedin', () => void (self.out = ratchet.signOut()))")
    tab.sign_in()
    tab.run("out")
    assert tab.user is None


def test_nobody_waits_for_ever(browser: TabbedBrowser, shop: Shop) -> None:
    """A lock that never opens and an answer that never comes cost ten seconds, not the session."""
    stuck, waiting = browser.signed_in(2)
    stuck.run(KEEP_THE_LOCK)
    with wire_to(shop.port) as silent:
        other = TabbedBrowser(browser.context, silent)  # another origin, so another lock
        asking = other.tab()
        asking.until("ratchet.user")
        with browser.wire.holding(REFRESH), silent.holding(REFRESH):
            for tab in (waiting, asking):
                tab.turn_clocks(wall=AN_HOUR)
                tab.run(START_ORDERS)
            eventually(lambda: browser.refreshes == 1)  # without the lock
            eventually(lambda: other.refreshes == 3)  # when it was loaded, in vain, and once more
        assert [tab.run("orders") for tab in (waiting, asking)] == [200, 200]
