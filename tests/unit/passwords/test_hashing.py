"""Passwords: every byte counts, every path costs the same, hashes of other systems verify."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import Any

import bcrypt
import pytest

from app.auth.errors import InvalidRequest
from app.auth.passwords.hashing import (
    MIN_ROUNDS,
    cost_to_hide,
    hash_password,
    needs_rehash,
    patterns_above,
    verify_password,
)
from app.auth.passwords.policy import MAX_PASSWORD_LENGTH, check_new_password
from tests.support.watching import bcrypt_work

ROUNDS = MIN_ROUNDS
PASSWORD = "correct horse battery staple"
PUBLISHED = "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2"
"""The example of the bcrypt-sha256 format, version 2, for the password ``password``."""

SALT = "N9qo8uLOickgx2ZMRZoMye"
OURS = f"$bcrypt-sha256$v=2,t=2b,r={ROUNDS}"
FACE = "\N{GRINNING FACE}"


def with_cost(rounds: int) -> str:
    """What a hash of that cost looks like; no password matches it."""
    return f"$bcrypt-sha256$v=2,t=2b,r={rounds}${SALT}${'a' * 31}"


def of_another_system(password: str, prefix: str = "2b") -> str:
    """A plain bcrypt hash, as other systems store it."""
    raw = password.encode()[:72]
    plain = bcrypt.hashpw(raw, bcrypt.gensalt(ROUNDS, b"2a" if prefix == "2a" else b"2b")).decode()
    return f"${prefix}{plain[3:]}"


DIFFERENT: list[Any] = [
    pytest.param("a" * 72 + "b", "a" * 72 + "c", id="only byte 73"),
    pytest.param("a" * 72, "a" * 73, id="one byte more than bcrypt reads"),
    pytest.param("a" * 511 + "b", "a" * 511 + "c", id="the last of as many as there can be"),
    pytest.param(FACE * 64, FACE * 63 + "\N{OWL}", id="the last of 64 four-byte characters"),
    pytest.param("a\0b", "a\0c", id="what is behind a NUL"),
    pytest.param("a", "a\0", id="a NUL at the end"),
    pytest.param("", "\0", id="nothing and a NUL"),
    pytest.param("Password", "password", id="case"),
    pytest.param("password", "password ", id="a space at the end"),
    pytest.param("passwort", "passwört", id="an accent"),
    pytest.param("\ud800", "\udc00", id="two halves of surrogate pairs"),
    pytest.param("\ud800", "?", id="half a surrogate pair and what it could be replaced by"),
]


@pytest.mark.parametrize(("password", "other"), DIFFERENT)
def test_different_passwords_are_different(password: str, other: str) -> None:
    """Every character of a password counts, and its hash verifies only that password, both ways round."""
    first, second = hash_password(password, ROUNDS), hash_password(other, ROUNDS)
    assert verify_password(password, first, ROUNDS)
    assert verify_password(other, second, ROUNDS)
    assert not verify_password(other, first, ROUNDS)
    assert not verify_password(password, second, ROUNDS)


def test_a_password_beyond_the_limit_is_refused_whole() -> None:
    """It is never cut, and nothing is worked out for it (ASVS 6.2.8, 6.2.9)."""
    longer = "a" * (MAX_PASSWORD_LENGTH + 1)
    for use in (
        lambda: hash_password(longer, ROUNDS),
        lambda: verify_password(longer, PUBLISHED, ROUNDS),
        lambda: verify_password(longer, None, ROUNDS),
        lambda: check_new_password(longer, 15),
    ):
        with pytest.raises(InvalidRequest, match=str(MAX_PASSWORD_LENGTH)):
            use()


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("\u0344\u0316", id="marks in the wrong order"),
        pytest.param("\u0f73", id="marks that are two"),
        pytest.param("\ufdfa", id="a sign of eighteen letters"),
    ],
)
def test_no_password_is_dear_to_normalise(character: str) -> None:
    """The longest ones that take most time for NFKC take a millisecond; 80 KB of marks took five seconds."""
    marks = "".join(sign * (MAX_PASSWORD_LENGTH // len(character)) for sign in character)
    password = f"owl{marks}"[:MAX_PASSWORD_LENGTH]
    before = time.thread_time()
    check_new_password(password, 15)
    assert time.thread_time() - before < 0.05


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        pytest.param("cafe\u0301", "caf\u00e9", id="composed and decomposed"),
        pytest.param("\uff50\uff41\uff53\uff53", "pass", id="full width and half width"),
        pytest.param("\ufb01sh", "fish", id="a ligature and its letters"),
    ],
)
def test_one_password_from_two_keyboards(typed: str, stored: str) -> None:
    """What is one text in compatibility form is one password (NFKC)."""
    assert verify_password(typed, hash_password(stored, ROUNDS), ROUNDS)
    assert verify_password(stored, hash_password(typed, ROUNDS), ROUNDS)


def test_a_hash_is_salted_and_says_its_format() -> None:
    """One password hashed twice gives two hashes of the well-known format, with the cost asked for."""
    first, second = hash_password(PASSWORD, ROUNDS), hash_password(PASSWORD, ROUNDS)
    assert first != second
    assert first.startswith(f"{OURS}$")
    assert not needs_rehash(first, ROUNDS)


def test_the_published_example_of_the_format_verifies() -> None:
    """A site can bring its bcrypt-sha256 hashes along, and take them away."""
    assert verify_password("password", PUBLISHED, ROUNDS)
    assert not verify_password("Password", PUBLISHED, ROUNDS)


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
def test_a_hash_of_another_system_verifies_and_is_raised(prefix: str) -> None:
    """Plain bcrypt in any of its three spellings holds until the next sign-in makes a better hash."""
    stored = of_another_system(PASSWORD, prefix)
    assert verify_password(PASSWORD, stored, ROUNDS)
    assert not verify_password("wrong", stored, ROUNDS)
    assert needs_rehash(stored, ROUNDS)


def test_a_hash_of_another_system_covers_what_it_covered_there() -> None:
    """Plain bcrypt reads 72 bytes as typed: its users go on signing in with longer passwords."""
    long = "é" * 36 + "the rest"
    assert verify_password(long, of_another_system(long), ROUNDS)
    assert not verify_password("e\u0301" * 36, of_another_system(long), ROUNDS)


@pytest.mark.parametrize(
    "password",
    ["\0", "secret\0", "secret\0more", "\0secret", "se\0cret"],
    ids=["alone", "at the end", "before more", "in front", "within"],
)
def test_a_nul_matches_no_hash_of_another_system(password: str) -> None:
    """The C of other systems ends at a NUL; here a password is neither cut off there nor put together."""
    assert not verify_password(password, of_another_system(password.partition("\0")[0]), ROUNDS)
    assert not verify_password(password, of_another_system(password.replace("\0", "")), ROUNDS)


UNUSABLE: list[Any] = [
    pytest.param(None, id="NULL"),
    pytest.param("", id="empty"),
    pytest.param("!", id="locked"),
    pytest.param("*", id="locked in another way"),
    pytest.param(PASSWORD, id="the password itself"),
    pytest.param(f"$2b$04${SALT}", id="no digest"),
    pytest.param(f"$2b$04${SALT}{'a' * 30}", id="cut short by one"),
    pytest.param(f"$2b$04${SALT}{'a' * 32}", id="one too long"),
    pytest.param(f"$2b$04${SALT}{'a' * 31}\n", id="a line's end behind"),
    pytest.param(f"$2b$04${SALT[:-1]}9{'a' * 31}", id="a salt with bits to spare"),
    pytest.param(f"$2b$99${SALT}{'a' * 31}", id="cost 99"),
    pytest.param(f"$2b$31${SALT}{'a' * 31}", id="cost 31, a week of work"),
    pytest.param(f"$2b$17${SALT}{'a' * 31}", id="cost 17, one beyond the dearest"),
    pytest.param(f"$2b$03${SALT}{'a' * 31}", id="cost 3"),
    pytest.param(f"$2x$04${SALT}{'a' * 31}", id="the broken variant of bcrypt"),
    pytest.param(f"{OURS}${SALT}${'a' * 30}", id="ours, cut short"),
    pytest.param(f"{OURS}${SALT[:-1]}9${'a' * 31}", id="ours, a salt with bits to spare"),
    pytest.param(f"$bcrypt-sha256$v=2,t=2b,r=99${SALT}${'a' * 31}", id="ours, cost 99"),
    pytest.param(f"$bcrypt-sha256$v=1,t=2b,r=4${SALT}${'a' * 31}", id="the format before ours"),
    pytest.param("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", id="a hash of another function"),
    pytest.param("é" * 60, id="not even ASCII"),
]


@pytest.mark.parametrize("stored", UNUSABLE)
@pytest.mark.parametrize(
    "password", [PASSWORD, "", "\0", "\ud800"], ids=["a password", "none", "NUL", "half"]
)
def test_nothing_matches_an_unusable_hash(stored: str | None, password: str, bcrypts: list[bytes]) -> None:
    """The answer is no, it is given after the usual work, and the hash is to be replaced."""
    assert not verify_password(password, stored, ROUNDS)
    assert bcrypt_work(bcrypts) == 2**ROUNDS
    assert needs_rehash(stored, ROUNDS)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "wrong", "", "\0", "a" * MAX_PASSWORD_LENGTH, "\ud800"],
    ids=["right", "wrong", "empty", "NUL", "as many letters as can be", "half a surrogate pair"],
)
@pytest.mark.parametrize(
    "stored",
    [hash_password(PASSWORD, ROUNDS), of_another_system(PASSWORD)],
    ids=["our hash", "a hash of another system"],
)
@pytest.mark.parametrize("above", [0, 1, 2])
def test_every_answer_costs_the_same(password: str, stored: str, above: int, bcrypts: list[bytes]) -> None:
    """Right or wrong, short or long, ours or another's, today's cost or a lower one: time tells nothing."""
    assert verify_password(password, stored, ROUNDS + above) == (password == PASSWORD)
    assert bcrypt_work(bcrypts) == 2 ** (ROUNDS + above)


def test_the_dearest_hash_is_still_one() -> None:
    """A hash of cost 16 is usable, and no sign-in replaces it by a cheaper one."""
    assert not needs_rehash(f"$bcrypt-sha256$v=2,t=2b,r=16${SALT}${'a' * 31}", ROUNDS)


def test_a_dearer_hash_is_verified_at_its_own_cost(bcrypts: list[bytes]) -> None:
    """It cannot be had for less, and a cheaper one is raised."""
    stored = hash_password(PASSWORD, 5)
    assert verify_password(PASSWORD, stored, ROUNDS)
    assert [salt[:7] for salt in bcrypts[1:]] == [b"$2b$05$"]
    assert [needs_rehash(stored, rounds) for rounds in (4, 5, 6)] == [False, False, True]


@pytest.mark.parametrize(
    ("stored", "cost"),
    [
        pytest.param(None, 10, id="nobody"),
        pytest.param("!", 10, id="a locked hash"),
        pytest.param(with_cost(8), 10, id="two below"),
        pytest.param(with_cost(10), 10, id="as it is set"),
        pytest.param(with_cost(11), 11, id="one above"),
        pytest.param(with_cost(12), 12, id="two above"),
        pytest.param(f"$2y$12${SALT}{'a' * 31}", 12, id="another system's, two above"),
        pytest.param(with_cost(16), 12, id="the dearest: nobody else pays for it in full"),
    ],
)
def test_what_everybody_has_to_pay_so_that_a_hash_does_not_stand_out(stored: str | None, cost: int) -> None:
    """As much as a dearer hash costs, up to four times the setting."""
    assert cost_to_hide(stored, 10) == cost


def test_patterns_of_sql_find_the_dearer_hashes() -> None:
    """Both formats, whatever their cost; the ones of the setting's cost and below do not match."""
    patterns = [pattern.replace("_", "?").replace("%", "*") for pattern in patterns_above(13)]
    kept = [with_cost(cost) for cost in (9, 13, 14, 16)] + [f"$2{c}${SALT}" for c in ("a$13", "y$14", "b$16")]
    found = [one for one in kept if any(fnmatchcase(one, pattern) for pattern in patterns)]
    assert found == [kept[2], kept[3], kept[5], kept[6]]


def test_the_work_of_cheaper_hashes_is_made_up_exactly(bcrypts: list[bytes]) -> None:
    """Two below is topped up by one as dear and one of the cost between."""
    assert verify_password(PASSWORD, hash_password(PASSWORD, 4), 6)
    assert [salt[:7] for salt in bcrypts[1:]] == [b"$2b$04$", b"$2b$04$", b"$2b$05$"]
