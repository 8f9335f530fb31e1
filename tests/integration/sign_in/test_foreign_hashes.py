"""Users who come from elsewhere sign in with the password they have, and their hash becomes ours."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from app.auth.errors import Unavailable
from app.auth.passwords.authentication import Authenticator
from app.auth.passwords.hashing import needs_rehash
from tests.support.browser import PASSWORD, Browser

from ...support.hosts.foreign_hashes import FOREIGN_HASHES, PBKDF2_ROUNDS, verifier_of
from ...support.hosts.strangers import MakeStranger, Stranger

pytestmark = pytest.mark.usefixtures("cheap_verifiers")

ROUNDS = 10
PBKDF2 = "werkzeug pbkdf2"


def sign_in(host: Stranger, password: str = PASSWORD) -> int:
    """The status of a sign-in of grace."""
    return Browser(host.app).sign_in("grace@example.org", password).status_code


def stored(host: Stranger) -> Any:
    """What is on disk for her password."""
    with host.app.app_context():
        return host.db.session.scalar(select(host.model.password_hash))


@pytest.mark.parametrize("name", FOREIGN_HASHES)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_foreign_hash_becomes_ours_at_the_sign_in(make_stranger: MakeStranger, name: str) -> None:
    """A wrong password changes nothing, the right one replaces the hash, and signs in from then on."""
    host = make_stranger(password_verifiers=[verifier_of(name)])
    host.add_user(password_hash=FOREIGN_HASHES[name])
    assert sign_in(host, "wrong") == 401
    assert stored(host) == FOREIGN_HASHES[name]
    assert sign_in(host) == 200
    assert not needs_rehash(stored(host), ROUNDS)
    assert sign_in(host) == 200


def test_a_short_legacy_password_is_taken_along(make_stranger: MakeStranger) -> None:
    """It is the user's already: the rules for new passwords do not keep anybody out, on any database."""
    host = make_stranger(password_verifiers=[verifier_of(PBKDF2)])
    host.add_user(password_hash=generate_password_hash("owl", f"pbkdf2:sha256:{PBKDF2_ROUNDS}"))
    assert sign_in(host, "owl") == 200
    assert not needs_rehash(stored(host), ROUNDS)
    assert sign_in(host, "owl") == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_sign_in_does_not_fail_because_its_new_hash_has_to_wait(
    make_stranger: MakeStranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password was right. If too many others hash just then, the next sign-in stores the new hash."""
    host = make_stranger(password_verifiers=[verifier_of(PBKDF2)])
    host.add_user(password_hash=FOREIGN_HASHES[PBKDF2])
    with monkeypatch.context() as busy:
        busy.setattr(Authenticator, "_hash", too_many)
        assert sign_in(host) == 200
    assert stored(host) == FOREIGN_HASHES[PBKDF2]
    assert sign_in(host) == 200
    assert not needs_rehash(stored(host), ROUNDS)


def too_many(*_given: object) -> str:
    """Refuse to hash, as while many others sign in."""
    raise Unavailable


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_foreign_password_can_be_changed(make_stranger: MakeStranger) -> None:
    """The current password of a change is verified by the same formats."""
    host = make_stranger(password_verifiers=[verifier_of(PBKDF2)])
    key = host.add_user()
    browser = host.signed_in()
    with host.app.app_context():
        host.db.session.get_one(host.model, key).password_hash = FOREIGN_HASHES[PBKDF2]
        host.db.session.commit()
    new = {"current_password": PASSWORD, "new_password": "an even better battery staple"}
    assert browser.client.post("/auth/password", json=new).status_code == 200
    assert sign_in(host, new["new_password"]) == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_verifier_a_foreign_hash_is_told(
    make_stranger: MakeStranger, caplog: pytest.LogCaptureFixture
) -> None:
    """Its user is refused as anybody is, the log says why, and the doctor counts such users by format."""
    caplog.set_level(logging.WARNING, "flask_ratchet")
    host = make_stranger()
    host.add_user(password_hash=FOREIGN_HASHES[PBKDF2])
    assert sign_in(host) == 401
    assert "the format of the password hash is not known (pbkdf2:)" in caplog.text
    assert FOREIGN_HASHES[PBKDF2] not in caplog.text
    told = host.app.test_cli_runner().invoke(args=["ratchet", "doctor"]).output
    assert "1 users cannot sign in: the format of their password hash is not known here (pbkdf2: 1)." in told


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_doctor_knows_the_verifiers(make_stranger: MakeStranger) -> None:
    """A hash that a verifier owns is no finding."""
    host = make_stranger(password_verifiers=[verifier_of(PBKDF2)])
    host.add_user(password_hash=FOREIGN_HASHES[PBKDF2])
    told = host.app.test_cli_runner().invoke(args=["ratchet", "doctor"]).output
    assert "cannot sign in" not in told
