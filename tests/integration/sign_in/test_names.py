"""Names and stored hashes: who is whom is the same on every database."""

from __future__ import annotations

import bcrypt
import pytest
from flask import Flask
from sqlalchemy import String, type_coerce

from app.auth.passwords.hashing import hash_password
from app.db import db
from app.models import User
from tests.support.browser import PASSWORD, Browser, content, refusal
from tests.support.sites import add_user

from ...support.rows import statements, stored

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
        pytest.param("stra\u00dfe", "STRA\u1e9eE", id="a sharp s has a capital"),
        pytest.param("\u0394\u03c2", "\u0394\u03a3", id="a final sigma is one in capitals, too"),
        pytest.param("ada", "\uff21da", id="full width is usual width"),
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
        pytest.param("strasse", "gro\u00df", id="another name altogether"),
        pytest.param("stra\u00dfe", "strasse", id="a sharp s is no ss"),
        pytest.param("\u03b4\u03c2", "\u03b4\u03c3", id="a final sigma is no other sigma"),
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


def test_namesakes_but_for_a_sharp_s_live_side_by_side(site: Flask) -> None:
    """Two mail domains are two people, and each signs in as itself, whoever came first."""
    names = ("ada@strasse.example", "ada@stra\u00dfe.example")
    subjects = [add_user(site, name) for name in names]
    signed_in = [Browser(site).sign_in(name) for name in names]
    assert [str(content(reply)["user"]["id"]) for reply in signed_in] == subjects


OLD_SPELLINGS = [
    pytest.param("ada@strasse.example", "Ada@Stra\u00dfe.example", id="a sharp s"),
    pytest.param("\u03b4\u03c3", "\u0394\u03a3", id="a final sigma"),
    pytest.param("\uff41da", "\uff21da", id="full width"),
]


def add_old_row(site: Flask, spelling: str, **columns: str) -> str:
    """A user whose names were stored before they were in lower case; their subject."""
    field = "email" if "@" in spelling else "username"
    subject = add_user(site, "old@example.org", "old", **columns)
    with site.app_context():
        column = type_coerce(spelling, String)
        db.session.execute(db.update(User).where(User.id == int(subject)).values({field: column}))
        db.session.commit()
    return subject


@pytest.mark.parametrize(("spelling", "typed"), OLD_SPELLINGS)
def test_a_row_in_the_old_spelling_is_found(site: Flask, spelling: str, typed: str) -> None:
    """Whoever signed in by that name yesterday does today."""
    subject = add_old_row(site, spelling)
    assert str(content(Browser(site).sign_in(typed))["user"]["id"]) == subject


def test_a_row_in_the_old_spelling_still_wants_its_own_password(site: Flask) -> None:
    """Who has the sharp s and no account gets nowhere by it, and is counted as trying that account."""
    add_old_row(site, "ada@strasse.example")
    told = [
        refusal(Browser(site).sign_in(f"ada@{name}.example", "another password"))
        for name in ("strasse", "stra\u00dfe") * 5
    ]
    assert told == [(401, "invalid_credentials")] * 10
    assert refusal(Browser(site).sign_in("ada@stra\u00dfe.example")) == (429, "too_many_attempts")


def test_a_row_in_todays_spelling_comes_first(site: Flask) -> None:
    """The one who owns the name as it is typed is never taken for the one who had it folded."""
    theirs = hash_password("the password of somebody else", 10)
    add_old_row(site, "ada@strasse.example", password_hash=theirs)
    subject = add_user(site, "ada@stra\u00dfe.example", "new")
    reply = Browser(site).sign_in("ada@stra\u00dfe.example")
    assert str(content(reply)["user"]["id"]) == subject
    assert (
        Browser(site).sign_in("ada@stra\u00dfe.example", "the password of somebody else").status_code == 401
    )


def test_looking_for_a_name_costs_the_same_whatever_is_there(site: Flask) -> None:
    """One statement, for nobody and for a row in either spelling: their number tells nothing."""
    add_old_row(site, "ada@strasse.example")
    add_user(site, "bob@gro\u00df.example", "bob")
    for name in ("ada@stra\u00dfe.example", "bob@gro\u00df.example", "eve@gro\u00df.example"):
        with statements(site) as sent:
            Browser(site).sign_in(name, "a wrong password")
        assert sent == ["SELECT"]


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
