"""One exchange over a connection of its own, and the cookie jar it is for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from typing import NamedTuple

CUT = (OSError, HTTPException)
"""What a connection ends in that a dying worker cuts, or that nobody answers in time (TimeoutError)."""


GIVE_UP = 180
GONE = "the site has given no answer for three minutes"


class SoakReply(NamedTuple):
    """Status, error code, the cookies that it sets (a cleared one is empty), and ``Retry-After``."""

    status: int
    code: str
    cookies: dict[str, str]
    retry_after: str = ""

    @property
    def ends_session(self) -> bool:
        """Whether the browser is signed out by this."""
        return self.status in (401, 403)

    @property
    def is_fault_told_well(self) -> bool:
        """Whether this is a 503 as docs/faults.md promises it: it has Retry-After and sets nothing."""
        return self.status == 503 and bool(self.retry_after) and not self.cookies


def post(
    port: int, path: str, jar: Mapping[str, str], fields: Mapping[str, str], patience: float
) -> SoakReply:
    """POST with the cookies of a jar; raises one of CUT."""
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if jar:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
    connection = HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request("POST", path, json.dumps(fields), headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    is_json = answer.headers.get_content_type() == "application/json"
    code = json.loads(body).get("error", "") if is_json else ""
    cookies = _cookies(answer.headers.get_all("Set-Cookie", []))
    return SoakReply(answer.status, code, cookies, answer.headers.get("Retry-After", ""))


def attempts() -> Iterator[None]:
    """One attempt after the other, for GIVE_UP seconds: a site that is gone for good ends the run."""
    deadline = time.monotonic() + GIVE_UP
    while time.monotonic() < deadline:
        yield


def receive(jar: dict[str, str], reply: SoakReply) -> None:
    """Put the cookies of a reply into a jar, or take them out."""
    for name, value in reply.cookies.items():
        if value:
            jar[name] = value
        else:
            jar.pop(name, None)


def _cookies(headers: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in headers:
        for name, morsel in SimpleCookie(header).items():
            found[name] = "" if morsel["max-age"] == "0" else morsel.value
    return found
