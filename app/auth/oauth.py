"""OAuth for clients that speak it: the refresh grant, revocation, introspection, and where to find them.

RFC 6749 section 6, RFC 7009, RFC 7662 and RFC 8414. Tokens come and go in forms and bodies alone: no cookie
is read, set or cleared here.
"""

from __future__ import annotations

import hmac
import re
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, request, url_for

from . import replies, visitor
from .account import Place
from .body import check_delivery, read_form
from .errors import (
    AccountRefused,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    NotFound,
    RefreshTokenInvalid,
    RefreshTokenReused,
    TokenInvalid,
    UnsupportedGrantType,
)
from .state import state

GRANT_TYPE = "refresh_token"
INACTIVE = {"active": False}
MAX_AGE = 3600
"""Seconds for which a client may keep the metadata."""

_ISSUER = re.compile(r"https?://[^/?#\s]+(?P<path>/[^?#\s]*)?")
"""What an issuer has to look like (RFC 8414, section 2); any other RATCHET_ISSUER is a mere name."""


def token() -> Response:
    """POST /token: a refresh token for new tokens (RFC 6749, section 6).

    Whatever speaks against the session is ``invalid_grant``; a Reuse ends it all the same. A site that keeps
    refresh tokens in cookies alone (RATCHET_BODY_DELIVERY) answers ``invalid_request``, as elsewhere.
    """
    form = read_form()
    if form.needed("grant_type") != GRANT_TYPE:
        raise UnsupportedGrantType
    presented = form.needed("refresh_token")
    check_delivery("body")
    try:
        grant = state().sessions.refresh([presented], state().clock())
    except (RefreshTokenInvalid, RefreshTokenReused, AccountRefused) as problem:
        raise InvalidGrant(problem.description) from problem
    reply = replies.tokens(grant, "body")
    reply.headers["Pragma"] = "no-cache"  # RFC 6749, section 5.1
    return reply


def revoke() -> Response:
    """POST /revoke: end the session of a token, of either kind and however old (RFC 7009).

    An unknown token is answered alike: it is as invalid as its bearer wants it to be. The hint at its type
    is not needed.
    """
    presented = [read_form().needed("token")]
    state().sessions.sign_out(presented, presented, "session", state().clock())
    return jsonify({})


def introspect() -> Response:
    """POST /introspect: what a token says, if it is good, for a service that shows a secret (RFC 7662).

    A refresh token has ``token_type`` ``refresh_token``, so that no service takes it for an access token.
    """
    if not _is_service(visitor.bearer()):
        raise InvalidClient
    presented = read_form().needed("token")
    return jsonify(_about_access(presented) or _about_refresh(presented) or INACTIVE)


def metadata() -> Response:
    """GET /.well-known/oauth-authorization-server: what this server can do, and where (RFC 8414).

    The issuer is RATCHET_ISSUER where that is an address, else where this site is.
    """
    known = _issuer()
    if not request.host:  # else everybody behind a cache would be sent nowhere
        raise InvalidRequest("The Host header names no host.")
    own = urlsplit(_address("token"))
    reply = jsonify(_metadata(known.string if known else f"{own.scheme}://{own.netloc}{request.script_root}"))
    reply.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return reply


def metadata_of(path: str) -> Response:
    """GET /.well-known/oauth-authorization-server/<path>: the same, for an issuer with a path."""
    known = _issuer()
    if known is None or (known["path"] or "").strip("/") != path.strip("/"):
        raise NotFound("There is no such issuer.")
    return metadata()


def _issuer() -> re.Match[str] | None:
    return _ISSUER.fullmatch(state().settings.issuer or "")


def _is_service(secret: str | None) -> bool:
    """Whether a bearer is one of the secrets; the time it takes says nothing of any of them."""
    presented = (secret or "").encode()
    known = [hmac.compare_digest(presented, one.encode()) for one in state().settings.service_secrets]
    return any(known)


def _about_access(presented: str) -> dict[str, Any] | None:
    with suppress(TokenInvalid):
        claims = visitor.read_access(presented)
        state().sessions.find(Place(claims.subject, claims.session_id), state().clock())
        return _named("iss", "aud") | {
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
    now = state().clock()
    for claims in state().mint.valid_refresh([presented], now):
        if state().sessions.honours(claims, now):
            return _named("iss") | {
                "active": True,
                "token_type": "refresh_token",
                "sub": claims.subject,
                "sid": claims.session_id,
                "jti": claims.token_id,
                "exp": claims.expires_at,
            }
    return None


def _named(*names: str) -> dict[str, Any]:
    """Those of issuer and audience that the settings name."""
    settings = state().settings
    values = {"iss": settings.issuer, "aud": settings.audience}
    return {name: values[name] for name in names if values[name] is not None}


def _metadata(issuer: str) -> dict[str, Any]:
    settings = state().settings
    keys = {"jwks_uri": _address("jwks")} if settings.jwt_keys else {}
    return keys | {
        "issuer": issuer,
        "token_endpoint": _address("token"),
        "revocation_endpoint": _address("revoke"),
        "introspection_endpoint": _address("introspect"),
        "response_types_supported": [],
        "grant_types_supported": [GRANT_TYPE] if settings.body_delivery else [],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
    }


def _address(endpoint: str) -> str:
    return url_for(f"ratchet.{endpoint}", _external=True)
