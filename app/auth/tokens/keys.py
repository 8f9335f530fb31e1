"""Key pairs for access tokens: read from files, identified by thumbprint, published without the private part.

Needs the extra ``flask-ratchet[keys]``. Other modules import this one only inside the
functions that use it: it needs cryptography, which a site without RATCHET_JWT_KEYS does not have to install.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import InvalidKeyError, get_algorithm_by_name

from .. import strict_json
from ..log import log_safely
from .jws import ASYMMETRIC_ALGORITHMS, Key, UnusableKey

MIN_RSA_BITS = 2048
"""Bits (RFC 7518, 3.3)."""

NEW_RSA_BITS = 3072
"""Bits: as strong as the two other algorithms (NIST SP 800-57, part 1, table 2)."""

PUBLIC_MEMBERS = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
"""The required members of a public key, and no others (RFC 7638, 3.2; RFC 8037, 2)."""

REMEDY = "Make a key with: FLASK_RATCHET_JWT_KEYS=null flask ratchet keys generate --out FILE"
"""The command unsets the setting, because the site does not start with a key that it cannot use."""

_EDDSA, _ES256, _RS256 = ASYMMETRIC_ALGORITHMS
_ALGORITHM_OF = {"OKP": _EDDSA, "EC": _ES256, "RSA": _RS256}
_GENERATE: Mapping[str, Callable[[], Any]] = {
    _EDDSA: ed25519.Ed25519PrivateKey.generate,
    _ES256: partial(ec.generate_private_key, ec.SECP256R1()),
    _RS256: partial(rsa.generate_private_key, 65537, NEW_RSA_BITS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair(Key):
    """A private key, the ``material``, which signs, and its public half, which verifies and is published."""

    public: Any = field(repr=False)
    jwk: Mapping[str, str]

    @property
    def verifying_key(self) -> Any:
        """The key that verifies a signature: the public half."""
        return self.public

    def pem(self) -> bytes:
        """The private key, unencrypted (RFC 7468, 10)."""
        pem: bytes = self.material.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return pem

    def write(self, path: Path) -> None:
        """Write the private key to a new file that only its owner can read; OSError if that fails."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(self.pem())


def load(paths: Iterable[Path]) -> tuple[KeyPair, ...]:
    """The keys in these files, in this order; UnusableKey, with the file, if one cannot be used."""
    found: dict[str | None, Path] = {}
    keys = []
    for path in paths:
        key = read(path)
        if key.kid in found:
            raise UnusableKey(f"{path} holds the same key as {found[key.kid]}. Name one of them.")
        found[key.kid] = path
        keys.append(key)
    return tuple(keys)


def read(path: Path) -> KeyPair:
    """The private key in a PEM or JWK file; UnusableKey, with file and remedy, if it cannot be used."""
    try:
        key = parse(path.read_bytes())
        if path.stat().st_mode & stat.S_IROTH:
            log_safely(logging.WARNING, "Every account of this machine can read the private key in %s.", path)
    except OSError as error:
        raise UnusableKey(f"{path} cannot be read: {error.strerror}. {REMEDY}") from error
    except UnusableKey as error:
        raise UnusableKey(f"{path} {error}. {REMEDY}") from error
    return key


def generate(algorithm: str) -> KeyPair:
    """A new key for one of ASYMMETRIC_ALGORITHMS."""
    return _pair(_GENERATE[algorithm]())


def parse(raw: bytes) -> KeyPair:
    """The private key in ``raw``, in PEM (RFC 7468) or as a JWK (RFC 7517)."""
    return _pair(_from_jwk(raw) if raw.lstrip().startswith(b"{") else _from_pem(raw))


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The id of a key, which anybody can compute from its public half (RFC 7638, 3)."""
    members = {name: jwk[name] for name in PUBLIC_MEMBERS[jwk["kty"]]}
    digest = hashlib.sha256(strict_json.dumps(members)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _from_pem(raw: bytes) -> Any:
    if b"PUBLIC KEY-----" in raw:
        raise UnusableKey("is a public key; signing needs the private one")
    try:
        return serialization.load_pem_private_key(raw, None)
    except TypeError as error:
        raise UnusableKey("is encrypted, and there is no way to give its password") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("holds no private key, neither in PEM nor as a JWK") from error


def _from_jwk(raw: bytes) -> Any:
    try:
        jwk = strict_json.loads(raw)
        algorithm = _ALGORITHM_OF[jwk["kty"]]
        key = get_algorithm_by_name(algorithm).from_jwk(jwk) if _is_meant_for(algorithm, jwk) else None
    except (ValueError, TypeError, KeyError, InvalidKeyError) as error:
        raise UnusableKey(f"is a JWK, but holds no key for {' or '.join(ASYMMETRIC_ALGORITHMS)}") from error
    if key is None:
        raise UnusableKey(f"is a JWK that is not meant for signing with {algorithm}")
    if not hasattr(key, "sign"):
        raise UnusableKey("is a public key; signing needs the private one")
    return key


def _is_meant_for(algorithm: str, jwk: Mapping[str, Any]) -> bool:
    """Whether the JWK's own fields allow signing with it (RFC 7517, 4.2 to 4.4)."""
    said = jwk.get("use", "sig"), jwk.get("alg", algorithm), "sign" in jwk.get("key_ops", ["sign"])
    return said == ("sig", algorithm, True)


def _pair(private: Any) -> KeyPair:
    algorithm = _algorithm_of(private)
    public = private.public_key()
    full = get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
    members = {name: full[name] for name in PUBLIC_MEMBERS[full["kty"]]}
    kid = thumbprint(members)
    jwk = members | {"use": "sig", "alg": algorithm, "kid": kid}
    return KeyPair(algorithm, private, kid, public=public, jwk=jwk)


def _algorithm_of(private: Any) -> str:
    """The algorithm of a private key; UnusableKey if it is too weak or not one of ours."""
    match private:
        case ed25519.Ed25519PrivateKey():
            return _EDDSA
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()):
            return _ES256
        case rsa.RSAPrivateKey(key_size=size) if size >= MIN_RSA_BITS:
            return _RS256
        case ec.EllipticCurvePrivateKey():
            raise UnusableKey(f"is on the curve {private.curve.name}, and {_ES256} is on P-256")
        case rsa.RSAPrivateKey():
            raise UnusableKey(f"has {private.key_size} bits, and RSA takes at least {MIN_RSA_BITS}")
    raise UnusableKey(f"is no key for {' or '.join(ASYMMETRIC_ALGORITHMS)}")
