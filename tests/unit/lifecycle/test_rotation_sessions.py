"""All the sessions of one user: find, live, without, replace, add, and when each one ends."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.lifecycle.account import (
    add_session,
    find_session,
    live_sessions,
    replace_session,
    session_family,
    without_sessions,
)
from app.auth.lifecycle.rotation import ends_at, is_over

from ...support.samples import DAY, NOW, RULE, TICK, session

PHONE = session(id="phone", served_at=NOW - 30)
LAPTOP = session(id="laptop", served_at=NOW - 20)
TABLET = session(id="tablet", served_at=NOW - 10)
ALL = (PHONE, LAPTOP, TABLET)
NEW = session(id="new", served_at=NOW)


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        pytest.param({"served_at": NOW}, NOW + 14 * DAY, id="remembered: the idle limit from the last use"),
        pytest.param({"served_at": NOW, "remember": False}, NOW + DAY, id="else: the short idle limit"),
        pytest.param({"expires_at": NOW + 9}, NOW + 9, id="the absolute end where it is first"),
        pytest.param({"served_at": NOW, "expires_at": NOW + 14 * DAY}, NOW + 14 * DAY, id="both at once"),
    ],
)
def test_when_a_session_ends(changes: dict[str, Any], end: float) -> None:
    """A session ends at the idle or the absolute limit, whichever is first, and is over from then on."""
    item = session(**changes)
    assert ends_at(item, RULE) == end
    assert is_over(item, end, RULE)
    assert not is_over(item, end - TICK, RULE)


def test_find_gives_the_session_of_an_id() -> None:
    """A session is found by its whole id."""
    assert find_session(ALL, "laptop") is LAPTOP
    assert find_session(ALL, "lap") is None
    assert find_session((), "laptop") is None


def test_live_leaves_out_what_is_over() -> None:
    """Sessions that are over at that moment are left out; the others keep their order."""
    over = session(id="over", expires_at=NOW)
    idle = session(id="idle", remember=False, served_at=NOW - DAY)
    assert live_sessions((PHONE, over, LAPTOP, idle), NOW, RULE) == (PHONE, LAPTOP)


def test_without_leaves_out_the_named() -> None:
    """Every named session goes, an unknown name changes nothing."""
    assert without_sessions(ALL, "phone", "tablet") == (LAPTOP,)
    assert without_sessions(ALL, "", "unknown") == ALL
    assert without_sessions(ALL) == ALL


def test_family_is_a_session_and_all_that_it_started() -> None:
    """In the order of the row, and nothing else."""
    first, second = session(id="first", started_by="phone"), session(id="second", started_by="phone")
    other = session(id="other", started_by="gone")
    assert session_family((first, *ALL, other, second), "phone") == (first, PHONE, second)
    assert session_family((first, *ALL), "first") == (first,)
    assert session_family((*ALL, other), "gone") == (other,)


def test_put_replaces_one_session_in_its_place() -> None:
    """The others are not touched, and the order stays."""
    changed = session(id="laptop", current="fresh")
    assert replace_session(ALL, "laptop", changed) == (PHONE, changed, TABLET)


def test_put_drops_a_session_where_there_is_no_next_value() -> None:
    """None as the next value takes the session away, and only that one."""
    assert replace_session(ALL, "laptop", None) == (PHONE, TABLET)


def test_put_adds_nothing() -> None:
    """A session that ended meanwhile does not come back by being put."""
    assert replace_session((PHONE,), "laptop", LAPTOP) == (PHONE,)


@pytest.mark.parametrize(
    ("max_sessions", "kept", "displaced"),
    [
        pytest.param(10, (*ALL, NEW), (), id="there is room"),
        pytest.param(4, (*ALL, NEW), (), id="the last place is taken"),
        pytest.param(3, (LAPTOP, TABLET, NEW), (PHONE,), id="one makes way"),
        pytest.param(2, (TABLET, NEW), (PHONE, LAPTOP), id="two make way after the limit was lowered"),
        pytest.param(1, (NEW,), ALL, id="one session per user"),
    ],
)
def test_the_least_recently_served_make_way(max_sessions: int, kept: Any, displaced: Any) -> None:
    """The new session always gets in, and no more than ``max_sessions`` remain."""
    assert add_session((TABLET, PHONE, LAPTOP), NEW, max_sessions) == (kept, displaced)


@pytest.mark.parametrize("max_sessions", [2, 3])
def test_a_start_never_displaces_its_starter(max_sessions: int) -> None:
    """The least recently served session stays where it has started the new session."""
    started = session(id="new", served_at=NOW, started_by="phone")
    kept, displaced = add_session(ALL, started, max_sessions)
    assert PHONE in kept
    assert len(kept) == max_sessions
    assert PHONE not in displaced


def test_a_new_session_stays_however_old_its_clock_says_it_is() -> None:
    """A node whose clock is behind does not displace the very session it is starting."""
    behind = session(id="new", served_at=NOW - DAY)
    assert add_session(ALL, behind, 2) == ((TABLET, behind), (PHONE, LAPTOP))
