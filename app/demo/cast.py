"""Sends the request of each step over HTTP, and names the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from string import ascii_uppercase

from .server import EMAIL, PASSWORD
from .story import Scene, Step

COOKIE = "refreshToken"


class Cast:
    """Plays scenes against the site at ``host``. Tokens are called A, B, C … in the order of their issue."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._names: dict[str, str] = {}

    def play(self, scene: Scene) -> Iterator[str]:
        """The outcome of each step of ``scene``: a status, and a token's name or an error code."""
        if scene.at_once:
            with ThreadPoolExecutor() as tabs:
                replies = list(tabs.map(self._send, scene.steps))
            yield from (self._outcome(*reply) for reply in replies)
        else:
            yield from (self._outcome(*self._send(step)) for step in scene.steps)

    def _send(self, step: Step) -> tuple[HTTPResponse, bytes]:
        headers, body = {}, None
        if step.presents == "password":
            headers["Content-Type"] = "application/json"
            body = json.dumps({"email": EMAIL, "password": PASSWORD})
        else:
            headers["Cookie"] = f"{COOKIE}={self._token(step.presents)}"
        connection = HTTPConnection(self._host, timeout=30)
        connection.request("POST", f"/auth/{step.request}", body, headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply, content

    def _outcome(self, reply: HTTPResponse, content: bytes) -> str:
        cookie = SimpleCookie(reply.headers.get("Set-Cookie", "")).get(COOKIE)
        if reply.status == 200 and cookie:
            return f"200 {self._name(cookie.value)}"
        code = json.loads(content)["error"] if content else ""
        return f"{reply.status} {code}".rstrip()

    def _name(self, token: str) -> str:
        return self._names.setdefault(token, ascii_uppercase[len(self._names)])

    def _token(self, name: str) -> str:
        return next(token for token, known in self._names.items() if known == name)
