"""The files of RATCHET_JWT_KEYS: what is taken, and what stops the boot with which words."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519

from app.auth.errors import SettingsError
from app.auth.tokens import keys

from ...support.samples import load_settings
from .test_keys import RFC_7638, RFC_8037, jwk_of, pair

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


def pem(private: Any, encryption: Any = None) -> bytes:
    """A private key in PKCS #8."""
    raw: bytes = private.private_bytes(PEM, PKCS8, encryption or serialization.NoEncryption())
    return raw


def jwk(**changes: Any) -> bytes:
    """The Ed25519 key of RFC 8037 as a JWK, with changes; None takes a member away."""
    return json.dumps({name: value for name, value in (RFC_8037 | changes).items() if value}).encode()


def rsa_jwk(**changes: Any) -> bytes:
    """An RSA key as a JWK, with changes."""
    return json.dumps(jwk_of(pair("RS256")) | changes).encode()


def weak_rsa() -> bytes:
    """An RSA key that can be broken."""
    return pem(rsa.generate_private_key(65537, 1024))  # noqa: S505  # too weak on purpose


def dsa_key() -> bytes:
    """A key of a kind that no JWT is signed with."""
    return pem(dsa.generate_private_key(1024))  # noqa: S505  # as weak as it is quick to make


def public_pem() -> bytes:
    """The public half of an Ed25519 key."""
    raw: bytes = pair("EdDSA").public.public_bytes(PEM, SPKI)
    return raw


LOCK = serialization.BestAvailableEncryption(b"password")
UNUSABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a public key in PEM": (public_pem, "is a public key"),
    "a public key as a JWK": (lambda: jwk(d=None), "is a public key"),
    "a public RSA key as a JWK": (lambda: json.dumps(RFC_7638).encode(), "is a public key"),
    "an encrypted key": (lambda: pem(pair("EdDSA").material, LOCK), "is encrypted"),
    "an RSA key of 1024 bits": (weak_rsa, "has 1024 bits"),
    "a key on P-384": (lambda: pem(ec.generate_private_key(ec.SECP384R1())), "on the curve secp384r1"),
    "a key on secp256k1": (lambda: pem(ec.generate_private_key(ec.SECP256K1())), "on the curve secp256k1"),
    "an Ed448 key": (lambda: pem(ed448.Ed448PrivateKey.generate()), "is no key for EdDSA"),
    "an X25519 key": (lambda: pem(x25519.X25519PrivateKey.generate()), "is no key for EdDSA"),
    "a DSA key": (dsa_key, "is no key for EdDSA"),
    "a secret as a JWK": (lambda: json.dumps({"kty": "oct", "k": "c2VjcmV0"}).encode(), "holds no key"),
    "a JWK for encryption": (lambda: jwk(use="enc"), "not meant for signing with EdDSA"),
    "a JWK for another algorithm": (lambda: rsa_jwk(alg="RS512"), "not meant for signing with RS256"),
    "a JWK that may only verify": (lambda: jwk(key_ops=["verify"]), "not meant for signing"),
    "a JWK whose d is no text": (lambda: jwk(d=5), "holds no key"),
    "a JWK whose kty is a list": (lambda: jwk(kty=["OKP"]), "holds no key"),
    "a JWK without kty": (lambda: jwk(kty=None), "holds no key"),
    "a JWK of Ed448": (lambda: jwk(crv="Ed448"), "holds no key"),
    "a JWK with a member twice": (lambda: jwk().replace(b'"crv"', b'"kty":"OKP","crv"'), "holds no key"),
    "an RSA JWK with some of its primes": (lambda: rsa_jwk(p=None, q=""), "holds no key"),
    "an RSA JWK of another modulus": (lambda: rsa_jwk(n=RFC_7638["n"]), "holds no key"),
    "a set of JWKs": (lambda: b'{"keys": [' + jwk() + b"]}", "holds no key"),
    "broken JSON": (lambda: b'{"kty": "OKP"', "holds no key"),
    "10,000 brackets": (lambda: b'{"kty":' + b"[" * 10_000, "holds no key"),
    "nothing": (lambda: b"", "holds no private key"),
    "text": (lambda: b"a secret", "holds no private key"),
    "bytes that are no text": (lambda: b"\xff\xfe\0", "holds no private key"),
    "a PEM of garbage": (
        lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "holds no private key",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_key_stops_the_boot(name: str, tmp_path: Path) -> None:
    """The message names the setting, the file, the fault and the remedy, and repeats nothing of the key."""
    make, reason = UNUSABLE[name]
    path = tmp_path / "access.key"
    path.write_bytes(make())
    with pytest.raises(SettingsError) as refusal:
        load_settings(RATCHET_JWT_KEYS=path)
    message = str(refusal.value)
    assert message.startswith(f"RATCHET_JWT_KEYS: {path} ")
    assert reason in message
    assert message.endswith(keys.REMEDY)
    assert RFC_8037["d"] not in message


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda path: path, "No such file", id="there is no such file"),
        pytest.param(Path.mkdir, "Is a directory", id="it is a folder"),
        pytest.param(lambda path: path.symlink_to(path), "symbolic links", id="it is a link to itself"),
    ],
)
def test_a_path_without_a_file_stops_the_boot(make: Any, reason: str, tmp_path: Path) -> None:
    """The message names the setting, the path and what the system said."""
    path = tmp_path / "access.pem"
    make(path)
    with pytest.raises(SettingsError, match=f"RATCHET_JWT_KEYS: {path} cannot be read: .*{reason}"):
        load_settings(RATCHET_JWT_KEYS=str(path))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(pair("EdDSA").pem().decode(), id="a PEM"),
        pytest.param(pair("EdDSA").pem(), id="a PEM as bytes"),
        pytest.param([pair("EdDSA").pem().decode()], id="a PEM in a list"),
        pytest.param(RFC_8037, id="a JWK as Flask reads it from the environment"),
        pytest.param(json.dumps(RFC_8037), id="a JWK as text"),
    ],
)
def test_a_key_in_place_of_its_path_is_not_repeated(value: Any) -> None:
    """Who puts the key itself into the setting does not find it in the log."""
    with pytest.raises(SettingsError) as refusal:
        load_settings(RATCHET_JWT_KEYS=value)
    assert str(refusal.value) == "RATCHET_JWT_KEYS: takes the paths of files, not the keys themselves"


@pytest.mark.parametrize("value", ["", "  ", 5, True, [5], [""], [None]])
def test_what_is_no_path_stops_the_boot(value: Any) -> None:
    """An empty variable is a mistake and not a site without keys."""
    with pytest.raises(SettingsError, match=r"RATCHET_JWT_KEYS is .*; allowed: paths of private keys"):
        load_settings(RATCHET_JWT_KEYS=value)


@pytest.mark.parametrize("value", [None, [], ()])
def test_a_site_can_go_without(value: Any) -> None:
    """Access tokens are then signed with the secret."""
    assert load_settings(RATCHET_JWT_KEYS=value).jwt_keys == ()


def saved(folder: Path, *algorithms: str) -> list[str]:
    """The paths of new files with a key each."""
    paths = [folder / f"{algorithm}.pem" for algorithm in algorithms]
    for path, algorithm in zip(paths, algorithms, strict=True):
        pair(algorithm).write(path)
    return [str(path) for path in paths]


def test_the_keys_stay_in_order(tmp_path: Path) -> None:
    """The first of the list is the first of the keys."""
    paths = saved(tmp_path, "RS256", "EdDSA", "ES256")
    found = load_settings(RATCHET_JWT_KEYS=paths).jwt_keys
    assert [key.algorithm for key in found] == ["RS256", "EdDSA", "ES256"]


@pytest.mark.parametrize("several", [False, True], ids=["a path", "a list in JSON"])
def test_the_environment_names_the_files(
    *, several: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One path stands as it is, several as JSON."""
    paths = saved(tmp_path, "EdDSA", *(["ES256"] if several else []))
    monkeypatch.setenv("FLASK_RATCHET_JWT_KEYS", json.dumps(paths) if several else paths[0])
    assert [key.algorithm for key in load_settings().jwt_keys] == ["EdDSA", "ES256"][: len(paths)]


def test_one_key_in_two_files_stops_the_boot(tmp_path: Path) -> None:
    """The message names both: whoever meant to rotate named the same key twice."""
    (first,) = saved(tmp_path, "EdDSA")
    second = tmp_path / "copy.json"
    second.write_text(json.dumps(jwk_of(pair("EdDSA"))))
    with pytest.raises(SettingsError, match=f"RATCHET_JWT_KEYS: {second} holds the same key as {first}"):
        load_settings(RATCHET_JWT_KEYS=[first, str(second)])


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o604, True), (0o444, True)])
def test_a_key_that_everybody_can_read_is_warned_of(
    mode: int, warned: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not refused: secrets that a container mounts have this mode, and nobody else is in there."""
    (path,) = saved(tmp_path, "EdDSA")
    Path(path).chmod(mode)
    with caplog.at_level(logging.WARNING):
        assert load_settings(RATCHET_JWT_KEYS=path).jwt_keys
    assert [path in record.getMessage() for record in caplog.records] == [True] * warned


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600 from its first moment, however generous the umask is."""
    before = os.umask(0)
    try:
        (path,) = saved(tmp_path, "EdDSA")
    finally:
        os.umask(before)
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    """Nor is what a link points to."""
    (path,) = saved(tmp_path, "EdDSA")
    link = tmp_path / "link.pem"
    link.symlink_to(tmp_path / "elsewhere.pem")
    for taken in (Path(path), link):
        with pytest.raises(FileExistsError):
            pair("ES256").write(taken)
    assert keys.read(Path(path)).kid == pair("EdDSA").kid
    assert not (tmp_path / "elsewhere.pem").exists()
