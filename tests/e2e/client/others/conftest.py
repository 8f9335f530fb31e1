"""Shops whose access tokens hold for seconds, and a page with somebody else's client in front of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from ....support.chromium.shop_opening import Shop
from ....support.chromium.tabs import TabbedBrowser
from ....support.chromium.wire import wire_to
from ....support.clients.page import ClientPage, OpenPage
from ....support.clients.quick import quick_shop
from ....support.clients.workshop import IN_PAGES, bundled, set_up, snippet


@pytest.fixture
def open_page(context: BrowserContext, tmp_path: Path) -> Iterator[OpenPage]:
    """Open a page of a shop, with a driver and a snippet of docs/clients.md in it."""
    with ExitStack() as wires:

        def open_(shop: Shop, driver: str, role: str) -> ClientPage:
            script = bundled(set_up(tmp_path, IN_PAGES, driver, snippet(role)))
            wire = wires.enter_context(wire_to(shop.port))
            return ClientPage(TabbedBrowser(context, wire).tab("plain"), wire, script)

        yield open_


@pytest.fixture(scope="package")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with short access tokens."""
    with quick_shop(tmp_path_factory.mktemp("quick")) as shop:
        yield shop


@pytest.fixture(scope="package")
def by_body(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The same, with refresh tokens in the body where nothing else is asked for."""
    with quick_shop(tmp_path_factory.mktemp("body"), FLASK_RATCHET_DEFAULT_DELIVERY="body") as shop:
        yield shop
