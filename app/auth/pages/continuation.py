"""Continue: renew during a page navigation, without script, and repeat the same request.

A page whose access token has run out redirects to ``/auth/continue``, where the browser sends its refresh
cookie; that renews and sends the browser back. GET comes back by 303, a form post by 307 with its method and
body. Only navigations are redirected. A request by script, an image or a download gets a 401.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug import Response as BaseResponse

from ..errors import (
    BearerRefused,
    RatchetError,
    ReauthenticationRequired,
    RefreshTokenInvalid,
    RefreshTokenMissing,
    Unavailable,
)
from ..routing.media_types import HTML
from ..routing.routes import BY_REFRESH_TOKEN, COOKIES, Parameter, ReplySpec, Routes
from ..web import origin, redirects, responses, stream
from ..web.request import check_origin, check_purpose, evidence, keep_from_caches, refresh_cookies
from ..web.services import services
from .rendering import NEXT, show

RETRY_SECONDS = 3
"""Seconds after which the page for a fault tries again."""

PAGE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'nonce-{nonce}'"
"""The policy of the pages of continue: no script, no other host, and only the style in the page."""

OPTIONAL = Parameter("optional", "query", "Go on to ``next`` also if the renewal fails.")
TO_SIGN_IN = "to the sign-in page where the session is over"
ERROR_PAGES: Mapping[int, ReplySpec] = {
    401: ReplySpec("The session is over, and there is no sign-in page.", {HTML: None}),
    403: ReplySpec("In a frame of another site, or this user may not sign in.", {HTML: None}),
    503: ReplySpec("A page that tries again.", {HTML: None}, ("Retry-After",)),
}

routes = Routes()


def refused(problem: RatchetError) -> ResponseReturnValue:
    """The reply to a request that a guarded view refused: a redirect for a page, JSON for the rest."""
    try:
        stream.drain()
        return (_for_page(problem) if redirects.is_navigation() else None) or responses.error(problem)
    except RatchetError as graver:
        return responses.error(graver)


def _for_page(problem: RatchetError) -> BaseResponse | None:
    """What a page gets instead of an error in JSON.

    It goes to continue, or to the sign-in page where that cannot help. A page that is only read comes again
    after a fault.
    """
    if isinstance(problem, Unavailable):
        return busy(problem) if request.method in origin.SAFE_METHODS else None
    if isinstance(problem, ReauthenticationRequired):
        return _to_sign_in(problem) if redirects.login_url() else None
    if not isinstance(problem, BearerRefused):
        return None
    if redirects.can_continue(problem):
        return redirects.to_continue()
    check_origin()
    return _to_sign_in(problem)


def hand_back(sender: Flask, exception: BaseException, **_: object) -> None:
    """Give a refusal back to Flask's error handlers where an extension has taken their place.

    Flask-RESTful and Flask-RESTX make a 500 of every error that is no HTTP exception, and RESTX writes the
    reply to those itself. First they send Flask's signal for it, and if a receiver of that signal raises,
    they call Flask's own handler. So this receiver raises the error. A RatchetError that no guard has raised
    is no HTTP exception: the ``code`` of those is the status, and hosts answer with it, while its own
    ``code`` is the name that clients and hosts know it by.
    """
    replaced = "handle_user_exception" in vars(sender)
    if replaced and isinstance(exception, RatchetError) and not exception.handed_back:
        exception.handed_back = True
        raise exception


@routes.route(
    "GET",
    "/continue",
    {
        200: ReplySpec(
            "A page that reloads itself: after a link of another site a cookie or a proof is missing.",
            {HTML: None},
        ),
        204: ReplySpec("Empty: HEAD does not renew."),
        303: ReplySpec(f"To the page, or {TO_SIGN_IN}.", headers=("Location", *COOKIES)),
        **ERROR_PAGES,
    },
    guard=BY_REFRESH_TOKEN,
    refuses=(Unavailable,),
    parameters=(NEXT, OPTIONAL),
)
def continue_() -> ResponseReturnValue:
    """Renew during a page navigation and go on to the page."""
    return _continue()


@routes.route(
    "POST",
    "/continue",
    {
        303: ReplySpec(f"Only {TO_SIGN_IN}.", headers=("Location", *COOKIES)),
        307: ReplySpec("To the page, with the same body.", headers=("Location", *COOKIES)),
        **ERROR_PAGES,
    },
    guard=BY_REFRESH_TOKEN,
    parameters=(NEXT, OPTIONAL),
)
def continue_form() -> ResponseReturnValue:
    """Renew during a form post and go on with it."""
    return _continue()


def _continue() -> ResponseReturnValue:
    """Renew and redirect to ``next``, or show a page that says why not."""
    stream.drain()
    if request.method == "HEAD":
        return Response(status=204)
    check_purpose()
    presented = refresh_cookies()
    if presented is None and OPTIONAL.name not in request.args and _is_kept_back_in_frame():
        return _page("framed", 403, target=redirects.next_page())
    if _is_strict_arrival() or _is_bound_arrival(presented):
        return _page("arrival", 200, again=redirects.here())
    try:
        return _renew(presented)
    except RatchetError as problem:
        return _explain(problem)


def _renew(presented: Sequence[str] | None) -> Response:
    if presented is None:
        raise RefreshTokenMissing
    issued = services().sessions.refresh(presented, evidence=evidence())
    page = redirects.next_page()
    reply = _no_store(redirect(page, 303 if request.method == "GET" else 307))
    services().cookies.set_continued(reply, redirects.split_origin(page)[1] or page)
    return responses.set_cookies(reply, issued)


def _explain(problem: RatchetError) -> ResponseReturnValue:
    """The page for a session that is over, or for a fault, which leaves the session as it is."""
    if OPTIONAL.name in request.args:
        return _continue_signed_out(problem)
    if isinstance(problem, Unavailable):
        return busy(problem)
    reply = _to_sign_in(problem)
    services().cookies.set_continued(reply)
    return reply


def busy(problem: RatchetError) -> Response:
    """The page that tries again; the session stays as it is."""
    page = _page("busy", problem.status, problem=problem, seconds=RETRY_SECONDS, again=redirects.here())
    page.headers["Retry-After"] = str(RETRY_SECONDS)
    responses.make_way_for_proof(page, problem)
    return page


def _continue_signed_out(problem: RatchetError) -> Response:
    """Redirect to the page, which then treats the user as not signed in.

    The query of its URL names a theft or a block.
    """
    reason = None if isinstance(problem, Unavailable) else _reason(problem)
    target = redirects.with_query(redirects.next_page(), {"reason": reason} if reason else {})
    reply = _no_store(redirect(target, 303 if request.method in origin.SAFE_METHODS else 307))
    services().cookies.set_continued(reply)
    return reply


def _to_sign_in(problem: RatchetError) -> Response:
    """The sign-in page, with the URL to come back to and the reason, where the site has one."""
    login_url = redirects.login_url()
    if login_url is None:
        return _page("over", problem.status, problem=problem)
    return _no_store(redirect(redirects.with_next(login_url, _way_back(), _reason(problem)), 303))


def _reason(problem: RatchetError) -> str | None:
    """The reason for the sign-in page to show; None if the session has only expired."""
    usual = isinstance(problem, RefreshTokenMissing | BearerRefused | RefreshTokenInvalid)
    return problem.reason if usual else problem.code


def _way_back() -> str:
    """The path to return to after signing in; after a form post, whose fields are lost, its page."""
    is_safe = request.method in origin.SAFE_METHODS
    if request.endpoint == "ratchet.continue_":
        return redirects.next_page() if is_safe else redirects.page_before()
    return redirects.here() if is_safe or not request.referrer else redirects.page_before()


def _is_kept_back_in_frame() -> bool:
    """Whether this is in a frame of another site, and the browser may therefore not have sent our cookies.

    Partitioned cookies are sent there. Without one, nobody has signed in within the frame.
    """
    headers = request.headers
    return (
        not services().settings.cookie_partitioned
        and headers.get("Sec-Fetch-Dest") in ("iframe", "frame", "embed", "object")
        and headers.get("Sec-Fetch-Site") == "cross-site"
    )


def _is_strict_arrival() -> bool:
    """Whether the browser sent no cookies because of SameSite=Strict and a link of another site.

    A page of ours that loads the same URL again is a same-site navigation, so the cookies are sent.
    """
    strict = services().settings.cookie_samesite == "Strict"
    return strict and request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site"


def _is_bound_arrival(presented: Sequence[str] | None) -> bool:
    """Whether a link of another site led here, and a key of the device may be needed.

    A browser proves no key for another site, and does not say so (Device Bound Session Credentials, W3C). It
    does for a page of ours that loads the same URL again. In an unbound session it sends the access cookie.
    """
    is_foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
    may_be_bound = bool(services().settings.device_bound) and presented is not None
    return may_be_bound and is_foreign and request.method == "GET" and not evidence().access


def _page(name: str, status: int, **values: object) -> Response:
    reply = Response(status=status)
    keep_from_caches(reply)
    return show(reply, name, PAGE_POLICY, **values)


def _no_store(reply: BaseResponse) -> Response:
    keep_from_caches(reply)
    return cast("Response", reply)
