"""Proofs as an attacker would send them: none is read, and none is expensive."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from app.auth.tokens.device_proofs import MAX_PROOF_LENGTH, ProofRefused, read_proof, read_registration

from ...support.device_bound.key import PROOF_HEADER, DeviceKey, rsa_key
from ...support.forgery import encode, forge, segment

DEVICE, OTHER, RSA = DeviceKey(), DeviceKey(), rsa_key()
GOOD = DEVICE.proof("c", registers=True)
KEY = read_registration(GOOD).key
SMALL = DeviceKey(rsa.generate_private_key(65537, 1024))  # noqa: S505  # to be refused
P384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()


def signed(header: Any, claims: Any = None, device: DeviceKey = DEVICE) -> str:
    """A proof with that header and those claims, bytes as they are, which the device has really signed."""
    text = f"{segment(header)}.{segment({'jti': 'c'} if claims is None else claims)}"
    return f"{text}.{encode(jwt.get_algorithm_by_name(device.algorithm).sign(text.encode(), device.private))}"


def headed(**fields: Any) -> str:
    """A registration with other fields in its header; None leaves one out."""
    header = {**PROOF_HEADER, "jwk": DEVICE.jwk, **fields}
    return signed({name: value for name, value in header.items() if value is not None})


def changed(device: DeviceKey = DEVICE, **members: Any) -> str:
    """A registration whose key has other members; None leaves one out."""
    jwk = {name: value for name, value in {**device.jwk, **members}.items() if value is not None}
    return device.proof("c", jwk=jwk)


def number(value: int) -> str:
    """A number as a JWK has it."""
    return encode(value.to_bytes((value.bit_length() + 7) // 8))


def text_header(text: str) -> bytes:
    """A header with the key of the device, as text."""
    return f'{{"alg":"ES256",{text},"jwk":{KEY}}}'.encode()


REGISTRATIONS = {
    "nothing": "",
    "no JWT": "hello",
    "two parts": "e30.e30",
    "four parts": f"{GOOD}.e30",
    "two proofs, joined as several headers are": f"{GOOD}, {GOOD}",
    "one quotation mark": f'"{GOOD}',
    "nothing in quotation marks": '""',
    "nothing but a quotation mark": '"',
    "a letter that is not ASCII": f"{GOOD}\u00e9",
    "a line end": f"{GOOD}\n",
    "padding of base64": f"{GOOD}==",
    "a header that is no base64": f"A.{GOOD.partition('.')[2]}",
    "a header that is no JSON": signed(b"{"),
    "a header that is a list": signed([]),
    "a header in UTF-16": signed(text_header('"typ":"dbsc+jwt"').decode().encode("utf-16")),
    "a header that nests very deep": signed(b"[" * 3000),
    "alg none": f"{segment({**PROOF_HEADER, 'alg': 'none', 'jwk': DEVICE.jwk})}.{segment({'jti': 'c'})}.AA",
    "alg in small letters": headed(alg="es256"),
    "no alg": headed(alg=None),
    "a list as alg": headed(alg=["ES256"]),
    "HS256 with the public key as secret": forge(
        {**PROOF_HEADER, "alg": "HS256", "jwk": DEVICE.jwk}, {"jti": "c"}, KEY.encode()
    ),
    "RS256 for a key on a curve": headed(alg="RS256"),
    "ES256 for an RSA key": headed(jwk=RSA.jwk),
    "PS256": headed(alg="PS256", jwk=RSA.jwk),
    "no typ": headed(typ=None),
    "the typ of an access token": headed(typ="at+jwt"),
    "typ in capitals": headed(typ="DBSC+JWT"),
    "crit": headed(crit=["exp"]),
    "an empty crit": headed(crit=[]),
    "b64": headed(b64=True),
    "no jwk": headed(jwk=None),
    "a jwk that is text": headed(jwk=KEY),
    "a jwk without kty": changed(kty=None),
    "a jwk of another kind": changed(kty="OKP"),
    "a list as kty": changed(kty=["EC"]),
    "a secret key": headed(jwk={"kty": "oct", "k": "c2VjcmV0"}),
    "a private key": changed(d="Bw"),
    "a private member of RSA": changed(RSA, p="Bw"),
    "no y": changed(y=None),
    "a number as x": changed(x=7),
    "an empty x": changed(x=""),
    "a point off the curve": changed(x=DEVICE.jwk["y"], y=DEVICE.jwk["x"]),
    "zero as a point": changed(x=encode(bytes(32)), y=encode(bytes(32))),
    "coordinates beyond the field": changed(x=number(2**256 - 1), y=number(2**256 - 1)),
    "a short coordinate": changed(x=DEVICE.jwk["x"][:-4]),
    "a coordinate with a zero before it": changed(x=encode(b"\0" + P384.x.to_bytes(48)[:32])),
    "a coordinate that is no base64": changed(x="A" * 41),
    "the name of another curve": changed(crv="P-384"),
    "a key on P-384": changed(crv="P-384", x=encode(P384.x.to_bytes(48)), y=encode(P384.y.to_bytes(48))),
    "a key on P-384 that is called P-256": changed(
        x=encode(P384.x.to_bytes(48)), y=encode(P384.y.to_bytes(48))
    ),
    "secp256k1": changed(crv="secp256k1"),
    "an RSA key of 1024 bits": signed({**PROOF_HEADER, "alg": "RS256", "jwk": SMALL.jwk}, device=SMALL),
    "an RSA key of 4104 bits": changed(RSA, n=number(2**4103 + 1)),
    "an even modulus": changed(RSA, n=number(2**2048 - 2)),
    "an exponent of 3": DeviceKey(rsa.generate_private_key(3, 2048)).proof("c", registers=True),
    "an exponent of 1": changed(RSA, e="AQ"),
    "an even exponent": changed(RSA, e=number(65538)),
    "a huge exponent": changed(RSA, e=number(2**64 + 1)),
    "an exponent that is no base64": changed(RSA, e="A"),
    "the key of somebody else": headed(jwk=OTHER.jwk),
    "typ twice": signed(text_header('"typ":"at+jwt","typ":"dbsc+jwt"')),
    "the challenge twice": signed({**PROOF_HEADER, "jwk": DEVICE.jwk}, b'{"jti":"b","jti":"c"}'),
    "no challenge": signed({**PROOF_HEADER, "jwk": DEVICE.jwk}, {}),
    "a number as challenge": signed({**PROOF_HEADER, "jwk": DEVICE.jwk}, {"jti": 7}),
    "claims that are a list": signed({**PROOF_HEADER, "jwk": DEVICE.jwk}, ["c"]),
    "another challenge than was signed": f"{GOOD.split('.')[0]}.{segment({'jti': 'd'})}.{GOOD.split('.')[2]}",
    "a signature of nothing but zeros": f"{GOOD.rpartition('.')[0]}.{encode(bytes(64))}",
    "a signature that is longer": f"{GOOD}AAAA",
}

REASONS = {
    "alg none": "its algorithm is not the one of the key",
    "HS256 with the public key as secret": "its algorithm is not the one of the key",
    "PS256": "its algorithm is not the one of the key",
    "a point off the curve": "its key cannot be used",
    "a key on P-384": "its key is on another curve",
    "an RSA key of 4104 bits": "its RSA key is too short or too long",
    "an even modulus": "its RSA key is too short or too long",
    "an exponent of 1": "its RSA key has an unusual exponent",
    "an even exponent": "its RSA key has an unusual exponent",
    "a huge exponent": "its RSA key has an unusual exponent",
    "the key of somebody else": "the key did not sign it",
}
"""Why, where the signature is wrong too: what is looked at before a key is used."""

PROOFS = {
    "of another device": OTHER.proof("c"),
    "of another device that brings its key": OTHER.proof("c", registers=True),
    "of another kind of key": RSA.proof("c"),
    "alg none": f"{segment({**PROOF_HEADER, 'alg': 'none'})}.{segment({'jti': 'c'})}.AA",
    "HS256 with the public key as secret": forge(
        {**PROOF_HEADER, "alg": "HS256"}, {"jti": "c"}, KEY.encode()
    ),
    "the typ of a refresh token": DEVICE.proof("c", typ="rt+jwt"),
    "crit": DEVICE.proof("c", crit=["jwk"]),
    "no challenge": signed(PROOF_HEADER, {}),
    "the challenge twice": signed(PROOF_HEADER, b'{"jti":"b","jti":"c"}'),
}


@pytest.mark.parametrize("proof", REGISTRATIONS.values(), ids=REGISTRATIONS)
def test_a_registration_that_no_browser_sends_is_refused(proof: str) -> None:
    """Each row is what is wrong with it."""
    with pytest.raises(ProofRefused):
        read_registration(proof)


@pytest.mark.parametrize(("name", "reason"), REASONS.items())
def test_a_registration_is_refused_before_its_key_is_used(name: str, reason: str) -> None:
    """Each row is what is wrong with it, and what the refusal says."""
    with pytest.raises(ProofRefused, match=reason):
        read_registration(REGISTRATIONS[name])


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_a_proof_of_anything_but_the_key_is_refused(proof: str) -> None:
    """Each row is what is wrong with it."""
    with pytest.raises(ProofRefused):
        read_proof(proof, KEY)


def test_the_rows_above_differ_from_what_is_accepted() -> None:
    """What makes them is able to make a good one."""
    assert read_registration(headed()).key == read_registration(changed()).key == KEY
    assert read_registration(signed(text_header('"typ":"dbsc+jwt"'))).challenge == "c"
    assert read_proof(signed(PROOF_HEADER), KEY) == "c"
    assert read_registration(changed(RSA)).challenge == "c"


@given(
    st.text()
    | st.binary().map(encode)
    | st.lists(st.binary(), min_size=3, max_size=3).map(lambda parts: ".".join(map(encode, parts)))
)
def test_any_text_is_read_or_refused(proof: str) -> None:
    """Nothing that a request can have in the header causes another error."""
    for read in (lambda: read_registration(proof), lambda: read_proof(proof, KEY)):
        with pytest.raises(ProofRefused):
            read()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg"])


@given(st.dictionaries(MEMBERS, JSON | st.sampled_from(["EC", "RSA", "P-256", DEVICE.jwk["x"]])), JSON)
def test_any_key_is_read_or_refused(members: dict[str, Any], challenge: Any) -> None:
    """Whatever JSON stands in the place of the key and of the challenge."""
    with pytest.raises(ProofRefused):
        read_registration(signed({**PROOF_HEADER, "jwk": members}, {"jti": challenge}))


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param(changed(RSA, n="A" * 4_000_000), id="a key of 4 MB"),
        pytest.param("." * 4_000_000, id="4 MB of dots"),
        pytest.param("A" * MAX_PROOF_LENGTH + ".A.A", id="a little more than the limit"),
        pytest.param(changed(RSA, n="_" * (MAX_PROOF_LENGTH // 2)), id="the longest key that is looked at"),
        pytest.param(signed(b"[" * (MAX_PROOF_LENGTH // 2)), id="the deepest header"),
    ],
)
def test_a_huge_proof_is_cheap(proof: str) -> None:
    """It is refused in less time than a good one takes to verify, the best of five attempts."""
    costs = []
    for _ in range(5):
        start = time.perf_counter()
        with pytest.raises(ProofRefused):
            read_registration(proof)
        costs.append(time.perf_counter() - start)
    assert min(costs) < 0.002
