"""The public keys of the access tokens, for other services that verify them (RFC 7517)."""

from __future__ import annotations

from flask import Response, jsonify

from ..tokens.jws import JWKS_MAX_AGE
from ..web.services import services


def jwks() -> Response:
    """GET /jwks.json: the public half of every key that is accepted, the one that signs first."""
    reply = jsonify(keys=[dict(key.jwk) for key in services().settings.jwt_keys])
    reply.headers["Cache-Control"] = f"public, max-age={JWKS_MAX_AGE}"
    return reply
