"""The JSON API: HTTP in, a verb of sessions.py or credentials.py, HTTP out."""

from __future__ import annotations

from flask import Response, jsonify, request

from ..errors import NotFound, ReauthenticationRequired
from ..lifecycle.account import SessionRef
from ..sessions.issuer import IssuedTokens
from ..sessions.service import SessionOptions
from ..web import responses
from ..web.body import Body, check_delivery, read_body
from ..web.guard import live_session, required
from ..web.request import (
    client_ip,
    device_label,
    live_session_ref,
    presented_access_tokens,
    presented_sessions,
)
from ..web.services import services
from . import exchange

DELIVERIES = ("cookie", "body")
SCOPES = ("session", "others", "all")


def login() -> Response:
    """POST /login: a name and a password, or a refresh token, for tokens."""
    body = read_body()
    if "grant_type" in body:
        return responses.tokens(exchange.refresh_grant(body), "body")
    delivery = check_delivery(body.choice("delivery", *DELIVERIES))
    field, identifier = _identifier(body)
    options = SessionOptions(body.flag("remember"), delivery, device_label(body.text("label")))
    refs, now = presented_sessions(), services().clock()
    account = services().credentials.authenticate(
        field,
        identifier,
        body.needed("password"),
        address=client_ip(),
        device=live_session_ref(),
        now=now,
    )
    issued = services().sessions.start(account, options, now, replaces=next(iter(refs), None))
    reply = responses.tokens(issued, delivery)
    if refs and delivery == "body":
        services().cookies.clear(reply)  # they speak of the session that has just ended
    return reply


def refresh() -> Response:
    """POST /refresh: the refresh token, delivered the way it came, for new tokens."""
    body = read_body()
    token = exchange.body_token(body)
    presented = services().cookies.read_refresh(request)
    delivery = "body" if presented is None else "cookie"
    if "grant_type" in body:
        return responses.tokens(exchange.refresh_grant(body, presented), delivery)
    return responses.tokens(exchange.refresh(token, presented), delivery)


def logout() -> Response:
    """POST /logout: end this session, the others, or all; always 204 for this one."""
    body = read_body()
    scope = body.choice("scope", *SCOPES)
    token = exchange.body_token(body)
    presented = services().cookies.read_refresh(request)
    if presented is None:
        presented = [] if token is None else [token]
    services().sessions.sign_out(presented, presented_access_tokens(), scope, services().clock())
    return Response(status=204) if scope == "others" else responses.signed_out()


@required
def me() -> Response:
    """GET /me: who is signed in, and in which session."""
    account, session = live_session()
    return jsonify(user=dict(account.profile), session=responses.session(session, session.id))


@required
def password() -> Response:
    """POST /password: a new password; every other session ends."""
    body = read_body()
    issued = change_password(body.needed("current_password"), body.needed("new_password"))
    return responses.tokens(issued, issued.session.delivery)


def change_password(current: str, new: str) -> IssuedTokens:
    """Give the signed-in user a new password, and a fresh session in place of all they had."""
    account, session = live_session()
    return services().credentials.change_password(
        account, session, current, new, address=client_ip(), now=services().clock()
    )


@required
def list_sessions() -> Response:
    """GET /sessions: the devices that are signed in."""
    account, session = live_session()
    return jsonify(sessions=responses.sessions(account, session.id))


@required
def end_session(session_id: str) -> Response:
    """DELETE /sessions/<id>: sign one device out."""
    account, session = live_session()
    if session_id not in {item.id for item in services().sessions.live(account, services().clock())}:
        raise NotFound
    services().sessions.end(SessionRef(account.subject, session_id), services().clock(), "ended")
    return responses.signed_out() if session_id == session.id else Response(status=204)


@required(fresh=True)
def start_session() -> Response:
    """POST /sessions: a session for another device or tool of the same user, by body."""
    body = read_body()
    options = SessionOptions(
        remember=True, delivery=check_delivery("body"), label=device_label(body.text("label"))
    )
    account, session = live_session()
    if session.started_by:
        raise ReauthenticationRequired("Only a session in which you signed in starts another one.")
    issued = services().sessions.start(account, options, services().clock(), started_by=session)
    return responses.tokens(issued, "body", 201)


def _identifier(body: Body) -> tuple[str, str]:
    """The column to look in and what to look for; an ``@`` makes an identifier an e-mail address."""
    for name in ("email", "username"):
        if name in body and "identifier" not in body:
            return name, body.needed(name)
    identifier = body.needed("identifier")
    return ("email" if "@" in identifier else "username"), identifier
