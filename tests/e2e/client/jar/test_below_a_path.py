"""A shop below a path: the client asks its own server, not the product that is beside it on the host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.support.chromium.shop_opening import Shop, open_shop
from tests.support.chromium.tabs import TabbedBrowser
from tests.support.chromium.wire import Wire, wire_to

AN_HOUR = 3600
LOCKS = "navigator.locks.query().then(({ held }) => held.map(({ name }) => name))"


@pytest.fixture(scope="module")
def shop_below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose server answers below /shop alone."""
    with open_shop(tmp_path_factory.mktemp("below"), SCRIPT_NAME="/shop") as opened:
        yield opened


@pytest.fixture
def wire(shop_below: Shop) -> Iterator[Wire]:
    """A wire to that shop."""
    with wire_to(shop_below.port) as wire:
        yield wire


@pytest.fixture
def below(context: BrowserContext, wire: Wire) -> TabbedBrowser:
    """A browser in front of that shop."""
    browser = TabbedBrowser(context, wire)
    browser.origin += "/shop"
    return browser


def test_client_asks_below_the_path(below: TabbedBrowser, wire: Wire) -> None:
    """Signing in, refreshing and signing out are asked beside the module."""
    tab = below.tab()
    assert tab.sign_in() == "ada"
    tab.turn_clocks(wall=AN_HOUR)
    assert tab.run("ratchet.token()")
    tab.run("ratchet.signOut()")
    for name in ("login", "refresh", "logout"):
        assert (wire.times(f"/shop/auth/{name}"), wire.times(f"/auth/{name}")) == (1, 0)


def test_lock_is_not_that_of_the_product_beside(below: TabbedBrowser, wire: Wire) -> None:
    """A client at /auth of the same host has a lock of its own, and a channel by the same name."""
    (tab,) = below.signed_in()
    tab.turn_clocks(wall=AN_HOUR)
    with wire.holding("POST /shop/auth/refresh"):
        tab.run("void ratchet.token()")
        tab.until(f"{LOCKS}.then(names => names.includes('ratchet /shop/auth'))")
        assert tab.run(LOCKS) == ["ratchet /shop/auth"]
