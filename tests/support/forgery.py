"""Tokens as an attacker would make them: any header, any claims, any key, one HMAC."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from app.auth.tokens.claims import RefreshClaims, RefreshTokens
from app.auth.tokens.jws import derive_key

from .samples import NOW, SECRET

ACCESS_KEY: bytes = derive_key(SECRET, "access token").material
REFRESH_KEY: bytes = derive_key(SECRET, "refresh token").material
ACCESS_HEADER = {"alg": "HS256", "typ": "at+jwt"}
REFRESH_HEADER = {"alg": "HS256", "typ": "rt+jwt"}
ACCESS = {
    "sub": "7",
    "sid": "phone",
    "iat": int(NOW),
    "exp": int(NOW) + 600,
    "auth_time": int(NOW) - 60,
    "jti": "first",
    "client_id": "first-party",
}
REFRESH = {"sub": "7", "sid": "phone", "jti": "current", "exp": int(NOW) + 600}

BLANK_KEY = b""
"""What a library signs with whose secret was never set."""

OTHER_KEY = hashlib.sha256(b"somebody else's").digest()
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def forge(header: Any, claims: Any, key: bytes = ACCESS_KEY, digest: str = "sha256") -> str:
    """A token with that header and those claims, signed; bytes are taken as they are."""
    signing_input = f"{segment(header)}.{segment(claims)}"
    return f"{signing_input}.{encode(hmac.digest(key, signing_input.encode(), digest))}"


def forge_access(claims: Any) -> str:
    """An access token with those claims, and nothing else wrong with it."""
    return forge(ACCESS_HEADER, claims, ACCESS_KEY)


def forge_refresh(claims: Any) -> str:
    """A refresh token with those claims, and nothing else wrong with it."""
    return forge(REFRESH_HEADER, claims, REFRESH_KEY)


def forge_for(secret: str, subject: str, session_id: str, token_id: str = "guessed") -> str:
    """A refresh token of that user and session, as a thief of the site's secret would make it."""
    tokens = RefreshTokens([derive_key(secret, "refresh token")], None)
    return tokens.sign(RefreshClaims(subject, session_id, token_id, int(NOW) + 86400))


def segment(part: Any) -> str:
    """One part of a token, from bytes or from a value."""
    if isinstance(part, bytes):
        return encode(part)
    return encode(json.dumps(part, separators=(",", ":"), sort_keys=True).encode())


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> Any:
    """The value that one part of a token holds."""
    return json.loads(base64.urlsafe_b64decode(text + "=="))


def header_of(token: str) -> dict[str, Any]:
    """The header of a token; nothing here checks that the token is authentic."""
    header: dict[str, Any] = decode(token.split(".", maxsplit=1)[0])
    return header


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token; nothing here checks that the token is authentic."""
    claims: dict[str, Any] = decode(token.split(".")[1])
    return claims
