"""The values that the core hands about: nobody changes one, and an old row makes a whole one."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from app.auth.lifecycle.account import SessionOptions
from app.auth.lifecycle.rotation import Decision, Session, Verdict
from app.auth.sessions.issuer import new_id
from app.auth.tokens.claims import AccessClaims, RefreshClaims

from ...support.samples import RULE, session
from ..web.test_cookies import COOKIES

ACCESS = AccessClaims("7", "phone", 1, 2, 1, "first")
REFRESH = RefreshClaims("7", "phone", "current", 2)
SMALL = [session(), RULE, Decision(Verdict.ENDED, None), ACCESS, REFRESH, SessionOptions()]


def name_of(value: Any) -> str:
    """What kind of value it is."""
    return type(value).__name__


@pytest.mark.parametrize("value", [*SMALL, COOKIES], ids=name_of)
def test_a_value_is_replaced_and_never_changed(value: Any) -> None:
    """Who holds a value can rely on it: two requests of a process may hold the same one."""
    for field in fields(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field.name, None)


@pytest.mark.parametrize("value", SMALL, ids=name_of)
def test_a_value_holds_its_fields_and_no_more(value: Any) -> None:
    """A process remembers thousands of them, so none drags a dictionary along."""
    assert not hasattr(value, "__dict__")


def test_a_row_from_before_a_field_makes_a_whole_session() -> None:
    """What an older release did not write reads as a browser's session, not remembered and without a name."""
    old = Session("phone", "current", None, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0)
    assert (old.remember, old.delivery, old.label) == (False, "cookie", "")


def test_a_wish_that_says_nothing_is_a_browsers() -> None:
    """The cautious choice needs no word: not remembered, in a cookie, without a name."""
    assert SessionOptions() == SessionOptions(remember=False, delivery="cookie", label="")


def test_a_verdict_is_told_by_its_name() -> None:
    """What a host hears of a verdict is its name in small letters."""
    assert [verdict.value for verdict in Verdict] == ["ended", "reuse", "repeat", "rotate", "recover"]


def test_an_id_has_128_bits() -> None:
    """Nobody guesses one (ASVS 7.2.3), and no two are the same."""
    first, second = new_id(), new_id()
    assert len(urlsafe_b64decode(f"{first}==")) == 128 // 8
    assert first != second
