"""The cookies: read, set, clear. One function knows their attributes, so what is set can be cleared.

``refreshToken`` goes to the blueprint alone, ``accessToken`` to every page. ``signedIn`` holds no secret: it
tells script that somebody is signed in, and by its mark whether it is still the same session. All three live
as long as the session may: an access cookie outlives the token in it, so that a page can still tell which
session a sign-out means (ASVS 3.3). ``ratchetContinued`` says for a few seconds for which page
continue has just renewed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

from flask import Request, Response
from flask import request as current_request
from itsdangerous import BadSignature, Signer

from ..settings.parsers import ACCESS_COOKIE, CONTINUED_COOKIE, SIGNED_IN_COOKIE, SameSite

COOKIE_SALT = "ratchet refresh cookie"
CONTINUED_FOR = 10
"""Seconds for which a page that is refused again was refused straight after its renewal."""

MAX_CANDIDATES = 32
"""How many cookies of one name with a valid signature are tried; each costs a query.

An 8 KB header has room for fewer, so that other cookies cannot hide a good one. A browser sends more than two
only if it is under attack: a sibling host can set any number, and gets signed ones by signing in.
"""


class Attributes(TypedDict):
    """The attributes that a cookie is set and cleared with."""

    path: str
    domain: str | None
    secure: bool
    httponly: bool
    samesite: SameSite
    partitioned: bool


@dataclass(frozen=True)
class Cookies:
    """The cookies of one app; ``secrets`` sign them, the first one signing (itsdangerous, SHA-256)."""

    secrets: Sequence[str | bytes]
    refresh_name: str
    refresh_path: str
    domain: str | None
    secure: bool
    samesite: SameSite
    with_access: bool
    partitioned: bool = False

    def read_refresh(self, request: Request) -> list[str] | None:
        """The refresh tokens in the request's cookies, or None where there is no such cookie.

        Two cookies can share a name (an old path, a parent domain). All with a valid
        signature are returned; the others are not counted, so a sibling host cannot fill the limit with them.
        """
        if self.refresh_name not in request.cookies:
            return None
        return self._unsign(_plain(request, self.refresh_name))[:MAX_CANDIDATES]

    def read_access(self, request: Request) -> list[str]:
        """The access tokens in the request's cookies."""
        return _plain(request, ACCESS_COOKIE) if self.with_access else []

    def set(
        self, response: Response, access: str, refresh: str, *, session_id: str, max_age: int | None
    ) -> None:
        """Set all cookies; without ``max_age`` (seconds) they last until the browser closes."""
        values = {
            self.refresh_name: self._signer.sign(refresh).decode(),
            SIGNED_IN_COOKIE: f"1.{_mark(session_id)}",
        }
        if self.with_access:
            values[ACCESS_COOKIE] = access
        for name, value in values.items():
            response.set_cookie(name, value, max_age, **self._attributes(name))

    def has_trace(self, request: Request) -> bool:
        """Whether the browser shows on this path that it holds a session, be it over or not."""
        return SIGNED_IN_COOKIE in request.cookies or ACCESS_COOKIE in request.cookies

    def set_continued(self, response: Response, page: str, now: float) -> None:
        """Let the browser say with the next requests that ``page`` was renewed for at ``now``.

        It is signed: a sibling host that could plant it would keep pages from renewing.
        """
        value = self._continued_signer.sign(f"{int(now)}.{_mark(page)}").decode()
        response.set_cookie(CONTINUED_COOKIE, value, CONTINUED_FOR, **self._attributes(CONTINUED_COOKIE))

    def was_continued(self, request: Request, page: str, now: float, within: float) -> bool:
        """Whether ``page`` was renewed for during the ``within`` seconds before ``now``."""
        for value in _plain(request, CONTINUED_COOKIE):
            with suppress(BadSignature):
                at, _, mark = self._continued_signer.unsign(value).decode().partition(".")
                if mark == _mark(page) and 0 <= now - int(at) <= within:
                    return True
        return False

    def clear(self, response: Response) -> None:
        """Clear all cookies."""
        for name in (self.refresh_name, ACCESS_COOKIE, SIGNED_IN_COOKIE):
            response.delete_cookie(name, **self._attributes(name))

    def are_in(self, response: Response) -> bool:
        """Whether a reply sets or clears one of the cookies."""
        names = tuple(f"{name}=" for name in (self.refresh_name, ACCESS_COOKIE, SIGNED_IN_COOKIE))
        return any(cookie.startswith(names) for cookie in response.headers.getlist("Set-Cookie"))

    def _attributes(self, name: str) -> Attributes:
        return Attributes(
            path=self._path(name),
            domain=self.domain,
            secure=self.secure,
            httponly=name != SIGNED_IN_COOKIE,
            samesite=self.samesite,
            partitioned=self.partitioned,
        )

    def _path(self, name: str) -> str:
        """The path as the browser sees it, also if a proxy serves the site below a prefix (SCRIPT_NAME)."""
        own = self.refresh_path if name == self.refresh_name else "/"
        return (current_request.script_root + own).rstrip("/") or "/"

    def _unsign(self, values: Sequence[str]) -> list[str]:
        tokens = []
        for value in values:
            try:
                tokens.append(self._signer.unsign(value).decode())
            except BadSignature:
                continue
        return tokens

    @cached_property
    def _signer(self) -> Signer:
        return self._signer_of(COOKIE_SALT)

    @cached_property
    def _continued_signer(self) -> Signer:
        return self._signer_of("ratchet continued cookie")

    def _signer_of(self, salt: str) -> Signer:
        # itsdangerous signs with the last key of its list.
        keys = [key.encode() if isinstance(key, str) else key for key in reversed(self.secrets)]
        return Signer(keys, salt, key_derivation="hmac", digest_method=hashlib.sha256)


def _plain(request: Request, name: str) -> list[str]:
    """The values of the cookies of that name, unchanged: no browser puts ours in quotes."""
    header = request.environ.get("HTTP_COOKIE", "")
    values = dict.fromkeys(request.cookies.getlist(name))
    return [value for value in values if f"{name}={value}" in header]


def _mark(name: str) -> str:
    """What tells two sessions or two pages apart and says nothing else of them."""
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:12]
