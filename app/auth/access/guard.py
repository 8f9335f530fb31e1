"""@ratchet.required: who may enter a view, and where a page that was refused goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, overload

from flask import after_this_request, current_app, request
from werkzeug import Response

from ..errors import BearerRefused, InsufficientScope, RatchetError, ReauthenticationRequired
from ..routing import placement
from ..web import redirects, stream
from ..web.services import services
from .refusal import as_http, as_redirect
from .visitor import identity, in_guarded_view, live_session

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
    is_plain = isinstance(claims, Mapping) or (callable(claims) and not iscoroutinefunction(claims))
    if claims is not None and not is_plain:  # a coroutine that nobody awaits would count as a yes
        raise TypeError(f"required(claims=…) takes a mapping or a plain function, not {claims!r}")

    def guard(guarded: Callable[..., Any]) -> Callable[..., Any]:
        is_async, is_placed = iscoroutinefunction(guarded), False

        @wraps(guarded)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal is_placed
            is_placed = is_placed or placement.check(current_app.view_functions.get(request.endpoint or ""))
            call = current_app.ensure_sync(guarded) if is_async else guarded
            if optional:
                way = _recognise()
                return call(*args, **kwargs) if way is None else way
            _check_access(fresh=fresh, live=live, demand=claims)
            with in_guarded_view():
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
    values = [claimed, *claimed] if isinstance(claimed, list) else [claimed]
    # In JSON true is not 1 and false is not 0; in Python they are equal.
    return any(value == wanted and isinstance(value, bool) == isinstance(wanted, bool) for value in values)


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
