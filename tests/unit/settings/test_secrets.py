"""Secrets that can be guessed, and those that were drawn."""

from __future__ import annotations

import os
import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.settings.secrets import MAX_PART, repeated, weakness

WEAK: list[Any] = [
    pytest.param("dev", "shorter", id="the one of every tutorial"),
    pytest.param("your-secret-key", "shorter", id="one from a template"),
    pytest.param("x" * 31, "shorter", id="a byte too short"),
    pytest.param("a" * 64, "repeats", id="one letter, 64 times"),
    pytest.param(b"a" * 64, "repeats", id="one byte, 64 times"),
    pytest.param("abcabcabc" * 8, "repeats", id="three letters"),
    pytest.param("change-me-change-me-change-me-change-me", "repeats", id="a request, again and again"),
    pytest.param("your-secret-key-your-secret-key-your", "repeats", id="a template, and a part of it"),
    pytest.param("0123456789abcdef" * 4, "repeats", id="the digits of hex"),
    pytest.param("please-change-me-soon-" * 2, "repeats", id="two times 22 letters"),
    pytest.param("abcdefghijklmnopqrstuvwxyz012345", "few", id="the alphabet"),
    pytest.param(bytes(range(64)), "few", id="bytes that count up"),
    pytest.param("abbaabaabbabaaabbbabaabbaababbab", "few", id="two letters"),
]


@pytest.mark.parametrize(("secret", "says"), WEAK)
def test_what_was_typed_is_noticed(secret: str | bytes, says: str) -> None:
    """It says what is wrong, and does not repeat the secret."""
    complaint = weakness(secret) or ""
    assert says in complaint
    assert str(secret) not in complaint


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("a secret of forty characters for the tests", id="a sentence"),
        pytest.param("x1" * 4 + "kJ8vQz0pLm3RtY7uWbNc5dFg", id="a repetition at the start only"),
        pytest.param("7c211433f02071597741e6ff5a8ea34789abbf43", id="hex"),
        pytest.param("31415926535897932384626433832795", id="digits that do not repeat"),
    ],
)
def test_any_other_secret_will_do(secret: str) -> None:
    """What repeats nothing and has many characters is taken for drawn."""
    assert weakness(secret) is None


def test_what_was_drawn_is_never_refused() -> None:
    """As the remedy makes it, as bytes, and as short as may be."""
    for _ in range(2000):
        drawn = secrets.token_hex(32), secrets.token_hex(16), secrets.token_urlsafe(24), os.urandom(32)
        assert [weakness(one) for one in drawn] == [None] * 4


@given(st.text(max_size=12), st.integers(2, 5), st.integers(0, 12))
def test_a_part_is_found_however_often_it_is_repeated(part: str, times: int, cut: int) -> None:
    """The last one may be cut off; what is found makes the whole text."""
    text = part * times + part[:cut]
    found = repeated(text)
    assert len(found) <= len(part)
    assert (found * (len(text) + 1))[: len(text)] == text


def test_a_text_that_repeats_nothing_is_its_own_part() -> None:
    """Nor is a part looked for that is longer than those that anybody types."""
    long = "".join(map(chr, range(0x4E00, 0x4E00 + MAX_PART + 1)))
    assert repeated("abcab!") == "abcab!"
    assert repeated("") == ""
    assert repeated(long * 2) == long * 2
