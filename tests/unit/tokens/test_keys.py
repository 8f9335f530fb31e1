"""Key pairs: what they sign, what is published of them, and which written keys are taken."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from app.auth.errors import TokenInvalid
from app.auth.tokens import keys
from app.auth.tokens.jws import ASYMMETRIC_ALGORITHMS, TokenSigner
from app.auth.tokens.keys import KeyPair

from ...support.forgery import ACCESS, OTHER_KEY, decode, encode, forge

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL
OPEN = serialization.NoEncryption()

RFC_8037 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
"""The private key of RFC 8037, appendix A.1."""

RFC_7638 = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZC"
        "iFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgn"
        "Yb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw"
        "0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
"""The public key of RFC 7638, section 3.1."""


@cache
def pair(algorithm: str) -> KeyPair:
    """A key for this algorithm, the same one for all tests."""
    return keys.generate(algorithm)


def signer(*pairs: KeyPair) -> TokenSigner:
    """A signer for access tokens with these keys."""
    return TokenSigner("at+jwt", pairs, TokenInvalid)


OLD_CLAIMS = {name: value for name, value in ACCESS.items() if name not in ("jti", "client_id")}
"""The claims that the release before wrote."""

each_algorithm = pytest.mark.parametrize("algorithm", ASYMMETRIC_ALGORITHMS)


@each_algorithm
def test_what_a_pair_signed_can_be_read(algorithm: str) -> None:
    """The claims come back, and the header names algorithm, key and type and nothing else."""
    token = signer(pair(algorithm)).sign(ACCESS)
    assert signer(pair(algorithm)).read(token) == ACCESS
    assert decode(token.split(".")[0]) == {"alg": algorithm, "kid": pair(algorithm).kid, "typ": "at+jwt"}


@each_algorithm
def test_another_library_verifies_with_the_published_half_alone(algorithm: str) -> None:
    """What stands in the JWKS is all that another service needs."""
    token = signer(pair(algorithm)).sign(ACCESS | {"exp": 2**33, "iat": 0})
    published = jwt.PyJWK(dict(pair(algorithm).jwk))
    assert jwt.decode(token, published, algorithms=[algorithm])["sub"] == ACCESS["sub"]


@each_algorithm
def test_nothing_private_is_published(algorithm: str) -> None:
    """The members of a public key, its use, its algorithm and its name (RFC 7517, 4)."""
    jwk = pair(algorithm).jwk
    assert set(jwk) == {*keys.PUBLIC_MEMBERS[jwk["kty"]], "use", "alg", "kid"}
    assert (jwk["use"], jwk["alg"], jwk["kid"]) == ("sig", algorithm, keys.thumbprint(jwk))


@each_algorithm
def test_a_key_does_not_show_in_its_repr(algorithm: str) -> None:
    """What gets into a traceback or a log is the public half."""
    assert "material" not in repr(pair(algorithm))
    assert "public=" not in repr(pair(algorithm))


def test_the_example_of_the_standard_signs_as_the_standard_says() -> None:
    """Key, name, input and signature of RFC 8037, appendix A.1 to A.4."""
    key = keys.parse(json.dumps(RFC_8037).encode())
    message = b"Example of Ed25519 signing"
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert jwt.PyJWS().encode(message, key.material, key.algorithm, {"typ": None}) == (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


def test_a_pair_writes_what_it_wrote_in_the_release_before() -> None:
    """Header, claims and signature, to the byte: EdDSA gives one signature (RFC 8032, 5.1.6)."""
    assert signer(keys.parse(json.dumps(RFC_8037).encode())).sign(OLD_CLAIMS) == (
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJhdCtqd3QifQ."
        "eyJhdXRoX3RpbWUiOjE3OTk5OTk5NDAsImV4cCI6MTgwMDAwMDYwMCwiaWF0IjoxODAwMDAwMDAwLCJzaWQiOiJwaG9uZSIsInN1YiI6IjcifQ."
        "Apm97KyRxlDcP88yqg45BQNZCLjwdd-kLrBpbDcavMdz3BZLWOS7PfLSTj374IxxNGlO0Cjd4TUrPJeoReYUDw"
    )


def test_a_key_is_called_by_the_thumbprint_of_its_public_half() -> None:
    """The example of RFC 7638, section 3.1, with members that do not count."""
    assert keys.thumbprint(RFC_7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_first_key_signs_and_all_are_accepted() -> None:
    """In whatever order nodes have the keys, each takes what the other signed."""
    one, other = pair("EdDSA"), pair("ES256")
    assert signer(other, one).read(signer(one, other).sign(ACCESS)) == ACCESS
    assert signer(one, other).read(signer(other, one).sign(ACCESS)) == ACCESS
    assert decode(signer(one, other).sign(ACCESS).split(".")[0])["kid"] == one.kid


def test_a_key_that_was_taken_out_is_refused() -> None:
    """Its tokens are nobody's any more."""
    with pytest.raises(TokenInvalid):
        signer(pair("ES256")).read(signer(pair("EdDSA")).sign(ACCESS))


def _forged(algorithm: str, **changes: Any) -> str:
    """An HMAC where a signature should be, keyed with what everybody can read of the pair."""
    header = {"alg": algorithm, "kid": pair(algorithm).kid, "typ": "at+jwt"} | changes
    public = pair(algorithm).public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return forge(header, ACCESS, public)


@each_algorithm
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"alg": "HS256"}, id="HS256 with the public key as the secret"),
        pytest.param({}, id="an HMAC in place of a signature"),
        pytest.param({"alg": "none"}, id="alg is none"),
        pytest.param({"kid": "../../../../dev/null"}, id="a kid that walks"),
        pytest.param({"jku": "https://evil.example/keys.json"}, id="a jku"),
        pytest.param({"jwk": {"kty": "oct", "k": encode(OTHER_KEY)}}, id="an embedded jwk"),
    ],
)
def test_a_forged_token_is_refused(algorithm: str, changes: dict[str, Any]) -> None:
    """The public half is no secret, and the header decides nothing."""
    with pytest.raises(TokenInvalid):
        signer(pair(algorithm)).read(_forged(algorithm, **changes))


@each_algorithm
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 256, 512])
def test_a_signature_of_any_size_is_refused_quietly(algorithm: str, size: int) -> None:
    """No length of a wrong signature makes the library raise anything else."""
    signing_input, _, _ = signer(pair(algorithm)).sign(ACCESS).rpartition(".")
    forged = f"{signing_input}.{encode(bytes([1]) * size)}"
    assert not pair(algorithm).verify(forged)
    with pytest.raises(TokenInvalid):
        signer(pair(algorithm)).read(forged)


@each_algorithm
def test_a_key_can_be_written_in_several_ways(algorithm: str) -> None:
    """PKCS #8 and, where there is one, the older PEM: the same key, hence the same name."""
    private = pair(algorithm).material
    forms = [PKCS8] if algorithm == "EdDSA" else [PKCS8, TRADITIONAL]
    written = [private.private_bytes(PEM, form, OPEN) for form in forms]
    assert {keys.parse(raw).kid for raw in written} == {pair(algorithm).kid}
    assert keys.parse(pair(algorithm).pem()).kid == pair(algorithm).kid


@each_algorithm
def test_a_key_can_be_a_jwk(algorithm: str) -> None:
    """With or without what it says of itself; the name is the thumbprint, whatever the file calls it."""
    plain = jwk_of(pair(algorithm))
    telling = plain | {"use": "sig", "alg": algorithm, "key_ops": ["sign"], "kid": "my key"}
    for jwk in (plain, telling):
        assert keys.parse(json.dumps(jwk, indent=2).encode()).jwk == pair(algorithm).jwk


def jwk_of(key: KeyPair) -> dict[str, Any]:
    """The private key as a JWK."""
    jwk: dict[str, Any] = jwt.get_algorithm_by_name(key.algorithm).to_jwk(key.material, as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"}
