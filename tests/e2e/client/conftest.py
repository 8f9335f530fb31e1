"""A shop, a Chromium, and a fresh wire between the two for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from ...support.chromium.chromium import Targets, chromium
from ...support.chromium.shop_opening import Shop, open_shop
from ...support.chromium.tabs import TabbedBrowser, eventually
from ...support.chromium.wire import Wire, wire_to


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, with the default settings."""
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture(scope="package")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A running Chromium."""
    with chromium(tmp_path_factory.mktemp("chromium")) as context:
        yield context


@pytest.fixture
def context(window: BrowserContext) -> Iterator[BrowserContext]:
    """A Chromium without cookies, and with one empty tab; the tabs of the test are closed after it."""
    targets = Targets(window)
    before = targets.tabs
    yield window
    window.set_offline(False)
    eventually(lambda: targets.close_all_but(before))
    window.clear_cookies()


@pytest.fixture
def wire(shop: Shop) -> Iterator[Wire]:
    """A wire to the shop, at a port of its own: for the browser, another origin in every test."""
    with wire_to(shop.port) as wire:
        yield wire


@pytest.fixture
def browser(context: BrowserContext, wire: Wire) -> TabbedBrowser:
    """A browser in front of the shop, nobody signed in."""
    return TabbedBrowser(context, wire)
