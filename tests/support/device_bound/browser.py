"""A browser that binds its session to a device, as Chromium does, with a key in software."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from ..browser import ACCESS_COOKIE, Browser, set_cookies
from .key import DeviceKey

REGISTER, REFRESH = "/auth/dbsc/register", "/auth/dbsc/refresh"
OFFER = re.compile(r'\(ES256 RS256\);path="([^"]+)";challenge="([^"]+)"')
CHALLENGE = re.compile(r'"([^"]+)";id="([^"]+)"')


class BoundBrowser(Browser):
    """Keeps a cookie jar and a key. It proves the key before a request if its access cookie has run out.

    ``clock`` is the clock of the site. ``session_id`` is None until the browser has bound a session.
    """

    def __init__(self, site: Flask, clock: Callable[[], float], key: DeviceKey | None = None) -> None:
        super().__init__(site)
        self.key, self._clock = key or DeviceKey(), clock
        self.session_id: str | None = None
        self.challenge: str | None = None
        self._until = float("inf")

    def sign_in(self, *arguments: Any, **fields: Any) -> TestResponse:
        """Sign in, and do what the reply offers."""
        reply = super().sign_in(*arguments, **fields)
        self.register(offered(reply))
        return reply

    def register(self, challenge: str, path: str = REGISTER) -> TestResponse:
        """Post the key, with a proof of this challenge."""
        return self._take(self.send(path, self.key.proof(challenge, registers=True)))

    def prove(self, challenge: str | None = None) -> TestResponse:
        """Refresh with a proof: of the challenge that it has, and once more if it is given another."""
        held = challenge or self.challenge
        reply = self._take(self.send(REFRESH, held and self.key.proof(held)))
        if reply.status_code == 403 and self.challenge and challenge is None:
            reply = self._take(self.send(REFRESH, self.key.proof(self.challenge)))
        return reply

    def send(self, path: str, proof: str | None = None, **headers: str) -> TestResponse:
        """What Chromium sends by itself: no body, and these headers."""
        sent = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-origin", **headers}
        if proof is not None:
            sent["Secure-Session-Response"] = proof
        if self.session_id and path == REFRESH:
            sent.setdefault("Sec-Secure-Session-Id", self.session_id)
        return self.client.post(path, headers=sent)

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET a page; the access cookie is renewed before."""
        self.keep()
        return self.client.get(path, **options)

    def keep(self) -> None:
        """Take the access cookie out of the jar if it has run out, and get a new one."""
        if self._clock() >= self._until:
            self.client.delete_cookie(ACCESS_COOKIE)
            if self.session_id:
                self.prove()

    def copy(self) -> Browser:
        """Another client with a copy of every cookie, and without the key."""
        thief = Browser(self.client.application)
        for name, path in (("refreshToken", "/auth"), (ACCESS_COOKIE, "/"), ("signedIn", "/")):
            cookie = self.client.get_cookie(name, path=path)
            if cookie is not None:
                thief.client.set_cookie(name, cookie.value, path=path)
        return thief

    def _take(self, reply: TestResponse) -> TestResponse:
        """Do what an answer of the site says, as the draft asks for."""
        if challenge := CHALLENGE.fullmatch(reply.headers.get("Secure-Session-Challenge", "")):
            self.challenge = challenge[1]
        said = reply.get_json(silent=True) or {}
        if reply.status_code == 200:
            self.session_id = said["session_identifier"] if said.get("continue", True) else None
        elif reply.status_code in (401, 403, 429) and challenge is None:
            self.session_id = None
        if cookie := set_cookies(reply).get(ACCESS_COOKIE):
            self._until = self._clock() + int(cookie["max-age"])
        return reply


def offered(reply: TestResponse) -> str:
    """The challenge with which a reply offers to bind the session."""
    offer = OFFER.fullmatch(reply.headers["Secure-Session-Registration"])
    assert offer, reply.headers["Secure-Session-Registration"]
    assert offer[1] == REGISTER
    return offer[2]
