"""A visitor: a window of Chromium in front of the house, with cookies of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page

from tests.support.browser import PASSWORD
from tests.support.chromium.tabs import eventually
from tests.support.chromium.wire import Wire

from .house_opening import House

RUN_OUT = 601
"""Seconds after which an access token is no longer good."""


class Visitor:
    """Somebody with a window in front of the house; ``how`` is what Playwright takes for a new context."""

    def __init__(self, chromium: Browser, house: House, wire: Wire, **how: Any) -> None:
        self.house, self.wire = house, wire
        self._has_script = how.get("java_script_enabled", True)
        self.context: BrowserContext = chromium.new_context(
            **{"viewport": {"width": 900, "height": 800}, **how}
        )
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.context.on(
            "request", lambda request: self.asked.append(f"{request.method} {urlsplit(request.url).path}")
        )

    def address(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a page, behind the wire."""
        return f"http://{host}:{self.wire.port}{path}"

    def open(self, path: str, host: str = "127.0.0.1") -> int:
        """Type an address; the status of the page that is shown in the end."""
        reply = self.page.goto(self.address(path, host))
        assert reply is not None
        return reply.status

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the sign-in page that is shown."""
        send_sign_in(self.page, name, password)
        self.page.wait_for_load_state()

    def enter(self, name: str) -> None:
        """Open the sign-in page and sign in, and let the script of the account page renew at once.

        On a busy machine that renewal came after the clock was turned, and no access token had run out.
        """
        self.open("/sign-in")
        with self.page.expect_response("**/auth/refresh") if self._has_script else nullcontext():
            self.sign_in(name)
        assert self.path == "/account"

    def wait(self, seconds: float = RUN_OUT) -> None:
        """Let time pass at the server, so long that the access token runs out."""
        self.house.turn_clock(seconds)

    def until_at(self, path: str) -> None:
        """Wait until a page of that path is shown."""
        eventually(lambda: self.path == path and self.says("document.readyState") == "complete")

    def go(self, steps: int) -> None:
        """Press the back button (or forward) so often, and wait for nothing; no script is needed for it."""
        history = self._command("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] + steps]
        self._command("Page.navigateToHistoryEntry", entryId=entry["id"])

    def reload(self) -> None:
        """Press the reload button, as soon as there is a page to reload, and wait for nothing else."""
        eventually(lambda: self._obeys("Page.reload"))

    def until_shown(self, text: str) -> None:
        """Wait until one can read that on the page, or in a frame of it."""
        eventually(lambda: any(text in self._text_of(frame) for frame in self.page.frames))

    def until_asked(self, request: str, word: bytes) -> None:
        """Wait until that was asked of the server, with that word in its head."""
        eventually(lambda: self._has_asked(request, word))

    def open_until_asked(self, path: str, request: str, word: bytes) -> None:
        """Open a page that makes Chromium ask for that ahead; again where it had no mind to, as when busy."""
        for _ in range(5):
            self.open(path)
            with suppress(AssertionError):
                eventually(lambda: self._has_asked(request, word), within=4)
                return
        raise AssertionError(f"Chromium never asked: {request}")

    @property
    def path(self) -> str:
        """The path of the page that is shown, with its query; nothing while another takes its place."""
        return self.says("location.pathname + location.search") or ""

    @property
    def text(self) -> str:
        """What one can read on the page."""
        return self.page.inner_text("body")

    @property
    def token(self) -> str | None:
        """The refresh cookie in the jar."""
        found = [cookie for cookie in self.context.cookies() if cookie.get("name") == "refreshToken"]
        return found[0].get("value") if found else None

    @property
    def continued(self) -> int:
        """How often a page was sent around by continue."""
        return self.wire.times("/auth/continue")

    def _obeys(self, name: str) -> bool:
        with suppress(Error):  # the page is just being replaced
            self._command(name)
            return True
        return False

    @property
    def width_on_a_phone(self) -> int:
        """How wide the page is where 360 pixels are there for it."""
        self.page.set_viewport_size({"width": 360, "height": 740})
        width: int = self.page.evaluate("document.documentElement.scrollWidth")
        return width

    def _command(self, name: str, **values: object) -> Any:
        session = self.context.new_cdp_session(self.page)
        try:
            return session.send(name, values)
        finally:
            session.detach()

    def _has_asked(self, request: str, word: bytes) -> bool:
        return any(word in asked.head.lower() for asked in self.wire.asked(request))

    @staticmethod
    def _text_of(frame: Frame) -> str:
        with suppress(Error):  # the page is just being replaced
            return frame.locator("body").inner_text(timeout=1000)
        return ""

    def says(self, script: str) -> Any:
        """What a script says in the page; None while another page takes its place."""
        with suppress(Error):  # the page is just being replaced
            return self.page.evaluate(script)
        return None


MakeVisitor = Callable[..., Visitor]
"""Makes a visitor with a browser of their own; by keyword what that browser is like."""


def send_sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page or the form of the demo, and send it."""
    page.get_by_label("E-mail address or user name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
