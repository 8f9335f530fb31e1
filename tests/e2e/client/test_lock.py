"""The lock that all tabs share: never held for ever, and never while a listener runs."""

from __future__ import annotations

from ...support.chromium.shop_opening import Shop
from ...support.chromium.tabs import REFRESH, TabbedBrowser, eventually
from ...support.chromium.wire import wire_to

AN_HOUR = 3600
TRY_THE_LOCK = """type => ratchet.addEventListener(type, () => {
  self.free = [...self.free ?? [], navigator.locks.request("ratchet /auth", { ifAvailable: true }, Boolean)];
})"""
KEEP_THE_LOCK = "void navigator.locks.request('ratchet /auth', () => new Promise(() => {}))"
START_ORDERS = "void (self.orders = ratchet.fetch('/api/orders').then(response => response.status))"


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
