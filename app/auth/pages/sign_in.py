"""The package's own sign-in page, for a host that has none, and a sign-out by form. Neither needs script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Response, redirect, request, url_for

from ..errors import (
    AccountBlocked,
    AccountUnconfirmed,
    DeviceProofRequired,
    InvalidCredentials,
    RatchetError,
    ReauthenticationRequired,
    RefreshTokenReused,
    SignInRefused,
    TooManyAttempts,
    Unavailable,
)
from ..lifecycle.account import SessionRef
from ..routing.media_types import FORM, HTML
from ..routing.routes import ACCOUNT, BY_ANY_TOKEN, COOKIES, BodySpec, Parameter, ReplySpec, Routes
from ..routing.schemas import component, record, text
from ..settings.model import Settings
from ..user import MAX_IDENTIFIER_LENGTH, field_of
from ..web import password_sign_in, redirects, responses
from ..web.body import Body, read_form
from ..web.request import (
    check_purpose,
    evidence,
    live_session_ref,
    refresh_cookies,
    session_options,
)
from ..web.services import services
from .rendering import NEXT, show

POLICY = (
    "default-src 'none'; base-uri 'none'; style-src 'self' 'nonce-{nonce}'; img-src 'self'; font-src 'self'"
)
"""No script; a host's own template can have style, pictures and fonts of its site.

There is no form-action. Chromium applies that to every redirect after the form, also to one of the page
that ``next`` names. Such a page may lead to another site, as an OAuth authorization does.
"""

SIGNED_OUT = "signed_out"
REASONS: Mapping[str, str] = {
    RefreshTokenReused.code: "Somebody used an old copy of your sign-in, so that session was ended. If this "
    "was not you, sign in and change your password.",
    DeviceProofRequired.code: DeviceProofRequired.default_description,
    ReauthenticationRequired.code: "Sign in again to do this.",
    AccountBlocked.code: AccountBlocked.default_description,
    AccountUnconfirmed.code: AccountUnconfirmed.default_description,
    SIGNED_OUT: "You are signed out.",
}
"""What the page says, by the ``reason`` in its URL."""

LABELS = {
    ("email", "username"): "E-mail address or user name",
    ("email",): "E-mail address",
    ("username",): "User name",
}
"""What the field is called, by the names that the host's users have."""

NO_FOREIGN_FRAME = "; frame-ancestors 'self'"
"""The rest of the policy, except for a site whose partitioned cookies are for frames of other sites."""

REASON = Parameter("reason", "query", "Why the page is shown: the code of an error.")

_AGAIN = ReplySpec("The form again, with the problem.", {HTML: None})
_LATER = ReplySpec("The form again, with the problem.", {HTML: None}, ("Retry-After",))
_TEXTS = {
    "identifier": text("An e-mail address or a user name."),
    "password": text("The whole password."),
    "remember": text("Present in a form whose box is ticked."),
}
SIGN_IN_FORM = component("SignInForm", record("identifier", "password", **_TEXTS))


def _is_there(settings: Settings) -> bool:
    return settings.has_sign_in_page


routes = Routes()


@routes.route(
    "GET",
    "/sign-in",
    {
        200: ReplySpec("The form, or who is signed in.", {HTML: None}),
        403: ReplySpec("Who is signed in, and why the site refuses them.", {HTML: None}),
        503: _LATER,
    },
    refuses=(SignInRefused, Unavailable),
    parameters=(NEXT, REASON),
    is_there=_is_there,
)
def sign_in() -> Response:
    """Show the sign-in page."""
    if request.method == "HEAD":
        return Response(mimetype=HTML)
    check_purpose()
    live = live_session_ref()
    try:
        if live:
            services().sessions.check_host(live)
    except SignInRefused as problem:
        return _page(responses.error(problem), live, problem=problem)
    return _page(Response(), live)


@routes.route(
    "POST",
    "/sign-in",
    {
        303: ReplySpec("Signed in; to the page.", headers=("Location", *COOKIES)),
        **dict.fromkeys((400, 401, 403, 413, 415), _AGAIN),
        **dict.fromkeys((429, 503), _LATER),
    },
    body=BodySpec(SIGN_IN_FORM, FORM),
    refuses=(InvalidCredentials, TooManyAttempts, *ACCOUNT),
    parameters=(NEXT,),
    is_there=_is_there,
)
def sign_in_by_form() -> Response:
    """Sign in with a password in a form, and go on to the page."""
    form = read_form()
    try:
        return _sign_in(form)
    except RatchetError as problem:
        return refused(problem, form)


@routes.route(
    "POST",
    "/sign-out",
    {
        303: ReplySpec("To the page, or to the sign-in page.", headers=("Location", *COOKIES)),
        **dict.fromkeys((403, 503), ReplySpec("A page that says why not.", {HTML: None})),
    },
    guard=BY_ANY_TOKEN,
    parameters=(NEXT,),
    is_there=_is_there,
)
def sign_out() -> Response:
    """Sign this browser out by a form, and go on to the page."""
    services().sessions.sign_out(refresh_cookies() or (), evidence(), "session")
    target = redirects.next_page() if NEXT.name in request.args else url_for(".sign_in", reason=SIGNED_OUT)
    reply = cast("Response", redirect(target, 303))
    services().cookies.clear(reply)
    return reply


def refused(problem: RatchetError, form: Body | None = None) -> Response:
    """The reply to a refused request: a page for a navigation to one of these, otherwise JSON."""
    reply = responses.error(problem)
    if not redirects.is_navigation():
        return reply
    if request.endpoint == "ratchet.sign_in":
        return _page(reply, problem=problem, form=form)
    if request.endpoint == "ratchet.sign_out":
        return show(reply, "sign_out", _policy(), problem=problem)
    return reply


def _sign_in(form: Body) -> Response:
    identifier, password = form.text("identifier") or "", form.text("password") or ""
    options = session_options("cookie", remember="remember" in form)
    issued, replaces = password_sign_in.sign_in(field_of(identifier), identifier, password, options)
    reply = cast("Response", redirect(redirects.next_page(), 303))
    return responses.set_cookies(reply, issued, replaces=replaces)


def _page(
    reply: Response,
    ref: SessionRef | None = None,
    *,
    problem: RatchetError | None = None,
    form: Body | None = None,
) -> Response:
    """The page: the form, or who is signed in, unless that person was sent here to sign in again."""
    reason = request.args.get("reason", "")
    user = services().store.user(ref.subject) if ref else None
    name = _name(user)
    return show(
        reply,
        "sign_in",
        _policy(),
        user=None if reason == ReauthenticationRequired.code else user,
        name=name,
        identifier=(form.text("identifier") if form else None) or name,
        remember=form is None or "remember" in form,
        max_length=MAX_IDENTIFIER_LENGTH,
        label=LABELS.get(tuple(services().store.rows.names), "Name"),
        problem=problem,
        reason=_reason(reason),
        next_page=redirects.next_page(),
        form_url=url_for(".sign_in", next=request.args.get("next")),
    )


def _policy() -> str:
    return POLICY if services().settings.cookie_partitioned else POLICY + NO_FOREIGN_FRAME


def _name(user: Any) -> str:
    """What ``user`` signs in with, the e-mail address where there is one; "" for nobody."""
    fields = services().store.rows.names if user else ()
    return next((str(name) for field in fields if (name := getattr(user, field))), "")


def _reason(code: str) -> str | None:
    """What the page says for a ``reason`` in its URL; nothing for one that it does not know."""
    return services().sentences.tell(code, REASONS[code]) if code in REASONS else None
