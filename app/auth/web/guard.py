"""@ratchet.required: a request to an identity, kept for the length of the request."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, overload

from flask import after_this_request, current_app, request
from werkzeug.local import LocalProxy

from ..errors import RatchetError, ReauthenticationRequired, TokenInvalid
from ..lifecycle.account import Account, SessionRef
from ..lifecycle.rotation import Session
from ..tokens.claims import AccessClaims
from . import stream
from .request import identify
from .services import services

# Kept in the request, not in g: a test that holds an app context open shares one g among its requests.
_IDENTITY = "ratchet.identity"
_USER = "ratchet.user"

_P = ParamSpec("_P")
_R = TypeVar("_R")


@overload
def required(view: Callable[_P, _R], /) -> Callable[_P, _R]: ...
@overload
def required(
    *, fresh: bool = False, live: bool = False
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]: ...
def required(view: Any = None, /, *, fresh: bool = False, live: bool = False) -> Any:
    """Let only signed-in people into a view.

    ``fresh`` demands a recent sign-in (RATCHET_FRESH_FOR), ``live`` that the session still exists; both ask
    the user row. It belongs directly below the route: what stands between them, such as a cache of whole
    pages, answers without asking who is there, and serves the page of one visitor to everybody. Refuses with
    TokenMissing, TokenInvalid, ReauthenticationRequired, or CrossOrigin where a token came in a cookie.
    """

    def guard(guarded: Callable[..., Any]) -> Callable[..., Any]:
        is_async = iscoroutinefunction(guarded)

        @wraps(guarded)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            _admit(fresh=fresh, live=live)
            return (current_app.ensure_sync(guarded) if is_async else guarded)(*args, **kwargs)

        return wrapper

    return guard if view is None else guard(view)


def _admit(*, fresh: bool, live: bool) -> None:
    """Raise what speaks against entering the view; then the body is dropped, whoever answers."""
    try:
        identity()
        if fresh or live:
            _, session = live_session()
        if fresh and not services().reader.is_fresh(session):
            raise ReauthenticationRequired
    except RatchetError:
        after_this_request(stream.drain_behind)
        raise


def identity() -> AccessClaims:
    """Whose request this is; TokenMissing or TokenInvalid where that is nobody's."""
    environ = request.environ
    claims: AccessClaims | None = environ.get(_IDENTITY)
    if claims is None:
        claims = environ[_IDENTITY] = identify()
    return claims


def live_session() -> tuple[Account, Session]:
    """The account and session of this request, asked of the user row; TokenInvalid where it has ended."""
    claims = identity()
    return services().reader.find(SessionRef(claims.subject, claims.session_id))


def _load_user() -> Any:
    """The host's user object, or None where nobody is signed in; loaded once per request."""
    if _USER not in request.environ:
        try:
            claims = identity()
        except RatchetError:
            return None
        user = services().store.user(claims.subject)
        if user is None:
            raise TokenInvalid
        request.environ[_USER] = user
    return request.environ[_USER]


current_user: Any = LocalProxy(_load_user)
"""The signed-in user, an object of the host's model; false where nobody is signed in."""
