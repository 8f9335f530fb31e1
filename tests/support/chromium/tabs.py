"""Tabs of a browser, as the tests see them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page

from tests.support.browser import PASSWORD

from .chromium import Targets
from .wire import Wire

REFRESH = "POST /auth/refresh"
SIGN_IN = "fields => ratchet.signIn(fields).then(user => user.username)"
WAIT_SECONDS = 20

TURN_CLOCKS = """([wall, monotonic]) => {
  const [read, tick] = [Date.now.bind(Date), performance.now.bind(performance)];
  Date.now = () => read() + wall;
  performance.now = () => tick() + monotonic;
}"""


def eventually(holds: Callable[[], object], within: float = WAIT_SECONDS) -> None:
    """Wait until that is true."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


class Tab:
    """A tab that shows a page of the shop."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin = page, origin

    def open(self, name: str = "tab") -> Tab:
        """Go to a page of the shop and, where the client is in it, wait until that has started."""
        self.page.goto(f"{self.origin}/{name}")
        if name == "tab":
            self.until_loaded()
        return self

    def reload(self) -> None:
        """Press the reload button, and wait for nothing."""
        self.until("self.left = setTimeout(() => location.reload())")

    def go(self, steps: int, name: str) -> None:
        """Press the back button, or forward, to the page of that name; it may come back as it was."""
        self.until(f"setTimeout(() => history.go({steps}))")
        self.until(f"location.pathname === '/{name}'")

    def run(self, script: str, argument: Any = None) -> Any:
        """Run a script in the page; what comes of it, a promise awaited."""
        return self.page.evaluate(script, argument)

    def until(self, script: str) -> None:
        """Wait until that is true in the page, also while another page takes its place."""
        eventually(lambda: self._now(script))

    def until_loaded(self) -> None:
        """Wait until the page is there, not the one before a reload, and the client in it has started."""
        self.until("!self.left && self.names !== undefined")

    def sign_in(self, identifier: str = "ada") -> str:
        """Sign in by script; the name of who is signed in then."""
        name: str = self.run(SIGN_IN, {"identifier": identifier, "password": PASSWORD})
        return name

    def sign_in_by_form(self, identifier: str) -> None:
        """Sign in as a page without script does."""
        self.page.get_by_label("Name").fill(identifier)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()

    def sign_out_by_form(self) -> None:
        """Sign out as a page without script does."""
        self.page.get_by_role("button", name="Sign out").click()

    @property
    def told(self) -> list[dict[str, str]]:
        """The events that the page was told of, nothing empty in them."""
        events: list[dict[str, str | None]] = self.run("told")
        return [{key: value for key, value in event.items() if value is not None} for event in events]

    @property
    def user(self) -> str | None:
        """Who is signed in, as far as the tab knows."""
        name: str | None = self.run("ratchet.user?.username ?? null")
        return name

    def turn_clocks(self, *, wall: float = 0, monotonic: float = 0) -> None:
        """Turn the page's clocks ahead, by seconds; a negative number is back."""
        self.run(TURN_CLOCKS, [wall * 1000, monotonic * 1000])

    def show(self) -> None:
        """Bring the tab to the front of its window."""
        self.page.bring_to_front()

    def _now(self, script: str) -> bool:
        try:
            return bool(self.run(script))
        except Error:  # the page is just being replaced
            return False


class TabbedBrowser:
    """A browser in front of the shop, at the far end of a wire; every tab has a window of its own."""

    def __init__(self, context: BrowserContext, wire: Wire, host: str = "127.0.0.1") -> None:
        self.context, self.wire = context, wire
        self.origin = f"http://{host}:{wire.port}"

    def tab(self, page: str = "tab") -> Tab:
        """A new window with one tab in it, on a page of the shop."""
        return Tab(self._window(), self.origin).open(page)

    def tab_in_front_of(self, tab: Tab) -> Tab:
        """A new tab in the window of ``tab``, which is hidden from then on."""
        with self.context.expect_page() as opened:
            tab.run("void open('/plain', '_blank', 'noopener')")
        tab.until("document.hidden")
        return Tab(opened.value, self.origin)

    def signed_in(self, number: int = 1, identifier: str = "ada") -> list[Tab]:
        """So many windows, and somebody signed in."""
        tabs = [self.tab() for _ in range(number)]
        tabs[0].sign_in(identifier)
        for tab in tabs:
            tab.until("ratchet.user")
        return tabs

    def lose_network(self) -> None:
        """Unplug the network."""
        self.context.set_offline(True)

    def find_network(self, *tabs: Tab) -> None:
        """Plug it in again, and wait until these tabs have noticed and done what they want to."""
        self.context.set_offline(False)
        for tab in tabs:
            tab.until("navigator.onLine")
            tab.run("navigator.locks.request('ratchet /auth', () => true)")

    @property
    def refreshes(self) -> int:
        """How many refreshes the shop was asked for."""
        return len(self.wire.asked(REFRESH))

    def cookie(self, name: str) -> str | None:
        """The value of a cookie in the jar."""
        found = [cookie for cookie in self.context.cookies() if cookie.get("name") == name]
        return found[0].get("value") if found else None

    def _window(self) -> Page:
        with self.context.expect_page() as opened:
            Targets(self.context).open_window()
        return opened.value
