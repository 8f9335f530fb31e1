"""The vectors of Project Wycheproof against the reader of tokens and the reader of keys.

Each token meets the key of its group, read as a key file would be. The header that the vector has is made the
expected one, so that a token falls by its signature, its shape or its key and not only by an unknown header.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import jwt
import pytest

from app.auth import strict_json
from app.auth.errors import TokenInvalid
from app.auth.tokens import jws, keys
from app.auth.tokens.jws import ASYMMETRIC_ALGORITHMS, Key, TokenSigner, UnusableKey
from app.auth.tokens.keys import KeyPair

VECTORS = Path(__file__).parent / "vectors"
OURS = ("HS256", *ASYMMETRIC_ALGORITHMS)
DEVIATIONS = {
    259: "An empty payload: claims are never empty, so the shape of a token demands one.",
    349: "The key's key_ops is one text, 'sign, verify', in place of two (RFC 7517, 4.3).",
    367: "Labelled invalid, but to the byte the same as 357, which is valid.",
    370: "Labelled invalid, but to the byte the same as 357, which is valid.",
    372: "Labelled valid, but there is a question mark in the header, which is not base64url.",
    373: "Labelled valid, but there is a question mark in the payload, which is not base64url.",
}
KEY_DEVIATIONS = {
    7: "A key from a chip that drew weak primes (ROCA): a key file is not searched for its traces.",
    **dict.fromkeys((2, 13), "Valid, but a secret: a file of RATCHET_JWT_KEYS holds a private key."),
    **dict.fromkeys((14, 15), "Valid, but a secret for an algorithm that is none of ours."),
}


CLAIMS = {"sub": "7"}


class Vector(NamedTuple):
    """A token, the private key of its group, and whether it is labelled valid."""

    number: int
    comment: str
    token: str
    key: dict[str, Any]
    valid: bool


@dataclass(frozen=True, slots=True)
class HeaderOf:
    """A key that expects the header of one token, whatever that is."""

    token: str
    key: Key

    def header(self, _typ: str) -> str:
        """The first part of the token."""
        return self.token.partition(".")[0]

    def verify(self, token: str) -> bool:
        """As the key does."""
        return self.key.verify(token)


def vectors(name: str) -> Iterator[Vector]:
    """The vectors of a file in order."""
    for group in json.loads((VECTORS / f"json_web_{name}_test.json").read_text())["testGroups"]:
        for test in group["tests"]:
            valid = test["result"] == "valid"
            yield Vector(test["tcId"], test["comment"], test["jws"], group["private"], valid)


def named(found: Iterator[Vector]) -> list[Any]:
    """One row for each vector, called by its number and comment."""
    return [pytest.param(vector, id=f"{vector.number} {vector.comment}") for vector in found]


def key_of(jwk: Mapping[str, Any]) -> Key:
    """The key in a JWK: a secret as it is, anything else as the reader of key files takes it."""
    if jwk["kty"] == "oct":
        return Key(jwk["alg"], base64.urlsafe_b64decode(jwk["k"] + "=="))
    return pair_in(json.dumps(jwk))


@cache
def pair_in(text: str) -> KeyPair:
    """The key in a key file; many vectors share one, and checking an RSA key takes a while."""
    return keys.parse(text.encode())


def is_accepted(vector: Vector) -> bool:
    """Whether key and token are both taken, the header of the token being the expected one."""
    try:
        key: Any = HeaderOf(vector.token, key_of(vector.key))
        return TokenSigner("at+jwt", [key], TokenInvalid).read(vector.token) == CLAIMS
    except (UnusableKey, TokenInvalid):
        return False


def is_read(vector: Vector) -> bool:
    """Whether a site with this key would read the claims of this token."""
    try:
        return isinstance(TokenSigner("at+jwt", [key_of(vector.key)], TokenInvalid).read(vector.token), dict)
    except (UnusableKey, TokenInvalid):
        return False


def can_be_loaded(jwk: Mapping[str, Any]) -> bool:
    """Whether this, as the content of a key file, is a private key."""
    try:
        return isinstance(keys.parse(json.dumps(jwk).encode()), KeyPair)
    except UnusableKey:
        return False


def is_ours(vector: Vector) -> bool:
    """Whether the key is for an algorithm that can be configured."""
    return vector.key.get("alg") in OURS


SIGNATURES = list(vectors("signature"))
KEYS = list(vectors("key"))


@pytest.fixture
def any_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every payload for claims: those of the vectors are prose, and their signatures are what counts."""
    monkeypatch.setattr(jwt.PyJWT, "_decode_payload", lambda *_: CLAIMS)
    taking = SimpleNamespace(loads=lambda _: CLAIMS, dumps=strict_json.dumps)
    monkeypatch.setattr(jws, "strict_json", taking)  # where tokens are read, and not where keys are


@pytest.mark.usefixtures("any_payload")
@pytest.mark.parametrize("vector", named(one for one in SIGNATURES if is_ours(one) or not one.valid))
def test_a_token_is_taken_where_its_signature_holds(vector: Vector) -> None:
    """Valid ones for our algorithms are accepted, invalid ones for any are refused, but for DEVIATIONS."""
    assert is_accepted(vector) == (vector.valid != (vector.number in DEVIATIONS))


def test_the_reader_as_a_whole_refuses_everything_invalid() -> None:
    """A site that had the key of the vector would read none of these tokens."""
    invalid = [vector for vector in SIGNATURES if not vector.valid]
    assert [vector.number for vector in invalid if is_read(vector)] == []


@pytest.mark.parametrize("vector", named(iter(KEYS)))
def test_a_key_file_is_taken_where_the_key_is_good(vector: Vector) -> None:
    """A set of one key is read as that key, a larger one is none. All as labelled, but for KEY_DEVIATIONS."""
    several = vector.key["keys"]
    jwk = several[0] if len(several) == 1 else vector.key
    assert can_be_loaded(jwk) == (vector.valid != (vector.number in KEY_DEVIATIONS))


@pytest.mark.parametrize(
    ("found", "deviations"), [(SIGNATURES, DEVIATIONS), (KEYS, KEY_DEVIATIONS)], ids=["tokens", "keys"]
)
def test_no_deviation_is_forgotten(found: list[Vector], deviations: dict[int, str]) -> None:
    """Each number in the list of deviations is a vector of the file, and says why."""
    assert deviations.keys() <= {vector.number for vector in found}
    assert all(reason.endswith(".") for reason in deviations.values())
