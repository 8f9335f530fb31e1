"""What a process knows of sessions: which have ended, and which it has seen live."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.auth.errors import TokenInvalid, Unavailable
from app.auth.lifecycle.account import EndedSession, SessionRef
from app.auth.lifecycle.ended import any_of
from app.auth.sessions.revocation import MAX_GAP, OVERLAP_SECONDS, POLL_SECONDS, RevocationCache

NOW = 1_000_000.0
TTL = 600.0
FAR = NOW + 1e9


def of(session_id: str, subject: str = "7") -> SessionRef:
    """A session of that name."""
    return SessionRef(subject, session_id)


A, B = of("a"), of("b")


class Rows:
    """Stands where the database stands: what has ended, which sessions are live, how often that was asked."""

    def __init__(self, *live: SessionRef) -> None:
        self.ended: list[EndedSession] = []
        self.live = set(live)
        self.asked: list[float] = []
        self.found: list[SessionRef] = []
        self.is_away = False
        self.process = RevocationCache(self.ask, TTL)

    def ask(self, since: float) -> list[EndedSession]:
        """Those that ended after ``since``."""
        self.asked.append(since)
        if self.is_away:
            raise Unavailable
        return [entry for entry in self.ended if entry.ended_at > since]

    def find(self, ref: SessionRef, _now: float) -> None:
        """Whether the session is on its row."""
        self.found.append(ref)
        if self.is_away:
            raise Unavailable
        if ref not in self.live:
            raise TokenInvalid

    def end(self, ref: SessionRef, at: float) -> None:
        """End a session in another process."""
        self.live.discard(ref)
        self.ended.append(EndedSession(ref.session_id, at))

    def lets_in(self, ref: SessionRef, now: float) -> bool:
        """Whether the process serves an access token of that session."""
        try:
            self.process.check(ref, now, self.find)
        except TokenInvalid:
            return False
        return True


@pytest.fixture
def rows() -> Rows:
    """Two live sessions, and a process that has been asked for both."""
    rows = Rows(A, B)
    assert rows.lets_in(A, NOW)
    assert rows.lets_in(B, NOW)
    rows.asked, rows.found = [], []
    return rows


def test_what_others_ended_is_known_within_a_second(rows: Rows) -> None:
    """The next request that is a second later asks, and is refused."""
    rows.end(A, NOW + 0.1)
    assert not rows.lets_in(A, NOW + POLL_SECONDS)
    assert rows.lets_in(B, NOW + POLL_SECONDS)
    assert rows.found == []


def test_nothing_is_asked_per_request(rows: Rows) -> None:
    """A thousand requests a second ask for news once, and never for a row that was looked at."""
    for number in range(1000):
        assert rows.lets_in(A, NOW + POLL_SECONDS + number * POLL_SECONDS / 1001)
    assert (len(rows.asked), rows.found) == (1, [])


def test_a_session_that_no_row_has_is_refused() -> None:
    """Made up, of another site with the same secret, or of a row that was deleted."""
    rows = Rows(A)
    assert not rows.lets_in(of("made up"), NOW)
    assert not rows.lets_in(of("a", subject="8"), NOW)
    assert rows.lets_in(A, NOW)
    assert not rows.lets_in(of("a", subject="8"), NOW)


def test_a_fresh_process_asks_for_one_access_lifetime() -> None:
    """Whatever an access token can still speak of, and then only for what is new."""
    rows = Rows(A)
    rows.lets_in(A, NOW)
    rows.lets_in(A, NOW + 1)
    assert rows.asked == [NOW - TTL - OVERLAP_SECONDS, NOW - OVERLAP_SECONDS]


@pytest.mark.parametrize(
    ("pause", "looks"),
    [
        pytest.param(MAX_GAP, False, id="not after as long as a gap may be"),
        pytest.param(MAX_GAP + 0.1, True, id="after a longer pause"),
        pytest.param(-3600.0, True, id="after the clock was set back"),
    ],
)
def test_rows_are_looked_at_again_after_a_gap(rows: Rows, pause: float, *, looks: bool) -> None:
    """A row that was deleted in a gap has left no word of the end."""
    rows.live.discard(A)
    assert rows.lets_in(A, NOW + pause) is not looks
    assert rows.lets_in(B, NOW + pause)
    assert rows.lets_in(B, NOW + pause)
    assert rows.found == ([A, B] if looks else [])


def test_what_the_process_ended_itself_is_known_at_once(rows: Rows) -> None:
    """No question is needed."""
    rows.process.mark_ended([EndedSession("a", NOW)])
    assert not rows.lets_in(A, NOW)
    assert (rows.asked, rows.found) == ([], [])


def test_an_end_that_overtakes_a_look_counts(rows: Rows) -> None:
    """A row that was read before the session ended does not bring it back."""
    late = of("late")

    def slowly(_ref: SessionRef, _now: float) -> None:
        rows.process.mark_ended([EndedSession("late", NOW)])

    rows.process.check(late, NOW, slowly)
    assert not rows.lets_in(late, NOW)


def test_a_look_from_before_a_gap_does_not_count(rows: Rows) -> None:
    """What was read before a pause is not known to be so after it."""
    late = of("late")
    later = NOW + 60

    def slowly(_ref: SessionRef, _now: float) -> None:
        rows.lets_in(A, later)

    rows.process.check(late, NOW, slowly)
    assert not rows.lets_in(late, later)


def test_what_is_learnt_while_another_thread_forgets_is_kept() -> None:
    """Requests of many threads end sessions while one of them drops what is old."""
    process = RevocationCache(lambda _: [], TTL)
    process.mark_ended(EndedSession(f"before {number}", FAR) for number in range(1000))
    names = [f"during {number}" for number in range(1000)]

    def end_all() -> None:
        for name in names:
            process.mark_ended([EndedSession(name, FAR)])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            adding = pool.submit(end_all)
            later = NOW
            while not adding.done():
                process.is_revoked(A, later := later + POLL_SECONDS)
            adding.result()
    finally:
        sys.setswitchinterval(interval)
    assert all(process.is_revoked(of(name), later) for name in names)


def test_a_database_that_is_away_changes_nothing(rows: Rows) -> None:
    """What has ended stays so, the rest is served, new or not, and nothing is asked again for a second."""
    rows.process.mark_ended([EndedSession("a", NOW)])
    rows.is_away = True
    for number in range(10):
        now = NOW + POLL_SECONDS + number / 11
        assert not rows.lets_in(A, now)
        assert rows.lets_in(B, now)
        assert rows.lets_in(of("of another worker"), now)
    assert (len(rows.asked), rows.found) == (1, [])


def test_a_database_that_goes_away_between_questions_changes_nothing(rows: Rows) -> None:
    """One look fails, and from then on the process waits for the next question."""
    rows.is_away = True
    for name in "xyz":
        assert rows.lets_in(of(name), NOW)
    assert rows.found == [of("x")]


def test_what_ended_in_an_outage_is_learnt_after_it(rows: Rows) -> None:
    """The next answer reaches back to the last one, so what is known survives another outage."""
    rows.is_away = True
    for second in range(1, 100):
        assert rows.lets_in(A, NOW + second)
    rows.end(A, NOW + 2)
    rows.is_away = False
    assert not rows.lets_in(A, NOW + 100)
    assert rows.asked[-1] == NOW - OVERLAP_SECONDS
    rows.is_away = True
    assert not rows.lets_in(A, NOW + 101)


def test_memory_is_given_back(rows: Rows) -> None:
    """Past the lifetime of the tokens nothing is left of a session."""
    rows.process.mark_ended([EndedSession("a", NOW)])
    assert rows.process.is_revoked(A, NOW + TTL) is True
    assert rows.process.is_revoked(A, NOW + TTL + OVERLAP_SECONDS + 1) is None


@pytest.mark.parametrize("order", [1, -1], ids=["the newest last", "the newest first"])
def test_more_than_a_process_remembers_is_asked_of_the_row(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    """Until the last one that found no room has run out, in whichever order they came."""
    monkeypatch.setattr("app.auth.sessions.revocation.MAX_KNOWN", 5)
    ended = [EndedSession(str(number), NOW + number) for number in range(100, 110)]
    rows.process.mark_ended(EndedSession(str(number), NOW) for number in range(5))
    rows.process.mark_ended(ended[::order])
    until = ended[-1].ended_at + TTL
    assert [rows.lets_in(of(entry.session_id), until) for entry in ended] == [False] * 10
    rows.is_away = True
    with pytest.raises(Unavailable):
        rows.process.check(of("109"), until + POLL_SECONDS, rows.find)


def test_what_is_known_live_is_not_asked_though_memory_is_full(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that finds no room is the end all the same; the others are served as before."""
    monkeypatch.setattr("app.auth.sessions.revocation.MAX_KNOWN", 2)
    rows.process.mark_ended([EndedSession("x", NOW), EndedSession("y", NOW), EndedSession("a", NOW)])
    rows.live.discard(A)
    assert not rows.lets_in(A, NOW)
    assert rows.lets_in(B, NOW)
    assert rows.found == [A]


def test_more_live_sessions_than_a_process_remembers_are_looked_at_again(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound costs a query."""
    monkeypatch.setattr("app.auth.sessions.revocation.MAX_KNOWN", 2)
    rows.live.add(of("c"))
    for ref in (of("c"), A, of("c")):
        assert rows.lets_in(ref, NOW)
    assert rows.found == [of("c"), A]


def test_an_entry_for_all_of_a_user_makes_their_rows_be_asked(rows: Rows) -> None:
    """Of this user, and for as long as one of those without a name can have a token."""
    other = of("other", subject="77")
    rows.live.add(other)
    assert rows.lets_in(other, NOW)
    rows.ended.append(EndedSession(any_of("7"), NOW))
    rows.live.discard(A)
    rows.found = []
    later = NOW + POLL_SECONDS
    assert not rows.lets_in(A, later)
    assert [rows.lets_in(ref, later) for ref in (B, B, other)] == [True] * 3
    assert rows.found == [A, B, B]
    rows.is_away = True
    with pytest.raises(Unavailable):
        rows.process.check(A, later + POLL_SECONDS, rows.find)


def test_old_thefts_of_a_row_take_no_ref(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come along with what is new in the row, and no token speaks of them."""
    monkeypatch.setattr("app.auth.sessions.revocation.MAX_KNOWN", 2)
    thefts = [EndedSession(str(number), NOW - 2 * TTL, by_theft=True) for number in range(9)]
    rows.process = RevocationCache(lambda _: [*thefts, EndedSession("a", NOW)], TTL)
    assert not rows.lets_in(A, NOW)
    assert rows.found == []


@pytest.mark.parametrize(
    ("age", "looks"),
    [
        pytest.param(0, False, id="just now"),
        pytest.param(MAX_GAP, False, id="as long ago as a gap may be"),
        pytest.param(MAX_GAP + 0.1, True, id="longer ago"),
        pytest.param(-0.1, True, id="by a clock that was set back since"),
    ],
)
@pytest.mark.parametrize("idle", [True, False], ids=["in a process that never asked", "after a gap"])
def test_what_was_seen_a_moment_ago_outlives_a_gap(age: float, *, looks: bool, idle: bool) -> None:
    """So the first request after a sign-in asks for news only, and not for the row."""
    rows = Rows(A, B)
    if not idle:
        assert rows.lets_in(B, NOW - 60)
    rows.process.mark_live(A, NOW - age)
    rows.found = []
    assert rows.lets_in(A, NOW)
    assert rows.found == ([A] if looks else [])


def test_an_end_between_a_sight_and_the_next_answer_counts(rows: Rows) -> None:
    """A session that starts here and is ended elsewhere at once is refused at the next question."""
    late = of("late")
    rows.process.mark_live(late, NOW + 60)
    rows.end(late, NOW + 60.5)
    assert not rows.lets_in(late, NOW + 61)
    assert rows.found == []


def test_a_sight_from_a_moment_before_a_gap_counts(rows: Rows) -> None:
    """The answer that ended the gap tells of every end since then."""
    late = of("late")
    rows.lets_in(A, NOW + 60)
    rows.process.mark_live(late, NOW + 60 - MAX_GAP)
    rows.found = []
    assert rows.lets_in(late, NOW + 60)
    assert rows.found == []


def test_a_session_that_is_known_already_takes_no_more_room(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh of one of them throws nothing away, though memory is full."""
    monkeypatch.setattr("app.auth.sessions.revocation.MAX_KNOWN", 2)
    rows.process.mark_live(A, NOW)
    assert rows.lets_in(B, NOW)
    assert rows.found == []
