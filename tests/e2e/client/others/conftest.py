"""Shops whose access tokens hold for seconds, and a page with somebody else's client in front of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from ....support.chromium.shop_opening import Shop
from ....support.chromium.tabs import REFRESH, Tab, TabbedBrowser, eventually
from ....support.chromium.wire import Wire, wire_to
from ....support.clients.quick import quick_shop
from ....support.clients.workshop import IN_PAGES, bundled, set_up, snippet

REFUSED = "fetch('/api/orders').then(reply => reply.status === 401)"
PATIENTLY = """times => Promise.all(Array.from({ length: times }, () => Promise.race([
  client.orders().catch(() => "refused"),
  new Promise(resolve => setTimeout(resolve, 10_000, "no answer")),
])))"""


class ClientPage:
    """A page whose script has put somebody else's client into ``self.client``."""

    def __init__(self, tab: Tab, wire: Wire) -> None:
        self.tab, self._wire = tab, wire

    def sign_in(self, fields: dict[str, str]) -> None:
        """Sign in by the client."""
        self.tab.run("fields => client.signIn(fields)", fields)

    def orders(self, times: int = 1) -> list[str]:
        """Whose orders the client gets if it asks so many times at once; ``refused`` where it rejects."""
        asked: list[str] = self.tab.run(PATIENTLY, times)
        return asked

    def until_expired(self) -> None:
        """Wait until the access token in the cookie is refused."""
        eventually(lambda: self.tab.run(REFUSED))

    @property
    def stored(self) -> Any:
        """What Aurelia's plugin keeps in the storage of the browser: the reply that had the tokens."""
        return self.tab.run("JSON.parse(localStorage.getItem('aurelia_authentication'))")

    @property
    def refreshes(self) -> int:
        """How many refreshes the shop was asked for."""
        return len(self._wire.asked(REFRESH))


OpenPage = Callable[[Shop, str, str], ClientPage]


@pytest.fixture
def open_page(context: BrowserContext, tmp_path: Path) -> Iterator[OpenPage]:
    """Open a page of a shop, with a driver and a snippet of docs/clients.md in it."""
    with ExitStack() as wires:

        def open_(shop: Shop, driver: str, role: str) -> ClientPage:
            script = bundled(set_up(tmp_path, IN_PAGES, driver, snippet(role)))
            wire = wires.enter_context(wire_to(shop.port))
            tab = TabbedBrowser(context, wire).tab("plain")
            tab.page.add_script_tag(type="module", content=script)
            tab.until("self.client !== undefined")
            return ClientPage(tab, wire)

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
