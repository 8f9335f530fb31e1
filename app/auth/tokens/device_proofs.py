"""Challenges for the key of a device, and their proofs (W3C, Device Bound Session Credentials).

A proof is a JWT that the browser signs with a key pair of the device. Its ``jti`` is the challenge. At a
registration its header has the public key; later the key of the session is known, and only that one counts.

A challenge is the time of its issue with a MAC, which is only valid for one use in one session. The server
does not store it. That each is used once is left to the session: it remembers the time of the newest one.

PyJWT and cryptography do the arithmetic. They accept more than a browser sends, so the length, the shape, the
header and the key are checked before. cryptography is loaded at the first proof, because a site without
device-bound sessions does not have to install it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jwt

from .. import strict_json
from .claims import CLOCK_TOLERANCE
from .jws import SHAPE, Key, decode_segment, derive_key, encode_segment

PROOF_TYPE = "dbsc+jwt"
ALGORITHMS: Mapping[str, str] = {"EC": "ES256", "RSA": "RS256"}
"""The algorithms of a proof, by the kind of key; a browser supports no others."""

REGISTER: Literal["register"] = "register"
REFRESH: Literal["refresh"] = "refresh"
Use = Literal["register", "refresh"]
"""What a challenge is for."""

MAX_PROOF_LENGTH = 6144
"""Characters: a proof with an RSA key of 4096 bits has less than half of that."""

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 4096
"""Bits: RFC 7518, 3.3, and a limit to what a verification costs."""

MIN_EXPONENT, MAX_EXPONENT = 65537, 2**32
"""Of an RSA key (NIST SP 800-56B, 6.2; the upper limit keeps a verification cheap)."""

_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
"""The members of a public key that are kept (RFC 7638, 3.2)."""

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_NUMBER = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_CHALLENGE = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{43})", re.ASCII)


class ProofRefused(ValueError):
    """A proof or a challenge that is not accepted; the message says why, and repeats nothing of it."""


class ChallengeRefused(ProofRefused):
    """The challenge is of another use or session, forged, or too old. A new one may help."""


class Registration(NamedTuple):
    """A proof with the key that it registers: a JWK as compact JSON, and the challenge that was signed."""

    key: str
    challenge: str


class Challenges:
    """Signs and reads challenges: the first secret signs, all are accepted. Times are seconds."""

    def __init__(self, secrets: Sequence[str | bytes]) -> None:
        self._keys = [derive_key(secret, "device challenge") for secret in secrets]

    def sign(self, use: Use, subject: str, session_id: str, issued_at: float) -> str:
        """The challenge of this use and session that is issued at that time, to the millisecond.

        It has only digits, letters, ``.``, ``-`` and ``_``, so it can stand in a string of a structured field
        (RFC 9651, 3.3.3).
        """
        milliseconds = round(issued_at * 1000)
        return f"{milliseconds}.{_mac(self._keys[0], use, subject, session_id, milliseconds)}"

    def read(
        self, challenge: str, use: Use, subject: str, session_id: str, *, now: float, max_age: float
    ) -> float:
        """When a challenge of this use and session was issued; ChallengeRefused where it is none, or old."""
        shape = _CHALLENGE.fullmatch(challenge)
        if shape is None:
            raise ChallengeRefused("it is no challenge of this site")
        milliseconds = int(shape[1])
        macs = [_mac(key, use, subject, session_id, milliseconds) for key in self._keys]
        if not any(hmac.compare_digest(mac, shape[2]) for mac in macs):
            raise ChallengeRefused("it is no challenge for this session")
        issued_at = milliseconds / 1000
        if not -CLOCK_TOLERANCE <= now - issued_at < max_age:
            raise ChallengeRefused("the challenge is too old")
        return issued_at


def read_registration(header: str) -> Registration:
    """The key and the challenge of a proof that registers its key; raises ProofRefused."""
    token, fields = _opened(header)
    key, algorithm = _public_key(fields.get("jwk"))
    _check_algorithm(fields, algorithm)
    return Registration(_compact(key, algorithm), _signed_challenge(token, key, algorithm))


def read_proof(header: str, key: str) -> str:
    """The challenge that the holder of ``key``, the JWK of a registration, has signed.

    Raises ProofRefused.
    """
    token, fields = _opened(header)
    public, algorithm = _public_key(strict_json.loads(key.encode()))
    _check_algorithm(fields, algorithm)
    return _signed_challenge(token, public, algorithm)


def _opened(header: str) -> tuple[str, Mapping[str, Any]]:
    """The token in the value of the request's header, and the token's own header.

    The draft asks for a string in quotation marks; Chromium sends none.
    """
    token = header[1:-1] if header[:1] == header[-1:] == '"' and len(header) > 1 else header
    if len(token) > MAX_PROOF_LENGTH or not SHAPE.fullmatch(token):
        raise ProofRefused("it is no JWT, or a very long one")
    fields = _parsed(token.partition(".")[0])
    if fields.get("typ") != PROOF_TYPE:
        raise ProofRefused(f"its type is not {PROOF_TYPE}")
    if {"crit", "b64"} & fields.keys():
        raise ProofRefused("it asks for an extension of JWS")
    return token, fields


def _check_algorithm(fields: Mapping[str, Any], algorithm: str) -> None:
    """Refuse a header that names another algorithm than the one of the key (RFC 8725, 3.1)."""
    if fields.get("alg") != algorithm:
        raise ProofRefused("its algorithm is not the one of the key")


def _signed_challenge(token: str, key: Any, algorithm: str) -> str:
    if not Key(algorithm, key).verify(token):
        raise ProofRefused("the key did not sign it")
    challenge = _parsed(token.split(".")[1]).get("jti")
    if not isinstance(challenge, str):
        raise ProofRefused("it names no challenge")
    return challenge


def _parsed(segment: str) -> Mapping[str, Any]:
    """The JSON object in one part of a token."""
    try:
        fields = strict_json.loads(decode_segment(segment))
    except ValueError as error:
        raise ProofRefused("it is not proper JSON") from error
    if not isinstance(fields, dict):
        raise ProofRefused("it is no JSON object")
    return fields


def _public_key(jwk: Any) -> tuple[Any, str]:
    """The public key of a JWK, and its algorithm (RFC 7517, 4; RFC 7518, 6)."""
    kind = jwk.get("kty") if isinstance(jwk, dict) else None
    if not isinstance(kind, str) or kind not in ALGORITHMS:
        raise ProofRefused("it has no key of a known kind")
    if _PRIVATE & jwk.keys():
        raise ProofRefused("its key is a private one")
    if not all(_is_text(jwk.get(name)) for name in _MEMBERS[kind]):
        raise ProofRefused("its key is not complete")
    return (_elliptic(jwk) if kind == "EC" else _rsa(jwk)), ALGORITHMS[kind]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def _elliptic(jwk: Mapping[str, str]) -> Any:
    if jwk["crv"] != "P-256":
        raise ProofRefused("its key is on another curve")
    return _loaded(jwk, "EC")


def _rsa(jwk: Mapping[str, str]) -> Any:
    modulus, exponent = (int.from_bytes(_decoded(jwk[name])) for name in ("n", "e"))
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS or modulus % 2 == 0:
        raise ProofRefused("its RSA key is too short or too long")
    if not MIN_EXPONENT <= exponent <= MAX_EXPONENT or exponent % 2 == 0:
        raise ProofRefused("its RSA key has an unusual exponent")
    return _loaded(jwk, "RSA")


def _loaded(jwk: Mapping[str, str], kind: str) -> Any:
    """The key that cryptography makes of these members; a point that is not on the curve is refused."""
    members = {name: jwk[name] for name in _MEMBERS[kind]}
    try:
        return jwt.get_algorithm_by_name(ALGORITHMS[kind]).from_jwk(members)
    except (jwt.InvalidKeyError, ValueError) as error:
        raise ProofRefused("its key cannot be used") from error


def _compact(key: Any, algorithm: str) -> str:
    """The key as the session keeps it: always the same text for the same key."""
    full = jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)
    return strict_json.dumps({name: full[name] for name in _MEMBERS[full["kty"]]}).decode()


def _decoded(segment: str) -> bytes:
    try:
        return decode_segment(segment)
    except ValueError as error:
        raise ProofRefused("its key cannot be read") from error


def _mac(key: Key, use: Use, subject: str, session_id: str, milliseconds: int) -> str:
    said = strict_json.dumps([use, subject, session_id, milliseconds])
    return encode_segment(hmac.digest(key.material, said, "sha256"))
