"""An account: whose it is, and why its user may not sign in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.auth.errors import AccountBlocked, AccountUnconfirmed
from app.auth.lifecycle.account import has_just_started

from ...support.samples import NOW, RULE, account, session


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param({}, None, id="nothing speaks against it"),
        pytest.param({"blocked": True}, AccountBlocked, id="blocked"),
        pytest.param({"confirmed": False}, AccountUnconfirmed, id="unconfirmed"),
        pytest.param({"blocked": True, "confirmed": False}, AccountBlocked, id="both: the block counts"),
        pytest.param({"password_hash": None}, None, id="no password: there are other ways to prove oneself"),
    ],
)
def test_why_a_user_may_not_sign_in(changes: dict[str, Any], refusal: type[Exception] | None) -> None:
    """The row decides, at every sign-in and every refresh."""
    assert account(**changes).sign_in_error is refusal


@pytest.mark.parametrize(
    ("key", "subject"),
    [
        pytest.param(7, "7", id="a number"),
        pytest.param("ada", "ada", id="text"),
        pytest.param(UUID(int=7), "00000000-0000-0000-0000-000000000007", id="a UUID"),
    ],
)
def test_the_subject_is_the_key_as_text(key: object, subject: str) -> None:
    """What a token says is text, whatever the host's key is (RFC 7519, 4.1.2)."""
    assert account(key=key).subject == subject


@pytest.mark.parametrize(
    ("age", "just_started"),
    [
        pytest.param(-1, True, id="the clock of another node is ahead"),
        pytest.param(0, True, id="now"),
        pytest.param(29, True, id="within one leeway"),
        pytest.param(30, False, id="one leeway ago"),
    ],
)
def test_a_session_has_just_started_for_one_leeway(age: float, *, just_started: bool) -> None:
    """The end of the leeway is not in it."""
    assert has_just_started(session(started_at=NOW - age), NOW, RULE) is just_started
