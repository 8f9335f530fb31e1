"""The OAuth endpoints: the refresh grant, revocation and introspection.

RFC 6749 section 6, RFC 7009 and RFC 7662. Tokens travel only in forms and bodies: these routes read, set and
clear no cookie.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any
from urllib.parse import unquote_plus

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from ..errors import InvalidClient, RatchetError, TokenInvalid
from ..lifecycle.account import SessionRef
from ..routing.media_types import FORM, JSON
from ..routing.routes import BodySpec, Guard, ReplySpec, Routes
from ..routing.schemas import EMPTY, EPOCH, REFRESH, TOKENS_IN_BODY, component, record, text
from ..sessions.issuer import Evidence
from ..tokens.claims import CLIENT_ID, AccessClaims
from ..web import responses
from ..web.body import read_form
from ..web.request import bearer_token
from ..web.services import services
from .exchange import GRANT, GRANT_ERRORS, refresh_grant

INACTIVE = {"active": False}

_GRANT = {"grant_type": GRANT, "refresh_token": REFRESH | {"minLength": 1}}
_TOKEN = {
    "token": text("An access token or a refresh token.", minLength=1),
    "token_type_hint": text("Ignored: access_token, refresh_token, or any other text."),
}
_ONCE = {"description": "No parameter may come twice (RFC 6749, section 3.2)."}

TOKEN_FORM = component("TokenForm", record(*_GRANT, **_GRANT) | _ONCE)
_CLIENT = {
    "client_id": text("Any name: the secret says enough."),
    "client_secret": text("One of RATCHET_SERVICE_SECRETS, if no header has it."),
}
TOKEN_TO_REVOKE = component("TokenToRevoke", record("token", **_TOKEN) | _ONCE)
TOKEN_QUESTION = component("TokenQuestion", record("token", **_TOKEN, **_CLIENT) | _ONCE)
INTROSPECTION = component(
    "Introspection",
    record(
        "active",
        active={"type": "boolean"},
        token_type=text("A refresh_token gives no access.", enum=["Bearer", "refresh_token"]),
        sub=text("The id of the user."),
        sid=text("The id of the session."),
        jti=text("The id of the token."),
        client_id=text("The client of an access token: the site itself."),
        iss={"type": "string"},
        aud={"type": "string"},
        iat=EPOCH,
        exp=EPOCH,
        auth_time=EPOCH,
    ),
)

routes = Routes()


def _demand_service(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Let only services into a view: those that present one of RATCHET_SERVICE_SECRETS."""

    @wraps(view)
    def guarded(**values: str) -> ResponseReturnValue:
        if not any(map(_is_service, _presented_secrets())):
            raise InvalidClient
        return view(**values)

    return guarded


SERVICE = Guard(("service", "serviceBasic"), (InvalidClient,), _demand_service)


@routes.route(
    "POST",
    "/token",
    {200: ReplySpec("Refreshed.", {JSON: TOKENS_IN_BODY}, ("Pragma",))},
    body=BodySpec(TOKEN_FORM, FORM),
    refuses=GRANT_ERRORS,
)
def token() -> Response:
    """Exchange a refresh token for new tokens (RFC 6749, section 6).

    A site that keeps refresh tokens in cookies only (RATCHET_BODY_DELIVERY) answers ``invalid_request``, as
    elsewhere.
    """
    issued, delivery = refresh_grant(read_form())
    reply = responses.tokens(issued, delivery)
    reply.headers["Pragma"] = "no-cache"  # RFC 6749, section 5.1
    return reply


@routes.route(
    "POST",
    "/revoke",
    {200: ReplySpec("The session of the token has ended.", {JSON: EMPTY})},
    body=BodySpec(TOKEN_TO_REVOKE, FORM),
)
def revoke() -> Response:
    """End the session of a token (RFC 7009).

    The token can be of either kind and of any age. An unknown token gets the same answer, because it
    is already invalid. The hint at its type is not needed.
    """
    presented = [read_form().needed("token")]
    services().sessions.sign_out(presented, Evidence(tuple(presented)), "session")
    return jsonify({})


@routes.route(
    "POST",
    "/introspect",
    {200: ReplySpec("What the server knows about the token.", {JSON: INTROSPECTION})},
    body=BodySpec(TOKEN_QUESTION, FORM),
    guard=SERVICE,
)
def introspect() -> Response:
    """Ask what a token says and whether it is good (RFC 7662).

    A refresh token has ``token_type`` ``refresh_token``, so that no service takes it for an access token.
    """
    presented = read_form().needed("token")
    return jsonify(_about_access(presented) or _about_refresh(presented) or INACTIVE)


def _presented_secrets() -> tuple[str, ...]:
    """The secret of a service in each spelling it can have: as a bearer, by Basic, or in the form.

    The name of the client is not looked at. OAuth clients encode the secret for Basic (RFC 6749, section
    2.3.1); curl and others do not.
    """
    if "Authorization" not in request.headers:
        with suppress(RatchetError):
            return (read_form().text("client_secret") or "",)
        return ()
    basic = request.authorization
    if basic is None or basic.type != "basic":
        return (bearer_token() or "",)
    secret = basic.password or ""
    return secret, unquote_plus(secret)


def _is_service(secret: str) -> bool:
    """Whether this is one of the secrets, compared in constant time."""
    presented = secret.encode()
    known = [hmac.compare_digest(presented, one.encode()) for one in services().settings.service_secrets]
    return any(known)


def _about_access(presented: str) -> dict[str, Any] | None:
    with suppress(TokenInvalid):
        claims = services().reader.read_access(presented)
        services().reader.find(SessionRef(claims.subject, claims.session_id))
        return {
            **claims.further_claims,
            **_named("iss", "aud"),
            **_token_claims(claims),
            "active": True,
            "token_type": "Bearer",
            "sub": claims.subject,
            "sid": claims.session_id,
            "iat": claims.issued_at,
            "exp": claims.expires_at,
            "auth_time": claims.auth_time,
        }
    return None


def _about_refresh(presented: str) -> dict[str, Any] | None:
    for claims in services().reader.honoured([presented]):
        return _named("iss") | {
            "active": True,
            "token_type": "refresh_token",
            "sub": claims.subject,
            "sid": claims.session_id,
            "jti": claims.token_id,
            "exp": claims.expires_at,
        }
    return None


def _token_claims(claims: AccessClaims) -> dict[str, Any]:
    """The id and client of an access token. One of the release before has neither."""
    return {"jti": claims.token_id, "client_id": CLIENT_ID} if claims.token_id else {}


def _named(*names: str) -> dict[str, Any]:
    """The issuer and audience, if the settings name them."""
    settings = services().settings
    values = {"iss": settings.issuer, "aud": settings.audience}
    return {name: values[name] for name in names if values[name] is not None}
