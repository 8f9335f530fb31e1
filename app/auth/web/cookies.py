"""The cookies: read, set, clear. One function knows their attributes, so what is set can be cleared.

``refreshToken`` goes only to the blueprint, ``accessToken`` to every page. ``signedIn`` holds no secret: it
tells script that somebody is signed in, and by its mark whether it is still the same session. All three are
kept as long as the session can last: an access cookie stays after the token in it has expired, so that a page
can still tell which session a sign-out means (ASVS 3.3). ``ratchetContinued`` says for half a minute that
continue has just renewed for a page, or has tried to, so that a page does not redirect there repeatedly.

A response can arrive late, and the browser applies it to the cookies that it has at that time. So no refusal
clears a cookie. The late reply to a refresh of a session that a sign-in has replaced puts the tokens of the
ended session over the new ones. For that case such a sign-in also sets a *spare*: the same refresh token
under a name that no reply to an older request sets or clears. If the refresh cookie is of an ended session,
the spare is accepted. The late reply to a sign-out clears the mark of the new session too, so there is a
spare of the mark beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TypedDict

from flask import Request, Response
from flask import request as current_request
from itsdangerous import BadSignature, Signer
from werkzeug import Response as BaseResponse
from werkzeug.http import dump_cookie

from ..log import OncePerApp
from ..settings.cookie_names import CookieNames, cookie_names
from ..settings.parsers import SameSite

COOKIE_SALT = "ratchet refresh cookie"
CONTINUED_FOR = 30
"""Seconds for which a browser says that continue has renewed, or has tried to."""

MAX_CANDIDATES = 32
"""How many cookies of one name with a valid signature are tried; each costs a query.

An 8 KB header has room for fewer, so that other cookies cannot hide a good one. A browser sends more than two
only if it is under attack: a sibling host can set any number, and gets signed ones by signing in.
"""

MAX_HEADER = 32_768
"""Characters of a Cookie header that are read. A server takes many header lines, and joins them."""

FOREIGN = (
    "A token was refused because no secret of this app signed it. If people are signed out "
    "at random, SECRET_KEY differs between workers, nodes or restarts: set one and the same for all. If "
    "another site on this host uses the same cookie name, set RATCHET_COOKIE_NAME. It is "
    "also possible that somebody is guessing cookie values."
)


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
    partitioned: bool
    clock: Callable[[], float]
    foreign: OncePerApp = field(default_factory=lambda: OncePerApp(FOREIGN))

    def read_refresh(self, request: Request) -> list[str] | None:
        """The refresh tokens in the request's cookies, or None where there is no such cookie.

        Two cookies can share a name (an old path, a parent domain). All with a valid signature are returned;
        the others are not counted, so a sibling host cannot fill the limit with them. The spare comes last.
        """
        header = _header(request)
        values = dict.fromkeys(_sent(header, self.names.refresh) + _sent(header, self.names.spare))
        return self._unsign(list(values))[:MAX_CANDIDATES] if values else None

    def read_access(self, request: Request) -> list[str]:
        """The access tokens in the request's cookies."""
        return _sent(_header(request), self.names.access) if self.with_access else []

    def set(
        self,
        response: Response,
        access: str | None,
        refresh: str,
        *,
        session_id: str,
        max_age: int | None,
        spare: bool = False,
    ) -> None:
        """Set all cookies; without ``max_age`` (seconds) they last until the browser closes.

        Without ``access`` the access cookie stays as it is in the browser.
        Without ``spare`` a spare that the request presents is cleared.
        """
        signed = self._signer.sign(refresh).decode()
        mark = f"1.{_mark(session_id)}"
        values = {self.names.refresh: signed, self.names.signed_in: mark}
        if self.with_access and access is not None:
            values[self.names.access] = access
        if spare:
            values |= {self.names.spare: signed, self.names.spare_mark: mark}
        elif self.holds_spare():
            self._delete_spare(response)
        lifetime = _lifetime(max_age)
        for name, value in values.items():
            self._add(response, name, value, lifetime)

    def set_access(self, response: Response, access: str, max_age: int) -> None:
        """Set only the access cookie, for ``max_age`` seconds."""
        self._add(response, self.names.access, access, _lifetime(max_age))

    def clear_access(self, response: Response) -> None:
        """Clear only the access cookie, if the current request presents one."""
        if self.read_access(current_request):
            self._delete(response, self.names.access)

    def access_attributes(self) -> str:
        """The attributes of the access cookie, without its life, as ``Set-Cookie`` has them."""
        return self._known_attributes(self.names.access, current_request.script_root).removeprefix("; ")

    def has_trace(self, request: Request) -> bool:
        """Whether the request has a cookie of a session, even of one that is over."""
        return self.has_mark(request) or bool(_sent(_header(request), self.names.access))

    def has_mark(self, request: Request) -> bool:
        """Whether the browser holds the mark of a session, or the spare of one."""
        header = _header(request)
        return bool(_sent(header, self.names.signed_in) or _sent(header, self.names.spare_mark))

    def set_continued(self, response: BaseResponse, page: str = "") -> None:
        """Set the cookie that says that continue renewed for ``page``, or without ``page`` that it tried to.

        It is signed, because a sibling host could otherwise set it and so prevent renewals.
        """
        value = self._continued_signer.sign(f"{int(self.clock())}.{_mark(page)}").decode()
        name = self.names.continued
        attributes = self._attributes(name, current_request.script_root)
        response.set_cookie(name, value, CONTINUED_FOR, **attributes)

    def was_continued(self, request: Request, within: float, page: str = "") -> bool:
        """Whether ``set_continued`` was called for ``page`` during the last ``within`` seconds.

        One that lies in the future is of a node whose clock is ahead, and so of just now: the cookie is gone
        after half a minute.
        """
        now = self.clock()
        for value in _sent(_header(request), self.names.continued):
            with suppress(BadSignature):
                at, _, mark = self._continued_signer.unsign(value).decode().partition(".")
                if mark == _mark(page) and now - int(at) <= within:
                    return True
        return False

    def clear(self, response: Response) -> None:
        """Clear all cookies; the spare where the request presents it, or does not reach its path.

        The late reply to a sign-out that did not know of the spare leaves it to the session that has it.
        """
        for name in self.names[:3]:
            self._delete(response, name)
        if self.holds_spare() or not self._is_sent_refresh():
            self._delete_spare(response)

    def holds_spare(self) -> bool:
        """Whether the current request presents a spare, or that of the mark, which every path is sent."""
        header = _header(current_request)
        return bool(_sent(header, self.names.spare) or _sent(header, self.names.spare_mark))

    @cached_property
    def names(self) -> CookieNames:
        """What each cookie is called."""
        return cookie_names(self.refresh_name)

    def _add(self, response: Response, name: str, value: str, lifetime: str) -> None:
        attributes = self._known_attributes(name, current_request.script_root)
        response.headers.add("Set-Cookie", f"{name}={value}{lifetime}{attributes}")

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(name, **self._attributes(name, current_request.script_root))

    def _delete_spare(self, response: Response) -> None:
        for name in (self.names.spare, self.names.spare_mark):
            self._delete(response, name)

    def _is_sent_refresh(self) -> bool:
        """Whether browsers send the refresh cookie to the URL of this request (RFC 6265, 5.1.4)."""
        path = self.refresh_path.rstrip("/")
        return f"{current_request.path}/".startswith(f"{path}/")

    def are_in(self, response: Response) -> bool:
        """Whether a reply sets or clears one of the cookies."""
        names = tuple(f"{name}=" for name in self.names)
        return any(cookie.startswith(names) for cookie in response.headers.getlist("Set-Cookie"))

    @cached_property
    def _known_attributes(self) -> Callable[[str, str], str]:
        """How a Set-Cookie header ends: the same for every user, so Werkzeug writes it once."""
        return lru_cache(maxsize=64)(
            lambda name, script_root: dump_cookie("", "", **self._attributes(name, script_root))[1:]
        )

    def _attributes(self, name: str, script_root: str) -> Attributes:
        return Attributes(
            path=self._path(name, script_root),
            domain=self.domain,
            secure=self.secure,
            httponly=name not in (self.names.signed_in, self.names.spare_mark),
            samesite=self.samesite,
            partitioned=self.partitioned,
        )

    def _path(self, name: str, script_root: str) -> str:
        """The path as the browser sees it, also if a proxy serves the site below a prefix (SCRIPT_NAME)."""
        own = self.refresh_path if name in (self.names.refresh, self.names.spare) else "/"
        return (script_root + own).rstrip("/") or "/"

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
        keys = [
            Signer(secret, salt, key_derivation="hmac", digest_method=hashlib.sha256).derive_key()
            for secret in reversed(self.secrets)
        ]
        return Signer(keys, key_derivation="none", digest_method=hashlib.sha256)


def _lifetime(max_age: int | None) -> str:
    """The attributes that say how long a browser keeps a cookie; none for as long as it is open."""
    return "" if max_age is None else dump_cookie("", "", max_age, path=None)[1:]


def _header(request: Request) -> str:
    return str(request.environ.get("HTTP_COOKIE", ""))


def _sent(header: str, name: str) -> list[str]:
    """The values of the cookies of that name as they were sent, each once.

    Values in quotes stay in quotes, so that they are no tokens: no browser puts ours in quotes.
    """
    if name not in header or len(header) > MAX_HEADER:
        return []
    pairs = (pair.strip(" \t").partition("=") for pair in header.split(";") if name in pair)
    return list(dict.fromkeys(value for key, _, value in pairs if key == name))


def _mark(name: str) -> str:
    """A short hash that identifies a session or a page and reveals nothing else."""
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:12]
