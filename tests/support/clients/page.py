"""A page with somebody else's client in it, as the tests see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.chromium.shop_opening import Shop
from tests.support.chromium.tabs import REFRESH, Tab, TabbedBrowser, eventually
from tests.support.chromium.wire import Wire

REFUSED = "fetch('/api/orders').then(reply => reply.status === 401)"
PATIENTLY = """times => Promise.all(Array.from({ length: times }, () => Promise.race([
  client.orders().catch(() => "refused"),
  new Promise(resolve => setTimeout(resolve, 10_000, "no answer")),
])))"""


class ClientPage:
    """A page whose script has put somebody else's client into ``self.client``."""

    def __init__(self, tab: Tab, wire: Wire, script: str) -> None:
        self.tab, self.wire, self._script = tab, wire, script
        tab.page.add_script_tag(type="module", content=script)
        tab.until("self.client !== undefined")

    def another(self) -> ClientPage:
        """The same page in another window of the browser."""
        browser = TabbedBrowser(self.tab.page.context, self.wire)
        return ClientPage(browser.tab("plain"), self.wire, self._script)

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
        return len(self.wire.asked(REFRESH))


OpenPage = Callable[[Shop, str, str], ClientPage]
"""Opens a page of a shop with a driver and a snippet of docs/clients.md in it."""
