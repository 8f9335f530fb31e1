"""The key pair of a device, and the proofs that a browser makes with it."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PROOF_HEADER = {"alg": "ES256", "typ": "dbsc+jwt"}


class DeviceKey:
    """A key pair for one algorithm of the protocol."""

    def __init__(self, private: Any = None) -> None:
        self.private = private or ec.generate_private_key(ec.SECP256R1())
        self.algorithm = "ES256" if isinstance(self.private, ec.EllipticCurvePrivateKey) else "RS256"

    @property
    def jwk(self) -> dict[str, str]:
        """The public key, as Chromium writes it."""
        full = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        return {name: full[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in full}

    def proof(self, challenge: str, *, registers: bool = False, **header: Any) -> str:
        """The value of ``Secure-Session-Response``; ``header`` replaces fields of the JWT's header."""
        fields: dict[str, Any] = {**PROOF_HEADER, "alg": self.algorithm}
        fields |= {"jwk": self.jwk} if registers else {}
        return jwt.encode({"jti": challenge}, self.private, self.algorithm, fields | header)


@cache
def rsa_key(bits: int = 2048) -> DeviceKey:
    """A device with an RSA key of that size, the same one for all tests."""
    return DeviceKey(rsa.generate_private_key(65537, bits))
