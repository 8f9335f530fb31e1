"""What a process knows of ended sessions, and what a row remembers of them."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from app.auth.account import Ended
from app.auth.errors import Unavailable
from app.auth.revocation import (
    MOST_ENDED,
    MOST_KNOWN,
    OVERLAP_SECONDS,
    POLL_SECONDS,
    Revocations,
    record,
)

NOW = 1_000_000.0
TTL = 600.0
FAR = NOW + 1e9


class Row:
    """Stands where the database stands: what has ended, and how often that was asked."""

    def __init__(self) -> None:
        self.ended: list[Ended] = []
        self.asked: list[float] = []
        self.is_away = False

    def ask(self, since: float) -> list[Ended]:
        """Those that ended after ``since``."""
        self.asked.append(since)
        if self.is_away:
            raise Unavailable
        return [entry for entry in self.ended if entry.ended_at > since]


def test_what_others_ended_is_known_within_a_second() -> None:
    """The next request that is a second later asks, and is refused."""
    row = Row()
    process = Revocations(row.ask, TTL)
    assert process.has("a", NOW) is False
    row.ended.append(Ended("a", NOW + 0.1))
    assert process.has("a", NOW + POLL_SECONDS) is True


def test_the_row_is_not_asked_per_request() -> None:
    """A thousand requests in a second ask once."""
    row = Row()
    process = Revocations(row.ask, TTL)
    for number in range(1000):
        process.has("a", NOW + number * POLL_SECONDS / 1001)
    assert len(row.asked) == 1


def test_a_fresh_process_asks_for_one_access_lifetime() -> None:
    """Whatever an access token can still speak of, and then only for what is new."""
    row = Row()
    process = Revocations(row.ask, TTL)
    process.has("a", NOW)
    process.has("a", NOW + 1)
    assert row.asked == [NOW - TTL - OVERLAP_SECONDS, NOW - OVERLAP_SECONDS]


def test_what_the_process_ended_itself_is_known_at_once() -> None:
    """No question is needed."""
    row = Row()
    process = Revocations(row.ask, TTL)
    process.has("a", NOW)
    process.add([Ended("a", NOW)])
    assert process.has("a", NOW) is True
    assert len(row.asked) == 1


def test_what_is_learnt_while_another_thread_forgets_is_kept() -> None:
    """Requests of many threads end sessions while one of them drops what is old."""
    process = Revocations(lambda _: [], TTL)
    process.add(Ended(f"before {number}", FAR) for number in range(1000))
    names = [f"during {number}" for number in range(1000)]

    def end_all() -> None:
        for name in names:
            process.add([Ended(name, FAR)])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            adding = pool.submit(end_all)
            later = NOW
            while not adding.done():
                process.has("a", later := later + POLL_SECONDS)
            adding.result()
    finally:
        sys.setswitchinterval(interval)
    assert all(process.has(name, later) for name in names)


def test_a_database_that_is_away_changes_nothing() -> None:
    """What is known stays known, the rest is served, and the next question comes a second later."""
    row = Row()
    process = Revocations(row.ask, TTL)
    process.add([Ended("a", NOW)])
    row.is_away = True
    assert process.has("a", NOW) is True
    assert process.has("b", NOW + 0.1) is False
    assert len(row.asked) == 1


def test_memory_is_given_back() -> None:
    """Past the lifetime of the tokens nothing is left of a session."""
    process = Revocations(Row().ask, TTL)
    process.add([Ended("a", NOW)])
    assert process.has("a", NOW + TTL) is True
    assert process.has("a", NOW + TTL + OVERLAP_SECONDS + 1) is False


def test_more_than_a_process_remembers_is_asked_of_the_row() -> None:
    """Beyond the bound the answer is None, not a wrong no."""
    process = Revocations(Row().ask, TTL)
    process.add(Ended(str(number), NOW) for number in range(MOST_KNOWN + 1))
    assert process.has("0", NOW) is True
    assert process.has("unheard of", NOW) is None
    assert process.has("unheard of", NOW + TTL + OVERLAP_SECONDS + 1) is False


def test_a_clock_set_back_does_not_stop_the_questions() -> None:
    """An hour back is as good a reason to ask as a second ahead."""
    row = Row()
    process = Revocations(row.ask, TTL)
    process.has("a", NOW)
    process.has("a", NOW - 3600)
    assert len(row.asked) == 2


def test_a_row_remembers_for_one_access_lifetime_and_thefts_longer() -> None:
    """So that whoever was robbed is told, even days later."""
    before = (Ended("old", NOW - TTL), Ended("young", NOW - 1), Ended("stolen", NOW - TTL, by_theft=True))
    kept = record(before, [Ended("new", NOW)], NOW, keep_for=TTL, keep_thefts_for=10 * TTL)
    assert [entry.session_id for entry in kept] == ["young", "stolen", "new"]


def test_a_row_stays_bounded() -> None:
    """The latest entries stay."""
    gone = [Ended(str(number), NOW) for number in range(MOST_ENDED + 5)]
    kept = record((), gone, NOW, keep_for=TTL, keep_thefts_for=TTL)
    assert len(kept) == MOST_ENDED
    assert kept[-1].session_id == str(MOST_ENDED + 4)
