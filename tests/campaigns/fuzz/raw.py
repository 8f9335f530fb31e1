"""Requests that no library would send: bytes out of place, over a bare socket."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from .findings import Findings

PATHS = (
    "/auth/login", "/auth/refresh", "/auth/logout", "/auth/token", "/auth/revoke", "/auth/introspect",
    "/auth/me", "/auth/sessions/x", "/auth/continue", "/auth/ratchet.js", "/auth/openapi.json", "/auth//",
    "/account", "*", "/.well-known/oauth-authorization-server",
)  # fmt: skip
HOSTS = (
    "localhost", "localhost", "localhost", "a b", "[", "[::1]", "localhost:99999", "\xff", "xn--zzzz--",
    "", "..",
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "get", "P\xd6ST", "")
LINES = (
    "Host: evil.example", "Content-Type: application/json",
    "Content-Type: application/x-www-form-urlencoded", "Content-Type: \xff/\xff", "Content-Length: -1",
    "Content-Length: 5", "Content-Length: 99999999999999999999", "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked", "Authorization: Bearer", "Authorization: Bearer \xff.\xff.\xff",
    "Authorization:", "Cookie: refreshToken", 'Cookie: refreshToken=\xff; refreshToken="a\\"b"; =;;',
    "Cookie: accessToken=a.b.c; accessToken=" + "x" * 4000, "X-Forwarded-For: \xff, not an address",
    "Origin: http://[", "Origin: \xff", "Sec-Fetch-Site: \xff", 'If-None-Match: "', "If-Match: \xff",
    "Range: bytes=9-1", "Accept: */*;q=x, text/html;q=\xff", "User-Agent: \xff" * 20, "Expect: 100-continue",
    "Sec-Fetch-Mode: navigate", "Referer: http://[", "X-Forwarded-Proto: \xff", "X-Forwarded-Host: a b",
)  # fmt: skip
BODIES = (
    "", "{}", "[", '{"a":' * 500, "\x00", "\xff\xfe", '5\r\n{"a":\r\n', "5\r\nabc", "a=b&a=b", "token=%ff",
    "grant_type=refresh_token&refresh_token=%00", '{"email": "\\u0000", "password": "\\u0000"}', "%",
)  # fmt: skip
QUERIES = (
    "",
    "?next=//evil",
    "?next=%ff",
    "?next=%00",
    "?v=%ff&v=",
    "?%",
    "?next=/\\evil",
    "#\xff",
    "/..%2f",
    ";x",
)
WAIT_SECONDS = 5


def nastiness(seed: int) -> Iterator[bytes]:
    """Requests put together at random, for ever."""
    dice = random.Random(seed)  # noqa: S311  # no secret
    while True:
        target = dice.choice(PATHS) + dice.choice(QUERIES)
        lines = [
            f"{dice.choice(METHODS)} {target} HTTP/1.{dice.choice('01')}",
            *dice.sample(LINES, dice.randint(0, 3)),
        ]
        head = "\r\n".join([*lines, f"Host: {dice.choice(HOSTS)}", "Connection: close", "", ""])
        yield (head + dice.choice(BODIES)).encode("latin-1")


def throw(base_url: str, requests: int, seed: int, findings: Findings) -> None:
    """Send so many of them; a server's error other than 503 is a failure."""
    address = urlsplit(base_url)
    for request, _ in zip(nastiness(seed), range(requests), strict=False):
        status = _status(str(address.hostname), address.port or 80, request)
        findings.note("raw", status)
        if status >= 500 and status not in (501, 503, 505):  # gunicorn's own words for what it does not speak
            findings.failures[f"raw: {status}"] = repr(request)


def _status(host: str, port: int, request: bytes) -> int:
    """The status of the reply; 0 where the server hangs up."""
    with socket.create_connection((host, port), WAIT_SECONDS) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        try:
            line = connection.makefile("rb").readline()
        except ConnectionResetError:
            return 0
    return int(line.split(maxsplit=2)[1]) if line.startswith(b"HTTP/") else 0
