"""New passwords: long enough, not one that everybody tries first, and nothing else is asked."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.auth.errors import InvalidRequest
from app.auth.passwords.policy import MAX_PASSWORD_LENGTH, check_new_password

FACES = "".join(map(chr, range(0x1F600, 0x1F60F)))


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("grey owls at tea", id="words"),
        pytest.param(
            "\u00e4\u00f6\u00fc\u00df\u00e9\u00e8\u00ea\u00eb\u00ec\u00ed\u00ee\u00ef\u00f2\u00f3\u00f4",
            id="accents",
        ),
        pytest.param(FACES, id="faces"),
        pytest.param("\u0e01" + " " * 14, id="a letter and spaces"),
        pytest.param("e\u0301\u00e8" * 8, id="sixteen accents, half of them decomposed"),
        pytest.param("owl" * 170, id="510 letters"),
        pytest.param("\ud800 and fourteen more", id="half a surrogate pair"),
        pytest.param("# a remark at length", id="a number sign in front"),
    ],
)
def test_a_password_is_long_enough_by_its_characters(password: str) -> None:
    """Characters are counted, and no rule says which (NIST SP 800-63B-4, 3.1.1.2)."""
    check_new_password(password, 15)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("", id="nothing"),
        pytest.param("fourteen chars", id="one too few"),
        pytest.param("e\u0301\u00e8" * 7, id="one too few, decomposed"),
        pytest.param("\ufdfa", id="one character that means eighteen"),
        pytest.param("\ufb01\ufb02" * 7, id="fourteen ligatures of two letters"),
        pytest.param(FACES[1:], id="fourteen faces"),
    ],
)
def test_a_password_that_is_too_short_is_refused(password: str) -> None:
    """What was typed counts, and what it means; the refusal names the length that is needed."""
    with pytest.raises(InvalidRequest, match=r"at least 15 characters\."):
        check_new_password(password, 15)


@pytest.mark.parametrize("password", ["password1", "PassWord1", "\uff50assword1", "qwertyuiop", "iloveyou"])
def test_a_password_that_everybody_tries_first_is_refused(password: str) -> None:
    """In whatever case and width; the refusal says so (ASVS 6.2.4)."""
    with pytest.raises(InvalidRequest, match="known to attackers"):
        check_new_password(password, 8)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param(" " * 15, id="fifteen spaces"),
        pytest.param(" \t\u3000" * 5, id="space of several kinds"),
        pytest.param("a" * 15, id="one letter"),
        pytest.param("aA" * 8, id="one letter in both cases"),
        pytest.param("\ufdfa" * 15, id="one character that means eighteen"),
        pytest.param("\U0001f511" * 64, id="64 keys"),
        pytest.param("e\u0301" * 15, id="one letter, decomposed"),
        pytest.param("passwordpassword", id="a used one twice"),
        pytest.param("iloveyouILoveYouILo", id="a used one again and again"),
    ],
)
def test_what_repeats_a_used_password_or_a_character_is_refused(password: str) -> None:
    """It is as soon guessed as what it repeats, however long; the refusal says so."""
    with pytest.raises(InvalidRequest, match="known to attackers"):
        check_new_password(password, 15)


def test_a_long_password_is_not_searched_for_long() -> None:
    """One of the greatest length that repeats a letter all but once takes no longer than any other."""
    password = "a" * (MAX_PASSWORD_LENGTH - 1) + "b"
    before = time.thread_time()
    check_new_password(password, 15)
    assert time.thread_time() - before < 0.05


def test_a_site_can_ask_elsewhere_whether_a_password_is_known() -> None:
    """It is asked about a password that is otherwise good, as typed, and its answer counts (ASVS 6.2.12)."""
    asked: list[Any] = []

    def is_breached(password: str) -> bool:
        asked.append(password)
        return password.startswith("Known")

    check_new_password("Unknown, as yet", 15, is_breached)
    with pytest.raises(InvalidRequest, match="known to attackers"):
        check_new_password("Known for ages, alas", 15, is_breached)
    with pytest.raises(InvalidRequest):
        check_new_password("short", 15, is_breached)
    assert asked == ["Unknown, as yet", "Known for ages, alas"]
