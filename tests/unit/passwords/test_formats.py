"""A check does the same work for every format and for nobody, and unknown formats are told."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from typing import Any

import argon2
import bcrypt
import pytest

from app.auth.errors import SettingsError
from app.auth.passwords.formats import PasswordFormats, name_of
from app.auth.passwords.hashing import MIN_ROUNDS, hash_password
from app.auth.verifiers import Django, Werkzeug
from tests.support.browser import PASSWORD

from ...support.hosts.foreign_hashes import FOREIGN_HASHES, verifier_of

Work = Counter[str]
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """What the checks of this test have cost, by function: rounds, or runs of these parameters."""
    done: Work = Counter()
    run_bcrypt, run_pbkdf2, run_scrypt = bcrypt.hashpw, hashlib.pbkdf2_hmac, hashlib.scrypt
    run_argon2 = argon2.PasswordHasher.verify

    def count_bcrypt(password: bytes, salt: bytes) -> bytes:
        done["bcrypt"] += 2 ** int(salt[4:6])
        return run_bcrypt(password, salt)

    def count_pbkdf2(name: str, password: bytes, salt: bytes, rounds: int) -> bytes:
        done[name] += rounds
        return run_pbkdf2(name, password, salt, rounds)

    def count_scrypt(password: bytes, **how: Any) -> bytes:
        done[f"scrypt {how['n']} {how['r']} {how['p']}"] += 1
        return run_scrypt(password, **how)

    def count_argon2(self: argon2.PasswordHasher, stored: str, password: str) -> bool:
        done[f"argon2 {argon2.extract_parameters(stored)}"] += 1
        return run_argon2(self, stored, password)

    monkeypatch.setattr(bcrypt, "hashpw", count_bcrypt)
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", count_pbkdf2)
    monkeypatch.setattr(hashlib, "scrypt", count_scrypt)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", count_argon2)
    return done


def cost(formats: PasswordFormats, work: Work, stored: str | None, password: str = "wrong") -> Work:
    """The work of one check."""
    work.clear()
    formats.verify(password, stored)
    return Counter(work)


OF_USUAL_COST = ("werkzeug scrypt", "werkzeug pbkdf2", "argon2-cffi", "django pbkdf2_sha256", "django bcrypt")
"""Hashes whose functions can be brought to one cost."""


@pytest.mark.usefixtures("cheap_verifiers")
def test_a_refusal_costs_the_same_for_everybody(work: Work) -> None:
    """Nobody, a locked account, our own hash, every format, an unknown one: one run of every function."""
    formats = PasswordFormats(MIN_ROUNDS, [verifier_of(name) for name in OF_USUAL_COST])
    nobody = cost(formats, work, None)
    assert set(nobody) == {"bcrypt", "sha256", "scrypt 1024 8 1", next(n for n in nobody if "argon2" in n)}
    others = [FOREIGN_HASHES[name] for name in OF_USUAL_COST]
    for stored in ("", "!", MD5, hash_password(PASSWORD, MIN_ROUNDS), *others):
        for password in ("wrong", "\0", PASSWORD):
            assert cost(formats, work, stored, password) == nobody, (stored, password)


def test_cheap_hashes_of_pbkdf2_take_the_missing_rounds(work: Work) -> None:
    """An older table has fewer rounds than the library's default, which is what a check for nobody costs."""
    formats = PasswordFormats(MIN_ROUNDS, [Werkzeug("pbkdf2:sha256:5000"), Django(iterations=7000)])
    for name in ("werkzeug pbkdf2", "django pbkdf2_sha256", ""):
        assert cost(formats, work, FOREIGN_HASHES.get(name))["sha256"] == 12_000


def test_the_usual_cost_is_that_of_the_libraries(work: Work) -> None:
    """Where a host says nothing, an unknown user costs what the library itself would store."""
    formats = PasswordFormats(MIN_ROUNDS, [Werkzeug(), Django()])
    usual = {"bcrypt": 2**MIN_ROUNDS, "scrypt 32768 8 1": 1, "sha256": 2_000_000}
    assert cost(formats, work, None) == Counter(usual)


def test_a_dearer_bcrypt_raises_the_cost_for_all(work: Work) -> None:
    """After the first one every check of this process costs as much."""
    formats = PasswordFormats(MIN_ROUNDS)
    before = cost(formats, work, None)
    formats.verify("wrong", hash_password(PASSWORD, MIN_ROUNDS + 1))
    assert cost(formats, work, None)["bcrypt"] == 2 * before["bcrypt"]


class Broken:
    """A verifier of a host that fails."""

    def owns(self, stored: str) -> bool:
        """Fails at a text."""
        raise RuntimeError(stored)

    def verify(self, password: str, stored: str | None) -> bool:  # noqa: ARG002  # the protocol has them
        """Fails in any case."""
        raise RuntimeError(password)


class Credulous(Broken):
    """A verifier that takes every password, and no hash for its own."""

    def owns(self, stored: str) -> bool:  # noqa: ARG002
        """Nothing."""
        return False

    def verify(self, password: str, stored: str | None) -> bool:  # noqa: ARG002
        """Anything."""
        return True


def test_a_verifier_that_fails_signs_nobody_in_and_keeps_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    """Its error is logged, and the other formats are still verified."""
    formats = PasswordFormats(MIN_ROUNDS, [Broken()])
    assert formats.verify(PASSWORD, hash_password(PASSWORD, MIN_ROUNDS))
    assert not formats.verify(PASSWORD, MD5)
    assert "a password verifier failed" in caplog.text


def test_a_verifier_decides_on_its_own_hashes_only() -> None:
    """What it says of nobody's password signs nobody in."""
    formats = PasswordFormats(MIN_ROUNDS, [Credulous()])
    for stored in (None, "", MD5, hash_password(PASSWORD, MIN_ROUNDS)):
        assert not formats.verify("wrong", stored)


class Wrapped:
    """The verifier of a site that has put bcrypt around the MD5 of an older table."""

    def owns(self, stored: str) -> bool:
        """Every hash that begins as bcrypt does, and our own."""
        return stored.startswith(("$2b$", "$bcrypt"))

    def verify(self, password: str, stored: str | None) -> bool:
        """By the digest of the password."""
        return stored is not None and bcrypt.checkpw(digest_of(password).encode(), stored.encode())


def digest_of(password: str) -> str:
    """What the table held before."""
    return hashlib.md5(password.encode()).hexdigest()  # noqa: S324  # as old sites did


def test_a_digest_is_no_password() -> None:
    """Who has it from an old copy of the table cannot sign in with it; our own format stays ours."""
    formats = PasswordFormats(MIN_ROUNDS, [Wrapped()])
    stored = bcrypt.hashpw(digest_of(PASSWORD).encode(), bcrypt.gensalt(MIN_ROUNDS)).decode()
    assert formats.verify(PASSWORD, stored)
    assert not formats.verify(digest_of(PASSWORD), stored)
    assert formats.verify(PASSWORD, hash_password(PASSWORD, MIN_ROUNDS))
    assert PasswordFormats(MIN_ROUNDS).verify(digest_of(PASSWORD), stored)


def test_an_unknown_format_is_told_once_and_without_the_hash(caplog: pytest.LogCaptureFixture) -> None:
    """One line for each format in a process; no line for a locked account or somebody without a password."""
    caplog.set_level(logging.WARNING, "flask_ratchet")
    formats = PasswordFormats(MIN_ROUNDS)
    for stored in (None, "", "!", "*", MD5, MD5, "a" * 32, "sha1$salt$hash", "$6$salt$hash"):
        formats.verify("wrong", stored)
    told = [record.getMessage().partition("(")[2].partition(")")[0] for record in caplog.records]
    assert told == ["32 characters without a name", "sha1$", "$6$"]
    assert "5f4d" not in caplog.text


def test_a_table_of_oddities_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A process tells of so many formats and no more."""
    formats = PasswordFormats(MIN_ROUNDS)
    for number in range(40):
        formats.verify("wrong", f"$x{number}$salt$hash")
    assert len(caplog.records) == 20


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("scrypt:32768:8:1$salt$hash", "scrypt:"),
        ("pbkdf2_sha256$1000$salt$hash", "pbkdf2_sha256$"),
        ("$argon2id$v=19$m=1$salt$hash", "$argon2id$"),
        ("$P$B12345678", "$P$"),
        ("{SSHA}abcdef", "{SSHA}"),
        ("deadbeef:salt", "13 characters without a name"),
        (MD5 + ":salt", "37 characters without a name"),
        ("Zm9vYmFy$x", "10 characters without a name"),
        ("unsalted_md5$hash", "unsalted_md5$"),
        ("k7zq2:hash", "10 characters without a name"),
        ("hunter2$horse", "13 characters without a name"),
    ],
)
def test_what_a_hash_says_of_its_format(stored: str, name: str) -> None:
    """A name, never a part of a digest, of a salt or of a password that is stored as it is."""
    assert name_of(stored) == name


class Awaited(Credulous):
    """A verifier whose answer nobody would await, so that it would count as a yes."""

    async def verify(self, password: str, stored: str | None) -> bool:  # type: ignore[override]  # noqa: ARG002
        """No."""
        return False


@pytest.mark.parametrize(
    "given",
    [Werkzeug(), [Werkzeug], [[Werkzeug()]], ["scrypt"], [None], [Awaited()]],
    ids=["no list", "a class", "a list in a list", "a name", "none", "asynchronous"],
)
def test_what_is_no_list_of_verifiers_stops_the_start(given: Any) -> None:
    """One verifier without a list, a class, a list in a list, a name, one that has to be awaited."""
    with pytest.raises(SettingsError, match="password_verifiers"):
        PasswordFormats(MIN_ROUNDS, given)
