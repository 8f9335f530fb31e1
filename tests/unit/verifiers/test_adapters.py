"""Each verifier knows the hashes of its system, whole, affordable ones, and no others."""

from __future__ import annotations

import sys
import time
from typing import Any

import argon2
import bcrypt
import pytest
from werkzeug.security import generate_password_hash

from app.auth.errors import SettingsError
from app.auth.verifiers import Argon2, Django, FlaskSecurity, Werkzeug
from tests.support.browser import PASSWORD

from ...support.hosts.foreign_hashes import (
    CHEAP_ARGON2,
    FLASK_SECURITY_SALT,
    FOREIGN_HASHES,
    PBKDF2_ROUNDS,
    verifier_of,
)

pytestmark = pytest.mark.usefixtures("cheap_verifiers")

EVERY_VERIFIER = [
    Werkzeug("scrypt:1024:8:1", "pbkdf2:sha256:1000"),
    Argon2(CHEAP_ARGON2),
    Django("pbkdf2_sha256", "pbkdf2_sha1", "bcrypt", "bcrypt_sha256", "scrypt", "argon2", iterations=1000),
    FlaskSecurity(FLASK_SECURITY_SALT),
]
KEY = "A" * 43
SALT = "A" * 22


@pytest.mark.parametrize("name", FOREIGN_HASHES)
def test_a_hash_of_another_system_matches_its_password_only(name: str) -> None:
    """What the system itself has stored is owned and verified."""
    verifier, stored = verifier_of(name), FOREIGN_HASHES[name]
    assert verifier.owns(stored)
    assert verifier.verify(PASSWORD, stored)
    assert not verifier.verify(f"{PASSWORD} ", stored)


@pytest.mark.parametrize("name", FOREIGN_HASHES)
def test_nobody_has_a_matching_hash(name: str) -> None:
    """Without a hash of its own a verifier does its work on one that nothing matches."""
    for password, stored in ((PASSWORD, None), ("", ""), ("\0", "5f4dcc3b5aa765d61d8327deb882cf99")):
        assert not verifier_of(name).verify(password, stored)


@pytest.mark.parametrize("name", FOREIGN_HASHES)
def test_a_hash_is_owned_whole_or_not_at_all(name: str) -> None:
    """One that was cut, or has a line's end behind it, belongs to nobody."""
    stored = FOREIGN_HASHES[name]
    broken = (stored[:10], stored + "\n", stored + "$", "x" + stored, stored.rpartition("$")[0], stored + "é")
    for text in broken:
        assert [one for one in EVERY_VERIFIER if one.owns(text)] == [], text


@pytest.mark.parametrize("name", FOREIGN_HASHES)
@pytest.mark.parametrize("password", ["", "\0", "\ud800", "?", "x" * 512], ids=ascii)
def test_odd_passwords_match_nothing(name: str, password: str) -> None:
    """None of them raises an error, and half of a surrogate pair is not taken for a question mark."""
    assert not verifier_of(name).verify(password, FOREIGN_HASHES[name])


def test_half_a_surrogate_pair_is_no_question_mark() -> None:
    """No other system can have stored one, so it matches nothing."""
    stored = generate_password_hash("owl?", "pbkdf2:sha256:1000")
    assert Werkzeug("pbkdf2:sha256:1000").verify("owl?", stored)
    assert not Werkzeug("pbkdf2:sha256:1000").verify("owl\ud800", stored)


def test_flask_security_normalises() -> None:
    """A password is NFKD there before it is hashed; a site can have set another form, or none."""
    stored = "$2b$04$Bre2js1gGwTnf46J4HIzReJchWqQuKXes4BN3e2R5S8zM2lbqR5p."
    assert FlaskSecurity(FLASK_SECURITY_SALT, "bcrypt", normal_form="NFC").verify("stra\u00dfe", stored)
    assert FlaskSecurity(FLASK_SECURITY_SALT, "bcrypt", normal_form=None).verify("stra\u00dfe", stored)
    assert FlaskSecurity(FLASK_SECURITY_SALT, "bcrypt").verify("\uff53tra\u00dfe", stored)
    assert not FlaskSecurity(FLASK_SECURITY_SALT, "bcrypt", normal_form=None).verify(
        "\uff53tra\u00dfe", stored
    )


def test_flask_security_needs_its_own_salt() -> None:
    """A hash that was made with another SECURITY_PASSWORD_SALT does not match."""
    assert not FlaskSecurity("another", "bcrypt").verify(PASSWORD, FOREIGN_HASHES["flask-security bcrypt"])


DEAR: list[Any] = [
    pytest.param("scrypt:1073741824:8:1$salt$" + "0" * 128, id="scrypt of a terabyte"),
    pytest.param("scrypt:1048576:8:1$salt$" + "0" * 128, id="scrypt of a gigabyte"),
    pytest.param("scrypt:32768:8:99999$salt$" + "0" * 128, id="scrypt for an hour"),
    pytest.param("scrypt:1000:8:1$salt$" + "0" * 128, id="scrypt, not a power of two"),
    pytest.param("scrypt:0:0:0$salt$" + "0" * 128, id="scrypt of nothing"),
    pytest.param("pbkdf2:sha256:99999999$salt$" + "0" * 64, id="pbkdf2 for half a minute"),
    pytest.param("pbkdf2:sha256:9999999999999$salt$" + "0" * 64, id="pbkdf2 for a year"),
    pytest.param("pbkdf2:sha256:0$salt$" + "0" * 64, id="pbkdf2 of no round"),
    pytest.param("pbkdf2:shake_128:1000$salt$" + "0" * 64, id="pbkdf2 of something that has no length"),
    pytest.param(f"pbkdf2_sha256$99999999$salt${KEY}=", id="Django for half a minute"),
    pytest.param(f"pbkdf2_sha256$\u0661\u0662\u0663$salt${KEY}=", id="Django in Arabic digits"),
    pytest.param(f"scrypt$1048576$salt$8$1${'A' * 86}==", id="Django's scrypt of a gigabyte"),
    pytest.param(f"$argon2id$v=19$m=4194304,t=1,p=1${SALT}${KEY}", id="Argon2 of four gigabytes"),
    pytest.param(f"$argon2id$v=19$m=65536,t=9999999,p=1${SALT}${KEY}", id="Argon2 for a day"),
    pytest.param(f"$argon2id$v=19$m=65536,t=1,p=99${SALT}${KEY}", id="Argon2 on 99 threads"),
    pytest.param(f"$argon2id$v=19$m=8,t=1,p=4${SALT}${KEY}", id="Argon2 with too little memory"),
    pytest.param(f"$argon2id$v=19$m=64,t=0,p=1${SALT}${KEY}", id="Argon2 of no pass"),
    pytest.param(f"bcrypt_sha256$$2b$31${'A' * 53}", id="bcrypt for a week"),
    pytest.param(f"$2b$31${'A' * 53}", id="bcrypt for a week in Flask-Security"),
]


@pytest.mark.parametrize("stored", DEAR)
def test_a_row_cannot_stop_a_worker(stored: str) -> None:
    """A hash that asks for unreasonable work, or for none, is of no known format."""
    assert [one for one in EVERY_VERIFIER if one.owns(stored)] == []


def test_a_dear_hash_is_not_computed() -> None:
    """The work is that of the usual hash, a few thousandths of a second."""
    before = time.thread_time()
    assert not Werkzeug("pbkdf2:sha256:1000").verify(PASSWORD, "pbkdf2:sha256:99999999$salt$" + "0" * 64)
    assert time.thread_time() - before < 1


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(f"$argon2id$v=19$m=64,t=1,p=1${'A' * 21}${KEY}", id="a salt that is no base64"),
        pytest.param(f"$argon2id$v=19$m=64,t=1,p=1${SALT}${'A' * 9}", id="a digest that is no base64"),
    ],
)
def test_a_broken_argon2_matches_nothing(stored: str) -> None:
    """The library refuses it, which is no error here."""
    assert not Argon2(CHEAP_ARGON2).verify(PASSWORD, stored)


def test_old_methods_of_werkzeug_verify() -> None:
    """SHA-1 and SHA-512 were its choices once."""
    for name in ("sha1", "sha512"):
        stored = generate_password_hash(PASSWORD, f"pbkdf2:{name}:1000")
        assert Werkzeug(f"pbkdf2:sha256:{PBKDF2_ROUNDS}").verify(PASSWORD, stored)


def test_every_type_of_argon2_verifies() -> None:
    """Hashes of older systems are of type i or d."""
    for kind in argon2.Type:
        hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=kind)
        assert Argon2(CHEAP_ARGON2).verify(PASSWORD, hasher.hash(PASSWORD))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(lambda: Werkzeug("md5"), "Werkzeug does not know 'md5'", id="a method"),
        pytest.param(
            lambda: Django("md5"), "Django does not know 'md5'; it knows pbkdf2_sha256", id="an algorithm"
        ),
        pytest.param(lambda: FlaskSecurity("s", "md5"), "FlaskSecurity does not know 'md5'", id="a scheme"),
        pytest.param(lambda: FlaskSecurity(""), "SECURITY_PASSWORD_SALT", id="no salt"),
    ],
)
def test_what_a_verifier_does_not_know_is_refused_at_once(make: Any, told: str) -> None:
    """A wrong name stops the start, and no sign-in meets it."""
    with pytest.raises(SettingsError, match=told):
        make()


def test_argon2_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where argon2-cffi is not installed, the start stops with the way to install it."""
    monkeypatch.setitem(sys.modules, "argon2", None)
    for make in (Argon2, lambda: Django("argon2"), lambda: FlaskSecurity("salt")):
        with pytest.raises(SettingsError, match=r"pip install 'flask-ratchet\[argon2\]'"):
            make()
    assert FlaskSecurity("salt", "bcrypt").owns(bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode())
