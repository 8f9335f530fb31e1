"""The JSON API: each view reads the request, calls the authenticator or SessionService, and replies."""

from __future__ import annotations

from flask import Response, jsonify

from ..access.visitor import live_session
from ..errors import (
    InvalidCredentials,
    InvalidRequest,
    NotFound,
    ReauthenticationRequired,
    RefreshTokenInvalid,
    SignInRefused,
    TooManyAttempts,
)
from ..lifecycle.account import SessionRef
from ..routing.media_types import JSON
from ..routing.routes import (
    ACCOUNT,
    BY_ANY_TOKEN,
    BY_REFRESH_TOKEN,
    COOKIES,
    BodySpec,
    Parameter,
    ReplySpec,
    Routes,
)
from ..routing.schemas import (
    LABEL,
    ME,
    SESSIONS,
    TOKENS,
    TOKENS_IN_BODY,
    component,
    one_of,
    or_null,
    record,
)
from ..user import field_of
from ..web import password_sign_in, responses
from ..web.body import Body, check_delivery, read_body
from ..web.request import (
    client_ip,
    evidence,
    refresh_cookies,
    session_options,
)
from ..web.services import services
from . import bodies, exchange
from .guards import RECENTLY_SIGNED_IN, SIGNED_IN

SIGNED_OUT = ReplySpec("Signed out.", headers=COOKIES)

routes = Routes()


@routes.route(
    "POST",
    "/login",
    {200: ReplySpec("Signed in.", {JSON: TOKENS}, COOKIES)},
    body=BodySpec(bodies.SIGN_IN),
    refuses=(InvalidCredentials, TooManyAttempts, *ACCOUNT, *exchange.GRANT_ERRORS),
)
def login() -> Response:
    """Sign in with a password, or refresh by body."""
    body = read_body()
    if "grant_type" in body:
        return responses.tokens(*exchange.refresh_grant(body))
    if not services().settings.password_login:
        raise InvalidRequest("This URL takes no password. Sign in on the sign-in page of the site.")
    delivery = body.choice("delivery", *services().settings.deliveries)
    field, identifier = _identifier(body)
    options = session_options(delivery, remember=body.flag("remember"), label=body.text("label"))
    issued, replaces = password_sign_in.sign_in(field, identifier, body.needed("password"), options)
    reply = responses.tokens(issued, delivery, replaces=replaces)
    if replaces and delivery == "body":
        services().cookies.clear(reply)  # its cookies belong to the session that has just ended
    return reply


@routes.route(
    "POST",
    "/refresh",
    {200: ReplySpec("Refreshed.", {JSON: TOKENS}, COOKIES)},
    body=BodySpec(
        component("Refresh", record(grant_type=or_null(exchange.GRANT), **exchange.TOKEN_FIELD)),
        required=False,
    ),
    guard=BY_REFRESH_TOKEN,
    refuses=(*exchange.REFRESH_ERRORS, *exchange.GRANT_ERRORS),
)
def refresh() -> Response:
    """Exchange a refresh token for new tokens, delivered the way it came."""
    body = read_body()
    token = exchange.body_token(body)
    cookies = refresh_cookies()
    if "grant_type" in body:
        return responses.tokens(*exchange.refresh_grant(body, cookies))
    return responses.tokens(*exchange.refresh(token, cookies))


@routes.route(
    "POST",
    "/logout",
    {204: SIGNED_OUT},
    body=BodySpec(
        component("SignOut", record(scope=or_null(one_of(*bodies.SCOPES)), **exchange.TOKEN_FIELD)),
        required=False,
    ),
    guard=BY_ANY_TOKEN,
    refuses=(RefreshTokenInvalid,),
)
def logout() -> Response:
    """Sign out here, on the other devices, or everywhere.

    For this session the reply is always 204. The sessions of the cookie and of the body both end.
    """
    body = read_body()
    scope = body.choice("scope", *bodies.SCOPES)
    token = exchange.body_token(body)
    presented = [*(refresh_cookies() or ()), *([] if token is None else [token])]
    services().sessions.sign_out(presented, evidence(), scope)
    return Response(status=204) if scope == "others" else responses.signed_out()


@routes.route("GET", "/me", {200: ReplySpec("The user and the session.", {JSON: ME})}, guard=SIGNED_IN)
def me() -> Response:
    """Who is signed in, and in which session."""
    account, session = live_session()
    (shown,) = responses.sessions((session,), session.id)
    return jsonify(user=dict(account.profile), session=shown)


@routes.route(
    "POST",
    "/password",
    {200: ReplySpec("Changed.", {JSON: TOKENS}, COOKIES)},
    body=BodySpec(bodies.NEW_PASSWORD),
    guard=SIGNED_IN,
    refuses=(InvalidCredentials, TooManyAttempts, SignInRefused),
)
def password() -> Response:
    """Change the password; every other session ends."""
    body = read_body()
    current, new = body.needed("current_password"), body.needed("new_password")
    account, session = live_session()
    issued = services().authenticator.change_password(account, session, current, new, client_ip=client_ip())
    return responses.tokens(issued, issued.session.delivery, replaces=True)


@routes.route(
    "GET",
    "/sessions",
    {200: ReplySpec("The most recently used first.", {JSON: SESSIONS})},
    guard=SIGNED_IN,
)
def list_sessions() -> Response:
    """The devices that are signed in."""
    account, session = live_session()
    return jsonify(sessions=responses.sessions(services().reader.live(account), session.id))


@routes.route(
    "DELETE",
    "/sessions/<session_id>",
    {204: SIGNED_OUT},
    guard=SIGNED_IN,
    refuses=(NotFound,),
    parameters=(Parameter("session_id", "path", "The id of one of the user's sessions."),),
)
def end_session(session_id: str) -> Response:
    """Sign one device out."""
    account, session = live_session()
    if session_id not in {item.id for item in services().reader.live(account)}:
        raise NotFound
    services().sessions.end(SessionRef(account.subject, session_id), "ended")
    return responses.signed_out() if session_id == session.id else Response(status=204)


@routes.route(
    "POST",
    "/sessions",
    {201: ReplySpec("Started.", {JSON: TOKENS_IN_BODY})},
    body=BodySpec(component("NewSession", record(label=or_null(LABEL))), required=False),
    guard=RECENTLY_SIGNED_IN,
    refuses=(*ACCOUNT, InvalidCredentials),
)
def start_session() -> Response:
    """Start a session for another device or tool of the same user."""
    body = read_body()
    options = session_options(check_delivery("body"), remember=True, label=body.text("label"))
    account, session = live_session()
    if session.started_by:
        raise ReauthenticationRequired("Only a session that began with a sign-in can start another one.")
    issued = services().sessions.start(account, options, started_by=session)
    return responses.tokens(issued, "body", 201)


def _identifier(body: Body) -> tuple[str, str]:
    """The column and the value to search for."""
    for name in ("email", "username"):
        if name in body and "identifier" not in body:
            return name, body.needed(name)
    identifier = body.needed("identifier")
    return field_of(identifier), identifier
