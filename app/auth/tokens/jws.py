"""Signed tokens of exactly the shape that Ratchet writes (RFC 7515, RFC 7519).

A reader that accepts everything that a JWT library can parse accepts all known attacks on the format: ``alg:
none``, an embedded key, a ``kid`` that is a path, one kind of token in place of another. This reader accepts
only the header that its own writer produces, compared byte by byte, before anything else of the token is used
(RFC 8725, 3.1 and 3.11; ASVS 9.1).

PyJWT makes and verifies every signature, with secrets and with key pairs alike. Its algorithms are called
directly. ``jwt.encode`` and ``jwt.decode`` also check the key and the encoding, at each call; that costs
several times as much as the signature, and they accept more than Ratchet does. Nothing here uses the clock:
claims.py compares the times of a token with the ``now`` of the request.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from .. import strict_json
from ..errors import RatchetError

MAX_TOKEN_LENGTH = 4096
ASYMMETRIC_ALGORITHMS = ("EdDSA", "ES256", "RS256")
"""The algorithms of key pairs in keys.py, the preferred one first (RFC 8037, 3.1; RFC 7518, 3.3 and 3.4)."""

JWKS_MAX_AGE = 300
"""Seconds for which a service may keep our public keys; a new key is published that long before it signs."""

SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
"""A JWS in its compact form (RFC 7515, 7.1)."""


class UnusableKey(ValueError):
    """A key that cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key and its algorithm; ``kid`` identifies it if several are published.

    The ``material`` signs: for HMAC a secret, as bytes (RFC 7518, 3.2), for a key pair its private key.
    """

    algorithm: str
    material: Any = field(repr=False)
    kid: str | None = None

    @property
    def verifying_key(self) -> Any:
        """The key that verifies a signature: for HMAC the same secret."""
        return self.material

    def header(self, typ: str) -> str:
        """The header that a token of this type and key has (RFC 7515, 4.1), serialized and encoded."""
        fields = {"alg": self.algorithm, "typ": typ} | ({"kid": self.kid} if self.kid else {})
        return encode_segment(strict_json.dumps(fields))

    def sign(self, signing_input: str) -> str:
        """The token that begins with this header and these claims (RFC 7515, 5.1)."""
        signature = jwt.get_algorithm_by_name(self.algorithm).sign(signing_input.encode(), self.material)
        return f"{signing_input}.{encode_segment(signature)}"

    def verify(self, token: str) -> bool:
        """Whether this key signed ``token``, with its own algorithm and no other (RFC 8725, 3.1)."""
        signing_input, _, encoded = token.rpartition(".")
        try:
            signature = decode_segment(encoded)
        except ValueError:
            return False
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        return algorithm.verify(signing_input.encode(), self.verifying_key, signature)


def derive_key(secret: str | bytes, purpose: str) -> Key:
    """An HS256 key for one purpose: a signature for one purpose is not valid for another.

    NIST SP 800-108, with HMAC as the PRF.
    """
    raw = secret.encode() if isinstance(secret, str) else secret
    return Key("HS256", hmac.digest(raw, f"ratchet {purpose}".encode(), "sha256"))


class TokenSigner:
    """Signs and reads tokens of one type: the first key signs, all are accepted."""

    def __init__(self, typ: str, keys: Iterable[Key], error: type[RatchetError]) -> None:
        self._error = error
        self._keys: dict[str, list[Key]] = {}
        for key in keys:
            self._keys.setdefault(key.header(typ), []).append(key)
        self._header, (self._signing_key, *_) = next(iter(self._keys.items()))

    def sign(self, claims: Mapping[str, object]) -> str:
        """The token for ``claims``; they are sorted, so the same claims give the same text."""
        return self._signing_key.sign(f"{self._header}.{encode_segment(strict_json.dumps(claims))}")

    def read(self, token: str) -> dict[str, Any]:
        """The claims of ``token`` if its header is exactly one of ours and its signature is valid."""
        if not any(key.verify(token) for key in self._keys_for(token)):
            raise self._error
        try:
            claims = strict_json.loads(decode_segment(token.split(".")[1]))
        except ValueError as error:
            raise self._error from error
        if not isinstance(claims, dict):
            raise self._error
        return claims

    def is_foreign(self, token: str) -> bool:
        """Whether ``token`` has the form of ours, and none of our keys signed it."""
        keys = self._keys_for(token)
        return bool(keys) and not any(key.verify(token) for key in keys)

    def _keys_for(self, token: str) -> list[Key]:
        """The keys that can have signed ``token``, by its header; none where it is no token of this type."""
        if len(token) > MAX_TOKEN_LENGTH or not SHAPE.fullmatch(token):
            return []
        return self._keys.get(token.partition(".")[0], [])


def encode_segment(raw: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_segment(segment: str) -> bytes:
    """The bytes of a segment; ValueError for a spelling that no encoder writes (RFC 4648, 3.5)."""
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if encode_segment(raw) != segment:
        raise ValueError("the last character has bits that are not used")
    return raw
