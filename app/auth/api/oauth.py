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

from flask import Response, current_app, jsonify, request, url_for

from ..errors import InvalidClient, InvalidRequest, NotFound, TokenInvalid
from ..lifecycle.account import SessionRef
from ..web import responses
from ..web.body import read_form
from ..web.request import bearer_token, read_access_token
from ..web.services import services
from .exchange import GRANT_TYPE, refresh_grant

INACTIVE = {"active": False}
MAX_AGE = 3600
"""Seconds for which a client may keep the metadata."""

_ISSUER = re.compile(r"https?://[^/?#\s]+(?P<path>/[^?#\s]*)?")
"""What an issuer has to look like (RFC 8414, section 2); any other RATCHET_ISSUER is a mere name."""


def token() -> Response:
    """POST /token: a refresh token for new tokens (RFC 6749, section 6).

    A site that keeps refresh tokens in cookies only (RATCHET_BODY_DELIVERY) answers ``invalid_request``, as
    elsewhere.
    """
    reply = responses.tokens(refresh_grant(read_form()), "body")
    reply.headers["Pragma"] = "no-cache"  # RFC 6749, section 5.1
    return reply


def revoke() -> Response:
    """POST /revoke: end the session of a token, of either kind and however old (RFC 7009).

    An unknown token is answered alike: it is as invalid as its bearer wants it to be. The hint at its type
    is not needed.
    """
    presented = [read_form().needed("token")]
    services().sessions.sign_out(presented, presented, "session", services().clock())
    return jsonify({})


def introspect() -> Response:
    """POST /introspect: what a token says, if it is good, for a service that shows a secret (RFC 7662).

    A refresh token has ``token_type`` ``refresh_token``, so that no service takes it for an access token.
    """
    if not _is_service(bearer_token()):
        raise InvalidClient
    presented = read_form().needed("token")
    return jsonify(_about_access(presented) or _about_refresh(presented) or INACTIVE)


def metadata() -> Response:
    """GET /.well-known/oauth-authorization-server: what this server can do, and where (RFC 8414).

    The issuer is RATCHET_ISSUER where that is an address, else where this site is. A shared cache may keep
    the reply where the settings name the host. Otherwise the ``Host`` header does, and whoever sends a wrong
    one must not choose the addresses for everybody behind a cache (CWE-348).
    """
    known = _issuer()
    if not request.host:
        raise InvalidRequest("The Host header names no host.")
    own = _own_origin(known)
    reply = jsonify(_metadata(known.string if known else f"{own}{request.script_root}", own))
    config = current_app.config
    is_sure = known or config.get("SERVER_NAME") or config.get("TRUSTED_HOSTS")
    reply.headers["Cache-Control"] = f"{'public' if is_sure else 'private'}, max-age={MAX_AGE}"
    return reply


def metadata_of(path: str) -> Response:
    """GET /.well-known/oauth-authorization-server/<path>: the same, for an issuer with a path."""
    known = _issuer()
    if known is None or (known["path"] or "").strip("/") != path.strip("/"):
        raise NotFound("There is no such issuer.")
    return metadata()


def _issuer() -> re.Match[str] | None:
    return _ISSUER.fullmatch(services().settings.issuer or "")


def _is_service(secret: str | None) -> bool:
    """Whether a bearer is one of the secrets; the time it takes says nothing of any of them."""
    presented = (secret or "").encode()
    known = [hmac.compare_digest(presented, one.encode()) for one in services().settings.service_secrets]
    return any(known)


def _about_access(presented: str) -> dict[str, Any] | None:
    with suppress(TokenInvalid):
        claims = read_access_token(presented)
        services().sessions.find(SessionRef(claims.subject, claims.session_id), services().clock())
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
    now = services().clock()
    for claims in services().token_issuer.valid_refresh([presented], now):
        if services().sessions.honours(claims, now):
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
    settings = services().settings
    values = {"iss": settings.issuer, "aud": settings.audience}
    return {name: values[name] for name in names if values[name] is not None}


def _metadata(issuer: str, origin: str) -> dict[str, Any]:
    settings = services().settings
    at = {name: origin + url_for(f"ratchet.{name}") for name in ("jwks", "token", "revoke", "introspect")}
    keys = {"jwks_uri": at["jwks"]} if settings.jwt_keys else {}
    return keys | {
        "issuer": issuer,
        "token_endpoint": at["token"],
        "revocation_endpoint": at["revoke"],
        "introspection_endpoint": at["introspect"],
        "response_types_supported": [],
        "grant_types_supported": [GRANT_TYPE] if settings.body_delivery else [],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
    }


def _own_origin(issuer: re.Match[str] | None) -> str:
    """Scheme and host of this site: by SERVER_NAME, else as the issuer has them, else by the request."""
    external = url_for("ratchet.token", _external=True)
    named = issuer.string if issuer and not current_app.config.get("SERVER_NAME") else external
    parts = urlsplit(named)
    return f"{parts.scheme}://{parts.netloc}"
