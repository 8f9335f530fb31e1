"""A browser that can lose replies, receive them late and be robbed: its jar is a plain dictionary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import ACCESS_COOKIE, COOKIES, REFRESH_COOKIE, bearer, set_cookies


@dataclass
class LossyBrowser:
    """Keeps what it is handed: cookies, or with body delivery the two tokens under the cookies' names."""

    name: str
    delivery: str = "cookie"
    jar: dict[str, str] = field(default_factory=dict)
    late: tuple[TestResponse, float] | None = None
    """A reply still under way, and when its request was sent."""

    @property
    def refresh_token(self) -> str | None:
        """The refresh token it holds, out of its cookie."""
        held = self.jar.get(REFRESH_COOKIE)
        return held.rpartition(".")[0] if held and self.delivery == "cookie" else held

    @property
    def access_token(self) -> str | None:
        """The access token it holds."""
        return self.jar.get(ACCESS_COOKIE)

    def ask(self, site: Flask, method: str, path: str, fields: dict[str, Any]) -> TestResponse:
        """Send a request with what the jar holds; the reply is not received yet."""
        client = site.test_client(use_cookies=False)
        if self.delivery == "cookie":
            sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())}
            return client.open(path, method=method, json=fields, headers=sent if self.jar else {})
        headers = bearer(self.access_token) if self.access_token else {}
        own = {"refresh_token": self.refresh_token} if self.refresh_token else {}
        return client.open(path, method=method, json=own | fields, headers=headers)

    def receive(self, reply: TestResponse) -> None:
        """Put what a reply hands out into the jar; drop what it clears.

        It keeps no spare: late replies across a sign-in have an exploration of their own.
        """
        if clears(reply):
            self.jar.clear()
        elif self.delivery == "cookie":
            values = {name: cookie["value"] for name, cookie in set_cookies(reply).items()}
            self.jar |= {name: value for name, value in values.items() if name in COOKIES}
        elif reply.json and "refresh_token" in reply.json:
            self.jar = {
                REFRESH_COOKIE: reply.json["refresh_token"],
                ACCESS_COOKIE: reply.json["access_token"],
            }

    def rob(self, victim: LossyBrowser, *, by_body: bool) -> None:
        """Copy another browser's jar, to present its tokens as cookies or in bodies."""
        self.delivery = "body" if by_body else victim.delivery
        self.jar = dict(victim.jar)
        if by_body and victim.refresh_token:
            self.jar[REFRESH_COOKIE] = victim.refresh_token


def handed_out(reply: TestResponse) -> tuple[str, str, str]:
    """The delivery, refresh token and access token of a reply that hands out tokens."""
    assert reply.json is not None
    cookies = set_cookies(reply)
    if not cookies:
        return "body", reply.json["refresh_token"], reply.json["access_token"]
    assert "refresh_token" not in reply.json
    assert cookies[ACCESS_COOKIE]["value"] == reply.json["access_token"]
    return "cookie", cookies[REFRESH_COOKIE]["value"].rpartition(".")[0], reply.json["access_token"]


def clears(reply: TestResponse) -> bool:
    """Whether a reply takes the cookies away."""
    cookie = set_cookies(reply).get(REFRESH_COOKIE)
    return cookie is not None and cookie.get("max-age") == "0"
