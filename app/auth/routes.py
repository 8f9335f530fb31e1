"""The JSON API: HTTP in, a verb of sessions.py or credentials.py, HTTP out."""

from __future__ import annotations

from flask import Response, jsonify, request

from . import exchange, replies, visitor
from .account import Place
from .body import Body, check_delivery, read_body
from .errors import NotFound, ReauthenticationRequired
from .grants import Grant
from .guard import live_session, required
from .sessions import Wish
from .state import state

DELIVERIES = ("cookie", "body")
SCOPES = ("session", "others", "all")


def login() -> Response:
    """POST /login: a name and a password, or a refresh token, for tokens."""
    body = read_body()
    if "grant_type" in body:
        return replies.tokens(exchange.refresh_grant(body), "body")
    delivery = check_delivery(body.choice("delivery", *DELIVERIES))
    field, identifier = _identifier(body)
    wish = Wish(body.flag("remember"), delivery, visitor.label(body.text("label")))
    places, now = visitor.places(), state().clock()
    account = state().credentials.authenticate(
        field,
        identifier,
        body.needed("password"),
        address=visitor.address(),
        device=visitor.live_place(),
        now=now,
    )
    grant = state().sessions.start(account, wish, now, replaces=next(iter(places), None))
    reply = replies.tokens(grant, delivery)
    if places and delivery == "body":
        state().cookies.clear(reply)  # they speak of the session that has just ended
    return reply


def refresh() -> Response:
    """POST /refresh: the refresh token, delivered the way it came, for new tokens."""
    body = read_body()
    token = exchange.body_token(body)
    presented = state().cookies.read_refresh(request)
    delivery = "body" if presented is None else "cookie"
    if "grant_type" in body:
        return replies.tokens(exchange.refresh_grant(body, presented), delivery)
    return replies.tokens(exchange.refresh(token, presented), delivery)


def logout() -> Response:
    """POST /logout: end this session, the others, or all; always 204 for this one."""
    body = read_body()
    scope = body.choice("scope", *SCOPES)
    token = exchange.body_token(body)
    presented = state().cookies.read_refresh(request)
    if presented is None:
        presented = [] if token is None else [token]
    state().sessions.sign_out(presented, visitor.access_tokens(), scope, state().clock())
    return Response(status=204) if scope == "others" else replies.signed_out()


@required
def me() -> Response:
    """GET /me: who is signed in, and in which session."""
    account, session = live_session()
    return jsonify(user=dict(account.profile), session=replies.session(session, session.id))


@required
def password() -> Response:
    """POST /password: a new password; every other session ends."""
    body = read_body()
    grant = change_password(body.needed("current_password"), body.needed("new_password"))
    return replies.tokens(grant, grant.session.delivery)


def change_password(current: str, new: str) -> Grant:
    """Give the signed-in user a new password, and a fresh session in place of all they had."""
    account, session = live_session()
    return state().credentials.change_password(
        account, session, current, new, address=visitor.address(), now=state().clock()
    )


@required
def list_sessions() -> Response:
    """GET /sessions: the devices that are signed in."""
    account, session = live_session()
    return jsonify(sessions=replies.sessions(account, session.id))


@required
def end_session(session_id: str) -> Response:
    """DELETE /sessions/<id>: sign one device out."""
    account, session = live_session()
    if session_id not in {item.id for item in state().sessions.live(account, state().clock())}:
        raise NotFound
    state().sessions.end(Place(account.subject, session_id), state().clock(), "ended")
    return replies.signed_out() if session_id == session.id else Response(status=204)


@required(fresh=True)
def start_session() -> Response:
    """POST /sessions: a session for another device or tool of the same user, by body."""
    body = read_body()
    wish = Wish(remember=True, delivery=check_delivery("body"), label=visitor.label(body.text("label")))
    account, session = live_session()
    if session.started_by:
        raise ReauthenticationRequired("Only a session in which you signed in starts another one.")
    grant = state().sessions.start(account, wish, state().clock(), started_by=session)
    return replies.tokens(grant, "body", 201)


def _identifier(body: Body) -> tuple[str, str]:
    """The column to look in and what to look for; an ``@`` makes an identifier an e-mail address."""
    for name in ("email", "username"):
        if name in body and "identifier" not in body:
            return name, body.needed(name)
    identifier = body.needed("identifier")
    return ("email" if "@" in identifier else "username"), identifier
