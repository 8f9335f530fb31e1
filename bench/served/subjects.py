"""What is compared: the sites, and how each is asked for a guarded view and for a refresh."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .client import Reply

COOKIE = re.compile(rb"\r\nSet-Cookie: (?:refreshToken|fs_refresh)=([^;\r]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Site:
    """A module with a site, and what is set in its environment."""

    name: str
    module: str
    environment: Mapping[str, str] = field(default_factory=dict, compare=False)


SHORT_LEEWAY = {"FLASK_RATCHET_LEEWAY": "2s"}
LEEWAY_SECONDS = 2.0

FLOOR = Site("the floor", "bench.sites.floor")
RATCHET = Site("Ratchet", "bench.sites.ratchet")
SHORT = Site("Ratchet, short leeway", "bench.sites.ratchet", SHORT_LEEWAY)
"""Ratchet with a leeway so short that a token can rotate in every round of a measurement."""

BLOCKLIST = Site("Flask-JWT-Extended, blocklist", "bench.peers.jwt_extended")
STATELESS = Site("Flask-JWT-Extended, stateless", "bench.peers.jwt_extended", {"BENCH_STATELESS": "1"})
SECURITY = Site("Flask-Security", "bench.peers.security")
SIMPLEJWT = Site("SimpleJWT", "bench.peers.simplejwt")


def message(line: str, body: bytes = b"", **headers: str) -> bytes:
    """A request in HTTP/1.1; ``_`` in the name of a header stands for ``-``."""
    named = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if line.startswith("POST"):
        named |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    told = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{line} HTTP/1.1\r\n{told}\r\n".encode() + body


@dataclass(frozen=True)
class Guarded:
    """A view of a site, and how it is asked: ``base`` names the bare view that it is compared with."""

    name: str
    site: Site
    request: Callable[[str], bytes]
    base: str = "bare Flask"
    seen: bool = True
    """Whether the same token is presented each time, or each time another one."""


def bearer(token: str, path: str = "/guarded") -> bytes:
    """A request with a bearer token."""
    return message(f"GET {path}", Authorization=f"Bearer {token}")


def access_cookie(token: str) -> bytes:
    """A request with the cookies that Ratchet gives a browser for pages."""
    return message("GET /guarded", Cookie=f"accessToken={token}; signedIn=1")


def bare(_token: str) -> bytes:
    """A request with nothing."""
    return message("GET /bare")


DJANGO = "bare Django REST framework"
VIEWS = [
    Guarded("bare Flask", FLOOR, bare),
    Guarded("the floor", FLOOR, bearer),
    Guarded("Ratchet, a bare view", RATCHET, bare),
    Guarded("Ratchet, bearer, seen before", RATCHET, bearer),
    Guarded("Ratchet, bearer, first time", RATCHET, bearer, seen=False),
    Guarded("Ratchet, cookie, seen before", RATCHET, access_cookie),
    Guarded("Ratchet, cookie, first time", RATCHET, access_cookie, seen=False),
    Guarded("Flask-JWT-Extended, stateless", STATELESS, bearer),
    Guarded("Flask-JWT-Extended, blocklist", BLOCKLIST, bearer),
    Guarded(
        "Flask-Security, token", SECURITY, lambda token: message("GET /guarded", Authentication_Token=token)
    ),
    Guarded(DJANGO, SIMPLEJWT, bare, DJANGO),
    Guarded("SimpleJWT, stateless user", SIMPLEJWT, lambda token: bearer(token, "/stateless"), DJANGO),
    Guarded("SimpleJWT, user of the database", SIMPLEJWT, bearer, DJANGO),
]


@dataclass(frozen=True)
class Refresh:
    """A refresh of a site: ``delivery`` says where the token goes."""

    name: str
    site: Site
    delivery: str
    request: Callable[[str], bytes]
    renewed: Callable[[Reply], str]
    repeats: bool = False
    """Whether the same token is presented again within the leeway."""


def from_cookie(reply: Reply) -> str:
    """The refresh token in the cookie of a reply; empty where it has none."""
    found = COOKIE.search(reply.head)
    return found[1].decode() if found else ""


def from_body(reply: Reply) -> str:
    """The refresh token in the JSON of a reply; empty where it has none."""
    content = json.loads(reply.body) if reply.status == 200 else {}
    return str(content.get("refresh_token") or content.get("refresh") or "")


def by_cookie(token: str) -> bytes:
    """A refresh with Ratchet's cookie."""
    return message("POST /auth/refresh", Cookie=f"refreshToken={token}")


def by_body(token: str) -> bytes:
    """A refresh with Ratchet's JSON."""
    return message("POST /auth/refresh", json.dumps({"refresh_token": token}).encode())


def of_jwt_extended(token: str) -> bytes:
    """A refresh of Flask-JWT-Extended."""
    return message("POST /refresh", Authorization=f"Bearer {token}")


def of_security(token: str) -> bytes:
    """A refresh of Flask-Security."""
    return message("POST /refresh-token", b"{}", Cookie=f"fs_refresh={token}", Accept="application/json")


def of_simplejwt(token: str) -> bytes:
    """A refresh of SimpleJWT."""
    return message("POST /refresh", json.dumps({"refresh": token}).encode())


PEERS = [
    Refresh(BLOCKLIST.name, BLOCKLIST, "body", of_jwt_extended, from_body),
    Refresh(f"{SECURITY.name}, cookie", SECURITY, "cookie", of_security, from_cookie),
    Refresh(f"{SIMPLEJWT.name}, rotation and blacklist", SIMPLEJWT, "body", of_simplejwt, from_body),
]
ROTATE = Refresh("Ratchet, Rotate, cookie", SHORT, "cookie", by_cookie, from_cookie)
LEAST = Refresh(FLOOR.name, FLOOR, "cookie", by_cookie, from_cookie)
REFRESHES = [
    LEAST,
    ROTATE,
    Refresh("Ratchet, Repeat, cookie", RATCHET, "cookie", by_cookie, from_cookie, repeats=True),
    Refresh("Ratchet, Rotate, body", SHORT, "body", by_body, from_body),
    Refresh("Ratchet, Repeat, body", RATCHET, "body", by_body, from_body, repeats=True),
    *PEERS,
]
AT_ONCE = [LEAST, Refresh("Ratchet", RATCHET, "cookie", by_cookie, from_cookie), *PEERS]
"""What six requests with one token are sent to."""
