"""Signed tokens of exactly the shape that Ratchet writes (RFC 7515, RFC 7519).

A reader that accepts whatever a JWT library can parse inherits every trick of the format: ``alg: none``, an
embedded key, a ``kid`` that is a path, one kind of token in place of another. This reader accepts only the
header that its own writer produces, to the byte, before it looks at anything else (RFC 8725, 3.1 and 3.11;
ASVS 9.1).

HMAC comes from Python itself, the other algorithms from keys.py: a JWT library loads cryptography wherever
it is installed, and a site that signs with its secret alone would pay for that in every worker.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import strict_json
from ..errors import RatchetError

MAX_TOKEN_LENGTH = 4096
ASYMMETRIC_ALGORITHMS = ("EdDSA", "ES256", "RS256")
"""The algorithms of key pairs, the best first; keys.py has them (RFC 8037, 3.1; RFC 7518, 3.3 and 3.4)."""

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


class UnusableKey(ValueError):
    """A key that cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key and the algorithm it is for; ``kid`` names it where several are published.

    This is a secret for HMAC, as bytes (RFC 7518, 3.2). A key of another kind has its own sign and verify.
    """

    algorithm: str
    material: Any = field(repr=False)
    kid: str | None = None

    def header(self, typ: str) -> str:
        """The one header that a token of this type and key has, encoded."""
        fields = {"alg": self.algorithm, "typ": typ} | ({"kid": self.kid} if self.kid else {})
        return _encode(strict_json.dumps(fields))

    def sign(self, message: bytes) -> bytes:
        """The signature of ``message``."""
        return hmac.digest(self.material, message, _DIGESTS[self.algorithm])

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is one of ``message``."""
        return hmac.compare_digest(signature, self.sign(message))


def derive_key(secret: str | bytes, purpose: str) -> Key:
    """An HS256 key for one purpose, so that no signature serves two (NIST SP 800-108, HMAC as the PRF)."""
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
        """The token for ``claims``."""
        signing_input = f"{self._header}.{_encode(strict_json.dumps(claims))}"
        return f"{signing_input}.{_encode(self._signing_key.sign(signing_input.encode()))}"

    def read(self, token: str) -> dict[str, Any]:
        """The claims of ``token`` where its header is one of ours and its signature holds."""
        try:
            claims = strict_json.loads(self.open(token))
        except ValueError as error:
            raise self._error from error
        if not isinstance(claims, dict):
            raise self._error
        return claims

    def open(self, token: str) -> bytes:
        """What the signature of ``token`` covers, unread; ValueError where it is no token of ours."""
        if len(token) > MAX_TOKEN_LENGTH or not _SHAPE.fullmatch(token):
            raise ValueError("not the shape of a token")
        signing_input, _, signature = token.rpartition(".")
        header, _, payload = signing_input.partition(".")
        message, proof = signing_input.encode(), _decode(signature)
        for key in self._keys.get(header, ()):
            if key.verify(message, proof):
                return _decode(payload)
        raise ValueError("no key of ours signed this")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
