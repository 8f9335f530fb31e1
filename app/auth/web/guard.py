"""@ratchet.required, current_user, identity: which user sent a request, and who may enter a view."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast, overload

from flask import Request, after_this_request, current_app, request
from werkzeug import Response
from werkzeug.local import LocalProxy

from ..errors import (
    BearerRefused,
    InsufficientScope,
    RatchetError,
    ReauthenticationRequired,
    TokenInvalid,
    TokenMissing,
)
from ..lifecycle.account import Account, SessionRef
from ..lifecycle.rotation import Session
from ..sessions.issuer import IssuedTokens
from ..tokens.claims import AccessClaims
from . import placement, redirects, stream
from .refusal import as_http, as_redirect
from .request import identify
from .services import services

# Kept in the request, not in g: a test that holds an app context open shares one g among its requests. The
# events of a Flask-SocketIO socket share the environ, so each value there is stored with its request.
_IDENTITY = "ratchet.identity"
_USER = "ratchet.user"

_guarded: ContextVar[Request | None] = ContextVar("ratchet_guarded", default=None)
"""The request whose guarded view is running."""

Demand = Mapping[str, Any] | Callable[[Mapping[str, Any]], bool]
"""What a view asks of the host's claims: values by name, or a function that takes them all."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


@overload
def required(view: Callable[_P, _R], /) -> Callable[_P, _R]: ...
@overload
def required(
    *, fresh: bool = False, live: bool = False, optional: bool = False, claims: Demand | None = None
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]: ...
def required(
    view: Any = None,
    /,
    *,
    fresh: bool = False,
    live: bool = False,
    optional: bool = False,
    claims: Demand | None = None,
) -> Any:
    """Let only signed-in people into a view; with ``optional``, let everybody in and know who is signed in.

    ``fresh`` demands a recent sign-in (RATCHET_FRESH_FOR), ``live`` that the session still exists; both read
    the user row. Put it directly below the route. A decorator between them, such as a cache of whole pages,
    answers without this check, and would serve the page of one user to everybody: RuntimeError, where it is
    one of Flask-Caching. Raises TokenMissing, TokenInvalid, ReauthenticationRequired, InsufficientScope, or
    CrossOrigin if a token came in a cookie.

    ``claims`` demands claims that ``Ratchet(claims=…)`` has written: each named one has the value, or is a
    list with it. A function gets them all and returns whether they are enough.

    ``optional`` is for a page that everybody may see. It refuses nobody. A browser that holds a session whose
    access token has run out is sent to continue first, once. If that fails, the page is shown as to somebody
    who is not signed in. Raises ValueError together with ``fresh``, ``live`` or ``claims``, which
    do refuse.
    """
    if optional and (fresh or live or claims is not None):
        raise ValueError("required(optional=True) lets everybody in, so it takes no fresh, live or claims")
    if claims is not None and not (isinstance(claims, Mapping) or callable(claims)):
        raise TypeError(f"required(claims=…) takes a mapping or a function, not {claims!r}")

    def guard(guarded: Callable[..., Any]) -> Callable[..., Any]:
        is_async, is_placed = iscoroutinefunction(guarded), False

        @wraps(guarded)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal is_placed
            is_placed = is_placed or placement.check()
            call = current_app.ensure_sync(guarded) if is_async else guarded
            if optional:
                way = _recognise()
                return call(*args, **kwargs) if way is None else way
            _check_access(fresh=fresh, live=live, demand=claims)
            with _inside():
                return call(*args, **kwargs)

        return placement.marked(wrapper)

    return guard if view is None else guard(view)


def _check_access(*, fresh: bool, live: bool, demand: Demand | None) -> None:
    """Raise the error of a request that may not enter the view; its body is dropped before the reply."""
    try:
        claims = identity()
        if demand is not None and not _is_met(demand, claims.further_claims):
            raise InsufficientScope
        if fresh or live:
            _, session = live_session()
        if fresh and not services().reader.is_fresh(session):
            raise ReauthenticationRequired
    except RatchetError as problem:
        after_this_request(stream.drain_behind)
        refusal = _refusal(problem)
    else:
        return
    raise refusal


def _is_met(demand: Demand, claims: Mapping[str, Any]) -> bool:
    if callable(demand):
        return bool(demand(claims))
    return all(name in claims and _has(claims[name], wanted) for name, wanted in demand.items())


def _has(claimed: object, wanted: object) -> bool:
    return claimed == wanted or (isinstance(claimed, list) and wanted in claimed)


def _refusal(problem: RatchetError) -> Exception:
    """What a page that is renewed, and what everything else, is refused with.

    Flask hands an HTTP exception that has a response to no error handler: a page renews also where the host
    has one for TokenMissing or RatchetError.
    """
    try:
        way = redirects.renewal(problem)
    except RatchetError as graver:
        return as_http(graver)
    return as_http(problem) if way is None else as_redirect(way, problem)


def _recognise() -> Response | None:
    """Find out who is signed in; the redirect to continue, if a renewal is needed for that."""
    try:
        identity()
    except BearerRefused as problem:
        return redirects.renewal_if_any(problem)
    except RatchetError:  # a form of another site, or the database is down: nobody is signed in here
        return None
    return None


@contextmanager
def _inside() -> Iterator[None]:
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
