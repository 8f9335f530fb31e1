"""What each operation makes of an account: sessions, events and refusals, before anything is written."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from app.auth.errors import AccountBlocked, AccountUnconfirmed, InvalidCredentials, RatchetError, TokenInvalid
from app.auth.lifecycle import transitions
from app.auth.lifecycle.account import Account, SessionRef
from app.auth.lifecycle.rotation import Session
from app.auth.lifecycle.transitions import Event, EventKind, Transition
from tests.support.samples import ended_event

from ...support.samples import DAY, NOW, RULE, account, by_kind, session

PHONE = session(id="phone")
LAPTOP = session(id="laptop", served_at=NOW - 120, label="Safari on Mac")
NEW = session(
    id="new", current="first", parent=None, served_at=NOW, started_at=NOW, label="Chrome on Windows"
)
SIGNED_IN = Event(EventKind.USER_SIGNED_IN, {"session": NEW, "new_device": True})
SIGNED_IN_AGAIN = Event(EventKind.USER_SIGNED_IN, {"session": NEW, "new_device": False})
USER = account(sessions=(PHONE, LAPTOP))


def start(holder: Account, replaces: SessionRef | None = None, max_sessions: int = 10) -> Transition:
    """The outcome of a sign-in of NEW, on the password ``hash``."""
    return by_kind(
        transitions.start(
            holder,
            NEW,
            password_hash="hash",
            replaces=replaces,
            max_sessions=max_sessions,
            policy=RULE,
        )
    )


def restart(holder: Account, old: str = "phone") -> Transition:
    """The outcome of a password change in the session ``old``, on the password ``hash``."""
    return by_kind(transitions.restart(holder, NEW, password_hash="hash", old=old))


def test_a_new_session_joins_the_other_sessions() -> None:
    """A sign-in does not change the other sessions of the user, and causes an event."""
    transition = start(USER)
    assert transition == Transition((LAPTOP, PHONE, NEW), NEW, (SIGNED_IN,), same_hash=True)


REFUSED: list[Any] = [
    pytest.param({"blocked": True}, AccountBlocked, id="blocked meanwhile"),
    pytest.param({"confirmed": False}, AccountUnconfirmed, id="unconfirmed"),
    pytest.param({"password_hash": "other"}, InvalidCredentials, id="the password was changed meanwhile"),
    pytest.param({"password_hash": None}, InvalidCredentials, id="the password was taken away meanwhile"),
    pytest.param(
        {"password_hash": "other", "blocked": True}, InvalidCredentials, id="who is not known learns nothing"
    ),
]


@pytest.mark.parametrize(("changes", "error"), REFUSED)
def test_a_refused_sign_in_changes_nothing(changes: dict[str, Any], error: type[RatchetError]) -> None:
    """A refused new session ends no session and tells nobody."""
    refused = account(**changes)
    assert start(refused, SessionRef("7", "phone")) == Transition(refused.sessions, error=error)


def test_what_an_ended_session_starts_is_refused() -> None:
    """A session that ended between the question and the write starts nothing."""
    tool = replace(NEW, started_by="phone")
    start_tool = partial(
        transitions.start, new_session=tool, password_hash="hash", replaces=None, max_sessions=10, policy=RULE
    )
    assert start_tool(USER).session == tool
    holder = account(sessions=(LAPTOP,))
    assert by_kind(start_tool(holder)) == Transition(holder.sessions, error=TokenInvalid)


def test_a_sign_in_over_a_session_ends_that_one() -> None:
    """The browser that signs in anew gives its old session up."""
    transition = start(USER, SessionRef("7", "phone"))
    told = (ended_event(PHONE, "replaced"), SIGNED_IN)
    assert transition == Transition((LAPTOP, NEW), NEW, told, same_hash=True)


def test_the_session_of_another_user_is_not_replaced_by_its_id() -> None:
    """A ref names a user and a session; the same session id of another user is another session."""
    assert PHONE in start(account(), SessionRef("8", "phone")).sessions


def test_beyond_the_limit_the_least_recently_served_makes_way() -> None:
    """One session per user: the new session displaces the others, and each end is told."""
    transition = start(USER, max_sessions=1)
    told = (ended_event(LAPTOP, "displaced"), ended_event(PHONE, "displaced"), SIGNED_IN)
    assert transition == Transition((NEW,), NEW, told, same_hash=True)


def test_a_session_that_is_over_takes_nobodys_place() -> None:
    """Expired sessions go first, so that a live one need not make way."""
    over = session(id="over", expires_at=NOW - 1, served_at=NOW - 1)
    assert start(account(sessions=(PHONE, over)), max_sessions=2).sessions == (PHONE, NEW)


def test_a_sign_in_that_landed_is_recognised() -> None:
    """Asked again after a lost answer, the sign-in is told and nobody is let in twice."""
    landed = account(sessions=(PHONE, NEW))
    assert start(landed, max_sessions=1) == Transition(landed.sessions, NEW, (SIGNED_IN,))


def test_a_device_of_the_same_name_is_not_new() -> None:
    """A second sign-in with a browser the user knows is no news."""
    known = account(sessions=(session(id="old", label=NEW.label),))
    assert SIGNED_IN_AGAIN in start(known).events


def test_somebody_elses_session_does_not_make_a_device_known() -> None:
    """Who signs in to an account of their own first cannot keep the owner of another from being told."""
    assert SIGNED_IN in start(USER, SessionRef("8", "other")).events


def test_a_password_change_ends_every_other_session() -> None:
    """Only the session that changed the password goes on, as a fresh one."""
    transition = restart(USER)
    ends = (ended_event(PHONE, "password_changed"), ended_event(LAPTOP, "password_changed"))
    told = (*ends, Event(EventKind.PASSWORD_CHANGED, {}))
    assert transition == Transition((NEW,), NEW, told, same_hash=True)


def test_a_password_that_was_changed_meanwhile_stays() -> None:
    """Of two changes at once the second was authenticated on a password that is no more."""
    changed = account(password_hash="other")
    assert restart(changed) == Transition(changed.sessions, error=InvalidCredentials)


def test_a_session_that_ended_meanwhile_changes_no_password() -> None:
    """Whoever was signed out in between does not come back by changing the password."""
    assert restart(account(), "laptop") == Transition((PHONE,), error=TokenInvalid)


def test_who_was_blocked_meanwhile_changes_no_password() -> None:
    """A block that came in between holds."""
    blocked = account(blocked=True)
    assert restart(blocked) == Transition(blocked.sessions, error=TokenInvalid)


def test_a_password_change_that_landed_is_recognised() -> None:
    """Asked again after a lost answer, the new hash on the row is its own work, and the change is told."""
    landed = account(sessions=(NEW,), password_hash="new")
    told = (Event(EventKind.PASSWORD_CHANGED, {}),)
    assert restart(landed) == Transition((NEW,), NEW, told)


def test_end_drops_what_it_picks_and_tells() -> None:
    """The picked sessions go, in their order; the others stay as they are."""
    tablet = session(id="tablet", started_at=NOW - 2 * DAY)
    holder = account(sessions=(PHONE, LAPTOP, tablet))
    transition = transitions.end(holder, lambda item: item.id != "laptop", "signed_out")
    told = (ended_event(PHONE, "signed_out"), ended_event(tablet, "signed_out"))
    assert transition == Transition((LAPTOP,), None, told)


def test_end_of_nothing_changes_nothing() -> None:
    """A session that is not there can be ended any number of times."""
    assert transitions.end(account(), lambda _: False, "ended") == Transition((PHONE,))


@pytest.mark.parametrize("sessions", [(), (PHONE, LAPTOP)], ids=["no session", "two sessions"])
def test_ending_all_is_written_in_any_case(sessions: tuple[Session, ...]) -> None:
    """A start that was decided before it has to look at the row again."""
    transition = transitions.end_all(account(sessions=sessions), "ended")
    told = tuple(ended_event(item, "ended") for item in sessions)
    assert transition == Transition((), events=told, must_write=True)


def test_a_password_that_the_host_sets_ends_every_session() -> None:
    """Each end and the change are told; a blocked user stays blocked, because this is no unblock."""
    transition = transitions.reset(account(sessions=(PHONE, LAPTOP), blocked=True), password_hash="new")
    told = (
        ended_event(PHONE, "password_changed"),
        ended_event(LAPTOP, "password_changed"),
        Event(EventKind.PASSWORD_CHANGED, {}),
    )
    assert transition == Transition((), events=told, must_write=True)


def test_a_reset_that_landed_is_recognised() -> None:
    """Asked again after a lost answer, it ends no session that began on the new password, and is told."""
    landed = account(sessions=(NEW,), password_hash="new")
    told = (Event(EventKind.PASSWORD_CHANGED, {}),)
    assert transitions.reset(landed, password_hash="new") == Transition((NEW,), events=told)


def test_a_block_for_a_deletion_says_so() -> None:
    """The reason of each end is the one that is given."""
    told = (ended_event(PHONE, "deleted"), Event(EventKind.USER_BLOCKED, {}))
    assert transitions.block(account(), blocked=True, reason="deleted").events == told


def test_a_block_ends_every_session() -> None:
    """The user is out at once, and both facts are told."""
    transition = transitions.block(USER, blocked=True)
    told = (ended_event(PHONE, "blocked"), ended_event(LAPTOP, "blocked"), Event(EventKind.USER_BLOCKED, {}))
    assert transition == Transition((), events=told, must_write=True)


def test_letting_a_user_in_again_brings_no_session_back() -> None:
    """Whoever was blocked has to sign in."""
    blocked = account(blocked=True, sessions=())
    assert transitions.block(blocked, blocked=False) == Transition((), must_write=True)


@pytest.mark.parametrize("blocked", [True, False], ids=["blocked", "not blocked"])
def test_a_block_that_is_there_already_changes_nothing(*, blocked: bool) -> None:
    """Said twice, it is written and told once."""
    user = account(blocked=blocked, sessions=())
    assert transitions.block(user, blocked=blocked) == Transition(())


def test_a_block_set_by_hand_ends_the_sessions_when_said_again() -> None:
    """A column that was set in the database leaves sessions behind; a block takes them away."""
    assert transitions.block(account(blocked=True), blocked=True).sessions == ()
