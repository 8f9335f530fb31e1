"""What a row remembers of the sessions that have ended."""

from __future__ import annotations

from app.auth.lifecycle.account import EndedSession
from app.auth.lifecycle.ended import MAX_ENDED, MAX_THEFTS, Retention, any_of, ended_with, record

from ...support.samples import account, session

NOW = 1_000_000.0
TTL = 600.0
RETENTION = Retention(ends=TTL, thefts=10 * TTL)


def kept_by(before: tuple[EndedSession, ...], *gone: EndedSession) -> list[EndedSession]:
    """What a row keeps of these; the user is 7."""
    return list(record(before, gone, NOW, subject="7", retention=RETENTION))


def test_a_row_remembers_for_one_access_lifetime_and_thefts_longer() -> None:
    """So that whoever was robbed is told, even days later."""
    before = (
        EndedSession("old", NOW - TTL),
        EndedSession("young", NOW - 1),
        EndedSession("stolen", NOW - TTL, by_theft=True),
        EndedSession("stolen long ago", NOW - 10 * TTL, by_theft=True),
    )
    kept = kept_by(before, EndedSession("new", NOW))
    assert [entry.session_id for entry in kept] == ["stolen", "young", "new"]


def test_a_row_stays_bounded_and_says_what_it_left_out() -> None:
    """The latest entries stay, and one for all others, which takes in what is left out later."""
    first = [EndedSession(f"first {number}", NOW - 9) for number in range(MAX_ENDED)]
    kept = kept_by(tuple(first), *(EndedSession(str(number), NOW - 3) for number in range(5)))
    assert kept[0] == EndedSession(any_of("7"), NOW - 9)
    assert kept[-1] == EndedSession("4", NOW - 3)
    kept = kept_by(tuple(kept), *(EndedSession(f"more {number}", NOW) for number in range(MAX_ENDED)))
    assert kept[0] == EndedSession(any_of("7"), NOW - 3)
    assert len(kept) == MAX_ENDED + 1
    assert {entry.ended_at for entry in kept[1:]} == {NOW}


def test_what_was_left_out_is_said_until_its_tokens_have_run_out() -> None:
    """The entry for all of them goes as the others do."""
    said = EndedSession(any_of("7"), NOW - TTL + 1)
    assert kept_by((said,), EndedSession("new", NOW)) == [said, EndedSession("new", NOW)]
    assert kept_by((said._replace(ended_at=NOW - TTL),), EndedSession("new", NOW)) == [
        EndedSession("new", NOW)
    ]


def test_thefts_and_ends_do_not_push_each_other_out() -> None:
    """Thefts stay for months: there may be many, and an end of a moment ago counts more than their reason."""
    thefts = [
        EndedSession(f"theft {number}", NOW - 2 * TTL, by_theft=True) for number in range(MAX_THEFTS + 3)
    ]
    kept = kept_by((EndedSession("just now", NOW - 1), *thefts), EndedSession("new", NOW))
    assert kept == [*thefts[3:], EndedSession("just now", NOW - 1), EndedSession("new", NOW)]
    ends = tuple(EndedSession(str(number), NOW) for number in range(MAX_ENDED + 1))
    assert EndedSession("stolen", NOW, by_theft=True) in kept_by(
        ends, EndedSession("stolen", NOW, by_theft=True)
    )
    many = [EndedSession(str(number), NOW, by_theft=True) for number in range(MAX_THEFTS + 1)]
    assert kept_by((), *many)[0] == EndedSession(any_of("7"), NOW)


PHONE, LAPTOP, TOOL = session(id="phone"), session(id="laptop"), session(id="tool")
BEFORE = EndedSession("watch", NOW - 1)
HOLDER = account(sessions=(PHONE, LAPTOP, TOOL), ended=(BEFORE,))


def test_a_row_remembers_each_session_that_is_not_kept_and_which_were_stolen() -> None:
    """Those that ran out go with the theft of another, and are no thefts."""
    assert ended_with(HOLDER, (LAPTOP,), ("phone",), NOW, RETENTION) == (
        EndedSession("phone", NOW, by_theft=True),
        BEFORE,
        EndedSession("tool", NOW),
    )


def test_where_no_session_ends_the_row_needs_no_other_memory() -> None:
    """Empty: the write leaves the column as it is, what has run out in it too."""
    assert ended_with(HOLDER, HOLDER.sessions, (), NOW + 100 * TTL, RETENTION) == ()
