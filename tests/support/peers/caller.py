"""A client that speaks HTTP over a socket and keeps its cookies by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from tests.support.browser import PASSWORD, REFRESH_COOKIE, bearer


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON; an empty one is None."""
        return json.loads(self.body) if self.body else None

    @property
    def cookies(self) -> dict[str, Morsel[str]]:
        """The cookies it sets, by name."""
        found: dict[str, Morsel[str]] = {}
        for header in self.headers.get_all("Set-Cookie", []):
            found |= SimpleCookie(header)
        return found

    @property
    def verdict(self) -> tuple[int, str | None]:
        """The status and the error code."""
        return self.status, self.json.get("error") if self.json else None


class Client:
    """One cookie jar in front of a served site; every request has a connection of its own."""

    def __init__(self, base_url: str) -> None:
        self._host = urlsplit(base_url).netloc
        self.cookies: dict[str, str] = {}

    def sign_in(self, **fields: Any) -> Reply:
        """POST /auth/login as ada."""
        return self.post("/auth/login", {"identifier": "ada", "password": PASSWORD, **fields})

    def refresh(self, token: str | None = None) -> Reply:
        """POST /auth/refresh, with the jar's cookie, or with ``token`` in the body."""
        return self.post("/auth/refresh", None if token is None else {"refresh_token": token})

    def me(self, access_token: str) -> Reply:
        """GET /auth/me with a bearer."""
        return self.request("GET", "/auth/me", headers=bearer(access_token))

    def post(self, path: str, fields: Any = None) -> Reply:
        """POST a JSON body, or none."""
        body = None if fields is None else json.dumps(fields).encode()
        return self.request("POST", path, body, {"Content-Type": "application/json"} if body else {})

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a request with the jar's cookies, keep those that come back."""
        sent = {**self._cookie_header(path), **(headers or {})}
        connection = HTTPConnection(self._host, timeout=30)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        self._keep(reply)
        return reply

    def _cookie_header(self, path: str) -> dict[str, str]:
        fitting = {
            name: value
            for name, value in self.cookies.items()
            if name != REFRESH_COOKIE or path.startswith("/auth")
        }
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in fitting.items())} if fitting else {}

    def _keep(self, reply: Reply) -> None:
        for name, morsel in reply.cookies.items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
