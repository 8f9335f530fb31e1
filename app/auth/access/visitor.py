"""current_user and identity: which user sent the current request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from flask import Request, request
from werkzeug.local import LocalProxy

from ..errors import RatchetError, TokenInvalid, TokenMissing
from ..lifecycle.account import Account, SessionRef
from ..lifecycle.rotation import Session
from ..sessions.issuer import IssuedTokens
from ..tokens.claims import AccessClaims
from ..web.request import identify
from ..web.services import services
from .refusal import as_http

# Kept in the request, not in g: a test that holds an app context open shares one g among its requests. The
# events of a Flask-SocketIO socket share the environ, so each value there is stored with its request.
_IDENTITY = "ratchet.identity"
_USER = "ratchet.user"

_guarded: ContextVar[Request | None] = ContextVar("ratchet_guarded", default=None)
"""The request whose guarded view is running."""


@contextmanager
def in_guarded_view() -> Iterator[None]:
    """Note that a guarded view is running."""
    before = _guarded.set(_this_request())
    try:
        yield
    finally:
        _guarded.reset(before)


def identity() -> AccessClaims:
    """Whose request this is; TokenMissing or TokenInvalid if nobody is signed in.

    It is found once for a request, so that a guarded view which ends the session still knows whose it was. A
    WebSocket is one request for as long as it is open: there, time and revocation are looked at on every
    call. The signature is verified once per process in any case.
    """
    environ, this = request.environ, _this_request()
    known_to, claims = environ.get(_IDENTITY, (None, None))
    if known_to is not this or _is_websocket():
        claims = identify()
        environ[_IDENTITY] = this, claims
    if claims is None:
        raise TokenMissing
    return cast("AccessClaims", claims)


def became(issued: IssuedTokens) -> None:
    """From here on the request is that of the session that it has started."""
    claims = services().reader.read_access(issued.access_token)
    request.environ[_IDENTITY] = _this_request(), claims


def became_nobody() -> None:
    """From here on nobody is signed in, unless the view is guarded: that one relies on its user."""
    if not _is_guarded():
        request.environ[_IDENTITY] = _this_request(), None


class Identity:
    """Who is signed in, as the access token of the current request says: no query.

    False where nobody is signed in; reading a field then raises TokenMissing or TokenInvalid.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        try:
            identity()
        except RatchetError:
            return False
        return True

    @property
    def subject(self) -> str:
        """The user's id as text (``sub``)."""
        return identity().subject

    @property
    def session_id(self) -> str:
        """The id of the session (``sid``)."""
        return identity().session_id

    @property
    def auth_time(self) -> int:
        """When the user signed in, in seconds since the epoch (``auth_time``)."""
        return identity().auth_time

    @property
    def claims(self) -> dict[str, Any]:
        """What ``Ratchet(claims=…)`` has written, as old as the access token. Each call gives a new value."""
        return identity().further_claims


def _is_websocket() -> bool:
    return str(request.environ.get("HTTP_UPGRADE", "")).lower() == "websocket"


def _this_request() -> Request:
    return cast("Request", cast("Any", request)._get_current_object())  # noqa: SLF001  # Werkzeug's public way


def still_signed_in() -> bool:
    """Whether the access token of this request is still good; false also where nobody is signed in."""
    try:
        return identify() == identity()
    except RatchetError:
        return False


def live_session() -> tuple[Account, Session]:
    """The account and session of this request, from the user row; TokenInvalid if the session has ended."""
    claims = identity()
    return services().reader.find(SessionRef(claims.subject, claims.session_id))


def _load_user() -> Any:
    """The host's user object, or None where nobody is signed in or ``db.session`` has no such row.

    A guarded view relies on a user, so there it is TokenInvalid. The object is asked of ``db.session`` each
    time, which sends one SELECT as long as something holds it. A later event of a socket has a ``db.session``
    of its own, and what is written to an object of another one is lost.
    """
    try:
        claims = identity()
    except RatchetError:
        if _is_guarded():
            raise
        return None
    user = request.environ[_USER] = services().store.user(claims.subject)
    if user is None and _is_guarded():
        raise as_http(TokenInvalid())
    return user


def _is_guarded() -> bool:
    """Whether this runs in a guarded view."""
    return _guarded.get() is _this_request()


current_user: Any = LocalProxy(_load_user)
"""The signed-in user, an object of the host's model; false where nobody is signed in or the row is gone."""
