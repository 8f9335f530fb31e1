"""The pages: sign in, the account with its devices, sign out. They work without script."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from gunicorn.http.errors import NoMoreData, ParseException  # type: ignore[import-untyped]  # has no types
from werkzeug.exceptions import NotFound

from app.auth import (
    CrossOrigin,
    InvalidCredentials,
    InvalidRequest,
    RatchetError,
    TooManyAttempts,
    Unavailable,
    current_user,
)

from . import moments, ratchet

SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

REASONS = {
    "refresh_token_reused": "Somebody used an old copy of your sign-in, so we signed that device out. If you "
    "did not do this yourself, sign in, look through your devices, and change your password.",
    "reauthentication_required": "Please sign in once more to do this.",
    "signed_out": "You are signed out.",
    "account_blocked": "This account has been blocked.",
    "account_unconfirmed": "This account has not been confirmed yet.",
}
"""The messages of the sign-in page, by the reason of the redirect."""

blueprint = Blueprint("site", __name__, template_folder="templates", static_folder="static")


@blueprint.app_context_processor
def client() -> dict[str, str]:
    """The variables of every page: the URL of the browser client."""
    return {"script_url": ratchet.script_url()}


@blueprint.before_request
def check_origin() -> None:
    """Refuse a form that another site posts here."""
    ratchet.check_origin()


@blueprint.after_request
def protect(response: Response) -> Response:
    """Forbid caching, scripts of other origins, and frames."""
    response.headers.setdefault("Content-Security-Policy", SECURITY_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.endpoint != "site.static":
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.errorhandler(CrossOrigin)
@blueprint.errorhandler(Unavailable)
def explain(problem: RatchetError) -> ResponseReturnValue:
    """A page that explains an error."""
    return _page(problem, "site/problem.html")


@blueprint.app_errorhandler(NoMoreData)
@blueprint.app_errorhandler(ParseException)
def explain_broken_body(_problem: Exception) -> ResponseReturnValue:
    """A 400 for a form that gunicorn cannot read to its end, such as one in broken chunks (RFC 9112, 7.1)."""
    return protect(_page(InvalidRequest(), "site/problem.html"))


@blueprint.app_errorhandler(404)
def explain_nothing(_problem: NotFound) -> ResponseReturnValue:
    """The page for a path that does not exist."""
    return protect(make_response(render_template("site/nothing.html"), 404))


@blueprint.get("/")
@ratchet.required(optional=True)
def index() -> ResponseReturnValue:
    """Redirect to the account page, or to the sign-in page, which tells the reason if there is one."""
    if current_user:
        return redirect(url_for("site.account"), 303)
    return redirect(url_for("site.sign_in", reason=request.args.get("reason")), 303)


@blueprint.get("/sign-in")
@ratchet.required(optional=True)
def sign_in() -> ResponseReturnValue:
    """The sign-in page. Somebody who is signed in is told so: they may be here to sign in as another."""
    reason = REASONS.get(request.args.get("reason", ""))
    return render_template("site/sign_in.html", reason=reason, user=current_user)


@blueprint.post("/sign-in")
def sign_in_post() -> ResponseReturnValue:
    """Check name and password; redirect to ``next``, or show the form again with what was typed."""
    form = request.form
    try:
        user = ratchet.authenticate(form.get("identifier", ""), form.get("password", ""))
        ratchet.start_session(user, remember="remember" in form)
    except RatchetError as problem:
        return _page(problem, "site/sign_in.html")
    return redirect(ratchet.next_page(), 303)


@blueprint.get("/account")
@ratchet.required(live=True)
def account() -> ResponseReturnValue:
    """Who is signed in, and on which devices."""
    return _account()


@blueprint.get("/account/password")
def password_form() -> ResponseReturnValue:
    """Redirect to the form on the account page: a sign-in after a lost form post leads here."""
    return redirect(url_for("site.account"), 303)


@blueprint.post("/account/password")
@ratchet.required
def change_password() -> ResponseReturnValue:
    """Change the password; every other device is signed out."""
    form = request.form
    try:
        ratchet.change_password(form.get("current_password", ""), form.get("new_password", ""))
    except (InvalidCredentials, InvalidRequest, TooManyAttempts) as problem:
        return _with_problem(_account(problem=problem), problem)
    return redirect(url_for("site.account", changed="password"), 303)


@blueprint.get("/demo")
def demo() -> ResponseReturnValue:
    """A page that works only with the browser client."""
    return render_template("site/demo.html")


@blueprint.post("/account/sessions/<session_id>/end")
@ratchet.required
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign one device out."""
    ratchet.end_session(session_id)
    return redirect(url_for("site.account"), 303)


@blueprint.post("/account/sessions/end-others")
@ratchet.required
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other device out."""
    ratchet.end_other_sessions()
    return redirect(url_for("site.account"), 303)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign this browser out."""
    ratchet.end_session()
    return redirect(url_for("site.sign_in", reason="signed_out"), 303)


@blueprint.get("/forget.svg")
def forget() -> ResponseReturnValue:
    """An empty picture after a sign-out; it makes the browser drop the pages it kept for the back button.

    Chromium keeps a page while its successor is loaded, ``no-store`` or not, so the header has to come after.
    """
    reply = Response("<svg xmlns='http://www.w3.org/2000/svg'/>", mimetype="image/svg+xml")
    if request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin":
        reply.headers["Clear-Site-Data"] = '"cache"'
    return reply


def _account(**values: object) -> str:
    devices = moments.devices(ratchet.list_sessions())
    return render_template(
        "site/account.html",
        user=current_user,
        devices=devices,
        min_length=ratchet.password_min_length,
        **values,
    )


def _page(problem: RatchetError, template: str) -> Response:
    return _with_problem(render_template(template, problem=problem), problem)


def _with_problem(content: str, problem: RatchetError) -> Response:
    page = make_response(content, problem.status)
    if problem.retry_after:
        page.headers["Retry-After"] = str(problem.retry_after)
    return page
