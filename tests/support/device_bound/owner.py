"""Somebody at a browser in front of the room, and somebody else with a copy of the cookies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

from playwright.sync_api import BrowserContext, Page

from app.auth.lifecycle.binding import FIRST_LIFETIME

from ..browser import ACCESS_COOKIE
from ..chromium.tabs import eventually
from ..chromium.visitor import RUN_OUT, send_sign_in
from .served import REFRESH, Room

NOT_MODIFIED = 304


class Owner:
    """Somebody at a browser; ``page`` is the tab that they use."""

    def __init__(self, context: BrowserContext, served: Room) -> None:
        self.context, self.served = context, served
        self.page: Page = context.pages[0] if context.pages else context.new_page()
        self._refused: list[str] = []
        context.set_default_timeout(20_000)
        context.on("response", lambda reply: self._note(reply.status, reply.url))

    def sign_in(self, name: str, path: str = "/room") -> None:
        """Sign in by the form of the site, and see the page."""
        self.page.goto(self.served.address(f"/sign-in?next={path}"))
        send_sign_in(self.page, name)
        self.page.wait_for_url(f"**{path}")
        self._refused.clear()

    def enter(self, name: str) -> None:
        """Sign in, and let the next page wait for the registration, so that the browser proves its key."""
        self.sign_in(name)
        eventually(lambda: self.served.newest(name).device)
        self.open()
        eventually(lambda: self.served.is_bound(name))
        eventually(lambda: self._left() > FIRST_LIFETIME)

    def run_out(self, seconds: float = RUN_OUT) -> None:
        """Let the access token run out: at the server by its clock, in the browser by taking the cookie away.

        That is what the browser does at the end of the cookie's Max-Age. Its clock cannot be turned.
        """
        self.served.house.turn_clock(seconds)
        session = self.context.new_cdp_session(self.page)
        session.send("Network.deleteCookies", {"name": ACCESS_COOKIE, "url": self.served.address("/")})
        session.detach()

    def open(self, path: str = "/room") -> int:
        """Type an address; the status of the page that is shown in the end."""
        reply = self.page.goto(self.served.address(path))
        assert reply is not None
        return reply.status

    def fetch(self, path: str) -> int:
        """The status that a script of the page gets."""
        return int(self.page.evaluate("path => fetch(path).then(reply => reply.status)", path))

    def jar(self) -> dict[str, str]:
        """A copy of all cookies, as a program takes it from the disk."""
        return {str(one.get("name")): str(one.get("value")) for one in self.context.cookies()}

    @property
    def refused(self) -> list[str]:
        """What was not answered with success since the last look: status and address."""
        seen, self._refused = self._refused, []
        return seen

    @property
    def proofs(self) -> int:
        """How often the browsers in front of this room have refreshed."""
        return len(self.served.wire.asked(REFRESH))

    def _left(self) -> float:
        """Seconds that the browser will keep the access cookie."""
        kept = [one.get("expires", 0) for one in self.context.cookies() if one.get("name") == ACCESS_COOKIE]
        return max(kept, default=0) - time.time()

    def _note(self, status: int, url: str) -> None:
        if status >= 300 and status != NOT_MODIFIED:
            self._refused.append(f"{status} {url}")


MakeOwner = Callable[..., Owner]
"""Makes somebody at a browser; by keyword what Playwright takes for a new context."""


class Copy:
    """Another client, which holds a copy of the cookies and talks to the server directly."""

    def __init__(self, served: Room, jar: dict[str, str]) -> None:
        self._port, self.jar = served.house.port, jar

    def ask(self, method: str, path: str, fields: Any = None, **headers: str) -> int:
        """Send a request with all the cookies; the status. New cookies are put into the jar."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items()), **headers}
        body = None if fields is None else json.dumps(fields)
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            for header in reply.headers.get_all("Set-Cookie", []):
                name, _, value = header.partition(";")[0].partition("=")
                self.jar[name] = value
            return reply.status
        finally:
            connection.close()

    def attempts(self) -> dict[str, int]:
        """The status of everything that can be tried with the cookies."""
        token = self.jar["refreshToken"].rpartition(".")[0]
        bearer = {"Authorization": f"Bearer {self.jar.get(ACCESS_COOKIE, '')}"}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return {
            "a page": self.ask("GET", "/room"),
            "a page, as a browser": self.ask("GET", "/room", **{"Sec-Fetch-Mode": "navigate"}),
            "the same with the token as a bearer": self.ask("GET", "/auth/me", **bearer),
            "refresh": self.ask("POST", "/auth/refresh"),
            "refresh by body": self.ask("POST", "/auth/refresh", {"refresh_token": token}),
            "the grant at the sign-in": self.ask(
                "POST", "/auth/login", {"grant_type": "refresh_token", "refresh_token": token}
            ),
            "continue": self.ask("GET", "/auth/continue?next=/room", **{"Sec-Fetch-Mode": "navigate"}),
            "start a session for another device": self.ask("POST", "/auth/sessions"),
            "the list of sessions": self.ask("GET", "/auth/sessions"),
            "a refresh with a device, without a proof": self.ask(
                "POST", "/auth/dbsc/refresh", **{"Sec-Secure-Session-Id": "guessed"}
            ),
            "a registration": self.ask("POST", "/auth/dbsc/register", **form),
        }
