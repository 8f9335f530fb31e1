"""Names and stored hashes: who is whom is the same on every database."""

from __future__ import annotations

import bcrypt
import pytest
from flask import Flask

from app.auth.passwords import hash_password
from tests.browser import PASSWORD, Browser, content, refusal
from tests.conftest import add_user

from .rows import stored

NFC, NFD = "jos\u00e9", "jose\u0301"


@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        pytest.param("ada@example.org", "ADA@Example.ORG", id="the case of an address does not count"),
        pytest.param("ada@example.org", "  ada@example.org ", id="space around an address does not count"),
        pytest.param("Ada", "aDA", id="the case of a name does not count"),
        pytest.param("ada", "ada ", id="space behind a name does not count"),
        pytest.param(NFC, NFD, id="a name typed in pieces is the composed one"),
        pytest.param(NFD, NFC.upper(), id="a name kept in pieces is the composed one, in any case"),
        pytest.param("stra\u00dfe", "STRASSE", id="sharp s is ss in capitals"),
        pytest.param("\u0394\u03c2", "\u03b4\u03c3", id="final sigma is sigma"),
    ],
)
def test_names_that_are_the_same(site: Flask, kept: str, typed: str) -> None:
    """One person is found under every spelling of the same name."""
    email, username = (kept, "someone") if "@" in kept else ("someone@example.org", kept)
    add_user(site, email, username)
    assert Browser(site).sign_in(typed).status_code == 200


@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        pytest.param(NFC, "jose", id="an accent makes another name"),
        pytest.param("jose", NFC, id="so does its absence"),
        pytest.param("ada", "\u0430da", id="a Cyrillic letter is another letter"),
        pytest.param("ada b", "ada  b", id="space inside a name counts"),
        pytest.param("ada_b", "adaxb", id="an underscore is no wildcard"),
        pytest.param("ada", "%", id="a per cent sign is no wildcard"),
        pytest.param("ada", "' OR 1=1 --", id="SQL is a name like any other"),
    ],
)
def test_names_that_are_different(site: Flask, kept: str, typed: str) -> None:
    """No database takes one person for another."""
    add_user(site, "someone@example.org", kept)
    assert refusal(Browser(site).sign_in(typed)) == (401, "invalid_credentials")


def test_namesakes_but_for_an_accent_live_side_by_side(site: Flask) -> None:
    """Two names that differ in an accent are two rows, and each signs in as itself."""
    subjects = [add_user(site, f"{name}@example.org", name) for name in ("jose", NFC)]
    signed_in = [Browser(site).sign_in(name) for name in ("jose", NFC)]
    assert [str(content(reply)["user"]["id"]) for reply in signed_in] == subjects


OURS = "$bcrypt-sha256$v=2,t=2b,r=10$"


def plain(prefix: str) -> str:
    """A bcrypt hash of PASSWORD as another system wrote it."""
    return prefix + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()[3:]


@pytest.mark.parametrize(
    ("kept", "password"),
    [
        pytest.param(plain("$2a"), PASSWORD, id="$2a$ of older libraries"),
        pytest.param(plain("$2b"), PASSWORD, id="$2b$ of OpenBSD"),
        pytest.param(plain("$2y"), PASSWORD, id="$2y$ of PHP"),
        # Test vectors of Openwall's crypt_blowfish, which PHP uses.
        pytest.param(
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "U*U",
            id="Openwall's first",
        ),
        pytest.param(
            "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
            "U*U*",
            id="Openwall's second vector",
        ),
        pytest.param(hash_password(PASSWORD, 4), PASSWORD, id="our own at a lower cost"),
    ],
)
def test_foreign_and_cheap_hashes_are_raised(site: Flask, kept: str, password: str) -> None:
    """A hash of another system verifies, and is replaced by ours at the site's cost."""
    subject = add_user(site, "old@example.org", "old", password_hash=kept)
    assert refusal(Browser(site).sign_in("old", password + "x")) == (401, "invalid_credentials")
    assert stored(site, subject).password_hash == kept
    assert Browser(site).sign_in("old", password).status_code == 200
    raised = stored(site, subject).password_hash
    assert raised is not None
    assert raised.startswith(OURS)
    assert Browser(site).sign_in("old", password).status_code == 200
    assert stored(site, subject).password_hash == raised


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(None, id="no password is set"),
        pytest.param("", id="empty"),
        pytest.param("!", id="the mark of a locked account"),
        pytest.param("$2b$10$tooshort", id="cut off"),
        pytest.param(f"$2b$99{'a' * 54}", id="of a cost that nobody can pay"),
        pytest.param(PASSWORD, id="the password itself"),
    ],
)
def test_unusable_hash(site: Flask, kept: str | None) -> None:
    """Nobody signs in on a hash that is none, and nothing breaks."""
    subject = add_user(site, "odd@example.org", "odd", password_hash=kept)
    assert refusal(Browser(site).sign_in("odd")) == (401, "invalid_credentials")
    assert refusal(Browser(site).sign_in("odd", "")) == (401, "invalid_credentials")
    assert stored(site, subject).password_hash == kept


FILLER = "x" * 72


@pytest.mark.parametrize(
    ("chosen", "typed", "expected"),
    [
        pytest.param("\U0001f511" * 64, "\U0001f511" * 64, 200, id="64 keys of four bytes are one password"),
        pytest.param("\U0001f511" * 64, "\U0001f511" * 63, 401, id="and 63 of them are another"),
        pytest.param(FILLER + "a", FILLER + "b", 401, id="byte 73 counts"),
        pytest.param("pass\0word", "pass\0word", 200, id="a NUL is a character"),
        pytest.param("pass\0word", "pass", 401, id="a NUL ends nothing"),
        pytest.param("caf\u00e9 au lait", "cafe\u0301 au lait", 200, id="a keyboard that composes"),
        pytest.param(PASSWORD, PASSWORD + " ", 401, id="space behind a password counts"),
    ],
)
def test_passwords_count_in_full(site: Flask, chosen: str, typed: str, expected: int) -> None:
    """A password is compared whole and exactly, however long."""
    add_user(site, "long@example.org", "long", password_hash=hash_password(chosen, 10))
    assert Browser(site).sign_in("long", typed).status_code == expected
