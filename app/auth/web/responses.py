"""The responses: one JSON form for tokens, one for sessions, one for every error."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import HTTPException

from ..errors import MethodNotAllowed, ProofPending, RatchetError, TooManyAttempts, Unavailable
from ..lifecycle.rotation import Session
from ..sessions.issuer import IssuedTokens
from . import device_binding
from .request import NOT_STORED, READS_ACCESS, keep_from_caches
from .services import services

NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""The policy of responses that are no pages (ASVS 3.4.3)."""

_DEFAULTS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": NO_PAGE,
    "Cache-Control": "no-store",
}
"""The headers of a response of ours that has no others of these names."""

_POLICY = "ratchet.policy"
"""The policy of our response, in the environ of its request."""

_BY_STATUS = {kind.status: kind for kind in (TooManyAttempts, Unavailable)}
"""What a refusal of the host or of an extension means, where its status tells (Flask-Limiter: 429)."""

TOKEN_HEADERS = ("Cookie", "Authorization")
"""The request headers that can contain a token."""

_BY_TOKEN = ", ".join(TOKEN_HEADERS)


def tokens(issued: IssuedTokens, delivery: str, status: int = 200, *, replaces: bool = False) -> Response:
    """The reply to a sign-in or a refresh (RFC 6749, 5.1).

    With cookie delivery the refresh token is only in the cookie; with body delivery no cookie is set.
    ``replaces`` says that the session takes the place of another one in this browser.
    """
    content: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "user": dict(issued.account.profile),
    }
    if delivery == "body":
        content |= {"refresh_token": issued.refresh_token, "refresh_expires_in": issued.refresh_expires_in}
    reply = jsonify(content)
    if status != reply.status_code:
        reply.status_code = status
    if delivery == "cookie":
        set_cookies(reply, issued, replaces=replaces)
    return reply


def deliver(response: Response, issued: IssuedTokens, *, replaces: bool) -> Response:
    """Set the cookies of a new session; with body delivery only clear those of the session it replaces."""
    if issued.session.delivery == "cookie":
        set_cookies(response, issued, replaces=replaces)
    elif replaces:
        services().cookies.clear(response)
    return response


def set_cookies(response: Response, issued: IssuedTokens, *, replaces: bool = False) -> Response:
    """Set the cookies; they outlive the browser window only in a remembered session.

    The access cookie of a session that is bound to a device is set only with a proof of its key, see
    ``set_bound_cookie``.
    """
    max_age = issued.refresh_expires_in if issued.session.remember else None
    is_bound = issued.session.device is not None and issued.session.device.demands_proof
    services().cookies.set(
        response,
        None if is_bound else issued.access_token,
        issued.refresh_token,
        session_id=issued.session.id,
        max_age=max_age,
        spare=replaces or _keeps_spare(issued.session),
    )
    if is_bound and issued.sets_access_cookie:
        set_bound_cookie(response, issued)
    device_binding.offer(response, issued)
    return response


def set_bound_cookie(response: Response, issued: IssuedTokens) -> Response:
    """Set the access cookie of a session that is bound to a device. It runs out just before its token does.

    When it has run out, the browser proves its key before it sends the next request. It lives one second
    less than the token, because the life of the token is counted from a whole second.
    """
    services().cookies.set_access(response, issued.access_token, max(1, issued.expires_in - 1))
    return response


def _keeps_spare(item: Session) -> bool:
    """Whether a reply to a request of the session before this one can still be under way: for one leeway."""
    return services().cookies.holds_spare() and services().reader.has_just_started(item)


def session(item: Session, current_id: str) -> dict[str, Any]:
    """One session; times in ISO 8601, UTC."""
    refused_at = item.device and item.device.refused_at
    return {
        "id": item.id,
        "current": item.id == current_id,
        "label": item.label,
        "started_at": _moment(item.started_at),
        "last_used_at": _moment(item.served_at),
        "expires_at": _moment(services().reader.ends_at(item)),
        "device_bound": item.device is not None and item.device.is_bound,
        "copy_refused_at": _moment(refused_at) if refused_at else None,
    }


def sessions(items: Iterable[Session], current_id: str) -> list[dict[str, Any]]:
    """These sessions, as their user sees them."""
    return [session(item, current_id) for item in services().reader.shown(items, current_id)]


def signed_out() -> Response:
    """204 that clears the cookies."""
    response = Response(status=204)
    services().cookies.clear(response)
    return response


def error(problem: RatchetError) -> Response:
    """The reply to a refused request.

    It clears no cookie. It may arrive late, after a new sign-in in the same browser, and would then take
    away the cookies of that one; and the cookie that was refused may be another site's. The exception is an
    access cookie that hinders a proof: the next request brings a good one.
    """
    reply = _problem(problem.code, services().sentences.describe(problem), problem.status, problem.reason)
    if problem.challenge:
        reply.headers["WWW-Authenticate"] = problem.challenge
    if problem.retry_after:
        reply.headers["Retry-After"] = str(problem.retry_after)
    if isinstance(problem, MethodNotAllowed):
        reply.headers["Allow"] = ", ".join(sorted(problem.allowed))
    make_way_for_proof(reply, problem)
    return reply


def make_way_for_proof(reply: Response, problem: RatchetError) -> None:
    """Clear an access cookie with which the browser has not proved its key: it proves where there is none."""
    if isinstance(problem, ProofPending):
        services().cookies.clear_access(reply)


def http_error(problem: HTTPException) -> Response:
    """The reply to a request that Werkzeug or the host refuses, or to an error in the code.

    It has no internal details. A ``Retry-After`` of the refusal is kept.
    """
    status = problem.code or 500
    meant = meaning(problem)
    if meant is None and status < 500:
        said = problem.description or problem.name
        return _problem("invalid_request", services().sentences.tell("invalid_request", said), status)
    reply = error(meant or RatchetError())
    reply.status_code = status
    return keep_waiting(reply, problem)


def meaning(problem: HTTPException) -> RatchetError | None:
    """The error of ours that a refusal of the host or of an extension means, where its status tells."""
    kind = _BY_STATUS.get(problem.code or 500)
    return kind() if kind else None


def keep_waiting(reply: Response, problem: HTTPException) -> Response:
    """The reply with the ``Retry-After`` of the refusal, if that has one."""
    reply.headers.update(header for header in problem.get_headers() if header[0] == "Retry-After")
    return reply


def mark_language(response: Response) -> Response:
    """Name the language of a translated reply, and the header that it depends on (RFC 9110, 8.5, 12.5.5)."""
    said = services().sentences
    if said.is_translated:
        response.headers["Content-Language"] = said.language
        response.vary.add("Accept-Language")
    return response


def finish(response: Response) -> Response:
    """Forbid sniffing and framing, and caching unless the view allows it (RFC 9111, 5.2.2.5)."""
    # One look at all headers: Werkzeug raises and catches an error for each one that is absent.
    given = {name.title(): value for name, value in response.headers}
    response.headers.extend({name: value for name, value in _DEFAULTS.items() if name not in given})
    environ = request.environ
    environ[_POLICY] = given.get("Content-Security-Policy", NO_PAGE)
    if given.get("Cache-Control", "no-store") == "no-store":
        environ[NOT_STORED] = True
        _vary_by_token(response)
    return response


def keep_policy(response: Response) -> Response:
    """Give our pages back the policy that they are written for, where a hook of the host has replaced it.

    Flask-Talisman sets one policy for all pages of an app. For after_request of the app.
    """
    policy = request.environ.get(_POLICY)
    if policy is not None and response.headers.getlist("Content-Security-Policy") != [policy]:
        response.headers["Content-Security-Policy"] = policy
    return response


def tell_caches(response: Response) -> Response:
    """Prevent a cache from giving one user's response to another: for after_request of the app (CWE-524).

    What depends on a token varies with the headers that can contain it (RFC 9110, 12.5.5), also where it was
    missing; what sets or clears cookies is not stored (RFC 9111, 7.3), whatever the view and the hooks of the
    host say. Our own replies with tokens and our refusals are not stored either.
    """
    environ = request.environ
    is_kept_from_caches = NOT_STORED in environ
    if is_kept_from_caches or READS_ACCESS in environ:
        _vary_by_token(response)
    if is_kept_from_caches or services().cookies.are_in(response):
        response.headers["Cache-Control"] = "no-store"
    return response


def _vary_by_token(response: Response) -> None:
    named = [value for name, value in response.headers if name.title() == "Vary"]
    if not named:
        response.headers.add("Vary", _BY_TOKEN)
    elif named != [_BY_TOKEN]:
        response.headers["Vary"] = ", ".join(named)  # Werkzeug reads only the first line
        response.vary.update(TOKEN_HEADERS)


def _problem(code: str, description: str, status: int, reason: str | None = None) -> Response:
    because = {"reason": reason} if reason else {}
    reply = jsonify(error=code, error_description=description, **because)
    reply.status_code = status
    keep_from_caches(reply)
    return mark_language(reply)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
