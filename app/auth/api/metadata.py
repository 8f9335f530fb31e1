"""What this site publishes for other services: its public keys and its metadata (RFC 7517, RFC 8414)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from ..errors import InvalidRequest, NotFound
from ..routing.media_types import JSON
from ..routing.routes import PUBLIC, Parameter, ReplySpec, Routes
from ..routing.schemas import TEXTS, URL, component, record
from ..tokens.jws import JWKS_MAX_AGE
from ..web.services import services
from .exchange import GRANT_TYPE

MAX_AGE = 3600
"""Seconds for which a client may keep the metadata."""

_ISSUER = re.compile(r"https?://[^/?#\s]+(?P<path>/[^?#\s]*)?")
"""An issuer that is a URL (RFC 8414, section 2); any other RATCHET_ISSUER is only a name."""

_KEY = {name: {"type": "string"} for name in ("kty", "kid", "alg", "use")}
KEY_SET = component("KeySet", record("keys", keys={"type": "array", "items": record(*_KEY, **_KEY)}))

_ENDPOINTS = ("token_endpoint", "revocation_endpoint", "introspection_endpoint")
_LISTS = (
    "response_types_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_methods_supported",
)
SERVICE_METHODS = ["client_secret_basic", "client_secret_post", "Bearer"]
"""How a service presents its secret, in the words of RFC 8414, section 2."""

METADATA = component(
    "Metadata",
    record(
        "issuer",
        "response_types_supported",
        issuer={"type": "string"},
        jwks_uri=URL,
        **dict.fromkeys(_ENDPOINTS, URL),
        **dict.fromkeys(_LISTS, TEXTS),
    ),
)
ISSUER_PATH = Parameter("path", "path", "The path of the issuer; it may have several segments.")

routes = Routes()
"""Below RATCHET_URL_PREFIX."""

root_routes = Routes()
"""At the root of the site, where every client looks for them (RFC 8615)."""


@routes.route(
    "GET",
    "/jwks.json",
    {200: ReplySpec("No keys: the site signs with its secret.", {JSON: KEY_SET}, PUBLIC)},
)
def jwks() -> Response:
    """The public keys of the access tokens (RFC 7517).

    These are the public halves of every key that is accepted. The one that signs comes first.
    """
    reply = jsonify(keys=[dict(key.jwk) for key in services().settings.jwt_keys])
    reply.headers["Cache-Control"] = f"public, max-age={JWKS_MAX_AGE}"
    return reply


@root_routes.route(
    "GET",
    "/.well-known/oauth-authorization-server",
    {200: ReplySpec("The metadata.", {JSON: METADATA}, PUBLIC)},
    refuses=(InvalidRequest,),
)
def metadata() -> ResponseReturnValue:
    """What this server can do, and where (RFC 8414).

    The issuer is RATCHET_ISSUER if that is a URL, else the origin of this site. A shared cache may keep the
    reply if the settings name the host. Otherwise the ``Host`` header names it, and a request with a wrong
    one must not put wrong URLs into a cache that others read (CWE-348).
    """
    known = _issuer_url()
    if not request.host:
        raise InvalidRequest("The Host header names no host.")
    reply = jsonify(_metadata(issuer(), _own_origin(known)))
    config = current_app.config
    is_sure = known or config.get("SERVER_NAME") or config.get("TRUSTED_HOSTS")
    reply.headers["Cache-Control"] = f"{'public' if is_sure else 'private'}, max-age={MAX_AGE}"
    return reply


@root_routes.route(
    "GET",
    "/.well-known/oauth-authorization-server/<path:path>",
    {200: ReplySpec("The metadata.", {JSON: METADATA}, PUBLIC)},
    refuses=(NotFound, InvalidRequest),
    parameters=(ISSUER_PATH,),
)
def metadata_of(path: str) -> ResponseReturnValue:
    """The same, for an issuer with a path."""
    known = _issuer_url()
    if known is None or (known["path"] or "").strip("/") != path.strip("/"):
        raise NotFound("There is no such issuer.")
    return metadata()


def issuer() -> str:
    """The issuer that the metadata name to this request: RATCHET_ISSUER if that is a URL, else our own.

    Empty if the ``Host`` header names no host.
    """
    known = _issuer_url()
    if known:
        return known.string
    return f"{_own_origin(None)}{request.script_root}" if request.host else ""


def _issuer_url() -> re.Match[str] | None:
    return _ISSUER.fullmatch(services().settings.issuer or "")


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
        "introspection_endpoint_auth_methods_supported": SERVICE_METHODS,
    }


def _own_origin(issuer: re.Match[str] | None) -> str:
    """Scheme and host of this site: from SERVER_NAME, else from the issuer, else from the request."""
    external = url_for("ratchet.token", _external=True)
    named = issuer.string if issuer and not current_app.config.get("SERVER_NAME") else external
    parts = urlsplit(named)
    return f"{parts.scheme}://{parts.netloc}"
