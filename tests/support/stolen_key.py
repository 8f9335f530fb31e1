"""Tokens made with a signing key alone, as a thief of the key would."""

from __future__ import annotations

from app.auth.tokens.claims import RefreshClaims, RefreshTokens
from app.auth.tokens.jws import derive_key
from tests.conftest import START


def forge(secret: str, subject: str, session_id: str, token_id: str = "guessed") -> str:
    """A refresh token of that user and session."""
    token_issuer = RefreshTokens([derive_key(secret, "refresh token")], None)
    return token_issuer.sign(RefreshClaims(subject, session_id, token_id, int(START) + 86400))
