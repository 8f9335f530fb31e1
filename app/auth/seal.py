"""Signed tokens of exactly the shape that Ratchet writes (RFC 7515, RFC 7519).

A reader that accepts whatever a JWT library can parse inherits every trick of the format: ``alg: none``, an
embedded key, a ``kid`` that is a path, one kind of token in place of another. This reader accepts only the
header that its own writer produces, to the byte, before it looks at anything else (RFC 8725, 3.1 and 3.11;
ASVS 9.1). PyJWT supplies the algorithms.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jwt.algorithms import Algorithm, get_default_algorithms

from . import strictjson
from .errors import RatchetError

LONGEST_TOKEN = 4096
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """One key and the algorithm it is for; ``kid`` names it where several are published."""

    algorithm: str
    material: Any
    kid: str | None = None

    def header(self, typ: str) -> str:
        """The one header that a token of this type and key has, encoded."""
        fields = {"alg": self.algorithm, "typ": typ} | ({"kid": self.kid} if self.kid else {})
        return _encode(strictjson.dumps(fields))


def derive_key(secret: str | bytes, purpose: str) -> Key:
    """An HS256 key for one purpose, so that no signature serves two (NIST SP 800-108, HMAC as the PRF)."""
    raw = secret.encode() if isinstance(secret, str) else secret
    return Key("HS256", hmac.digest(raw, f"ratchet {purpose}".encode(), "sha256"))


class Seal:
    """Signs and reads tokens of one type: the first key signs, all are accepted."""

    def __init__(self, typ: str, keys: Iterable[Key], refusal: type[RatchetError]) -> None:
        self._refusal = refusal
        self._keys: dict[str, list[tuple[Algorithm, Any]]] = {}
        algorithms = get_default_algorithms()
        for key in keys:
            algorithm = algorithms[key.algorithm]
            usable = (algorithm, algorithm.prepare_key(key.material))
            self._keys.setdefault(key.header(typ), []).append(usable)
        self._header, ((self._algorithm, self._signing_key), *_) = next(iter(self._keys.items()))

    def sign(self, claims: Mapping[str, object]) -> str:
        """The token for ``claims``: a pure function of claims and key."""
        signing_input = f"{self._header}.{_encode(strictjson.dumps(claims))}"
        signature = self._algorithm.sign(signing_input.encode(), self._signing_key)
        return f"{signing_input}.{_encode(signature)}"

    def read(self, token: str) -> dict[str, Any]:
        """The claims of ``token`` where its header is one of ours and its signature holds."""
        if len(token) > LONGEST_TOKEN or not _SHAPE.fullmatch(token):
            raise self._refusal
        signing_input, _, signature = token.rpartition(".")
        header, _, payload = signing_input.partition(".")
        try:
            proof = _decode(signature)
            for algorithm, key in self._keys.get(header, ()):
                if algorithm.verify(signing_input.encode(), key, proof):
                    return _claims(_decode(payload))
        except ValueError as error:
            raise self._refusal from error
        raise self._refusal


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _claims(raw: bytes) -> dict[str, Any]:
    claims = strictjson.loads(raw)
    if not isinstance(claims, dict):
        raise ValueError("claims are not an object")
    return claims
