"""No sign-out is forgotten before its tokens have run out: one process held against perfect knowledge."""

from __future__ import annotations

import itertools
from typing import NamedTuple, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.errors import TokenInvalid, Unavailable
from app.auth.lifecycle import ended
from app.auth.lifecycle.account import EndedSession, SessionRef
from app.auth.lifecycle.ended import Retention, any_of, record
from app.auth.sessions import revocation
from app.auth.sessions.revocation import MAX_GAP, POLL_SECONDS, RevocationCache

TTL = 60.0
OTHER_TTLS = (5.0, TTL, 600.0)
"""Of the nodes that end sessions: RATCHET_ACCESS_TTL may just be changing."""

SUBJECTS = ("7", "8")
NAMES = "abcdef"


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a few sessions pass each of them."""
    for module, name, bound in (
        (revocation, "MAX_KNOWN", 2),
        (ended, "MAX_ENDED", 3),
        (ended, "MAX_THEFTS", 1),
    ):
        monkeypatch.setattr(module, name, bound)


class Row(NamedTuple):
    """A user row: its live sessions, and what it remembers of those that ended."""

    live: frozenset[str]
    ended: tuple[EndedSession, ...]


class World:
    """A database, the process under test, and when each session really ended."""

    def __init__(self) -> None:
        self.now, self.is_away, self.drawn = 1000.0, False, 0
        self.reachable_since = self.now
        self.rows = {subject: Row(frozenset(), ()) for subject in SUBJECTS}
        self.names: dict[SessionRef, SessionRef] = {}
        self.ended_at: dict[SessionRef, float] = {}
        self.to_delete: dict[str, float] = {}
        self.told: set[SessionRef] = set()
        self.asked: list[float] = []
        self.process = RevocationCache(self.ask, TTL)

    def ask(self, since: float) -> list[EndedSession]:
        """The entries of each row in which a session ended after ``since``."""
        self.asked.append(self.now)
        self._reach()
        found = [row.ended for row in self.rows.values() if any(one.ended_at > since for one in row.ended)]
        answer = [entry for ended in found for entry in ended]
        self._tell(answer)
        return answer

    def find(self, ref: SessionRef, _now: float) -> None:
        """Whether the row has the session."""
        self._reach()
        row = self.rows.get(ref.subject)
        if row is None or ref.session_id not in row.live:
            raise TokenInvalid

    def start(self, slot: SessionRef, *, here: bool) -> None:
        """A session of that user, in the slot of an older one; ``here`` in the process under test."""
        if slot.subject in self.rows and slot.subject not in self.to_delete and not self.is_away:
            self.drawn += 1
            ref = SessionRef(slot.subject, f"{slot.session_id}{self.drawn}")
            self.names[slot] = ref
            live, ended = self.rows[slot.subject]
            self.rows[slot.subject] = Row(live | {ref.session_id}, ended)
            if here:
                self.refresh(slot)

    def refresh(self, slot: SessionRef) -> None:
        """A refresh in the process under test, which sees the session on its row."""
        ref = self.names.get(slot)
        if ref is not None and not self.is_away and ref.session_id in self.live_of(slot.subject):
            self.process.mark_live(ref, self.now)

    def live_of(self, subject: str) -> frozenset[str]:
        """The ids of the live sessions on a row, if it is there."""
        return self.rows[subject].live if subject in self.rows else frozenset()

    def end(self, slot: SessionRef, ttl: float, *, by_theft: bool, here: bool) -> None:
        """End a session in another process, or in the one under test."""
        ref = self.names.get(slot)
        row = self.rows.get(slot.subject)
        if ref is None or row is None or ref.session_id not in row.live or self.is_away:
            return
        gone = EndedSession(ref.session_id, self.now, by_theft)
        kept = record(row.ended, [gone], self.now, subject=slot.subject, retention=Retention(ttl, 9e9))
        self.rows[slot.subject] = Row(row.live - {ref.session_id}, kept)
        self.ended_at[ref] = self.now
        if here:
            self.process.mark_ended(kept)
            self._tell([*kept, gone])

    def delete(self, subject: str) -> None:
        """End all sessions of a user and delete the row as soon as that may be."""
        for name in NAMES:
            self.end(SessionRef(subject, name), TTL, by_theft=False, here=False)
        if not self.is_away:
            self.to_delete.setdefault(subject, self.now + MAX_GAP)

    def turn(self) -> None:
        """Let the database go away, or come back."""
        self.is_away = not self.is_away
        self.reachable_since = self.now

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
        if not self.is_away:
            for subject, due in self.to_delete.items():
                if self.now > due:
                    self.rows.pop(subject, None)

    def request(self, slot: SessionRef) -> None:
        """A request with the youngest access token of a session: refused in time, and never for nothing."""
        ref = self.names.get(slot)
        if ref is None:
            return
        ended_at = self.ended_at.get(ref)
        if ended_at is not None and self.now >= ended_at + TTL:
            return  # the token has expired
        try:
            self.process.check(ref, self.now, self.find)
        except TokenInvalid:
            assert ended_at is not None, "a live session was refused"
        except Unavailable:
            assert self.is_away
        else:
            known_since = max(self.now if ended_at is None else ended_at, self.reachable_since)
            assert self.is_away or self.now - known_since < POLL_SECONDS, "served after its end"
            assert ref not in self.told, "served though the process was told of the end"

    def _tell(self, entries: list[EndedSession]) -> None:
        """Note which ends the process now knows of, by their names or by an entry for all of a user."""
        names = {entry.session_id for entry in entries}
        self.told |= {at for at in self.ended_at if at.session_id in names or any_of(at.subject) in names}

    def _reach(self) -> None:
        if self.is_away:
            raise Unavailable


REFS = tuple(SessionRef(subject, name) for subject in SUBJECTS for name in NAMES)
"""Of the sessions in a story, by a name that a later one may have again."""

ends = st.tuples(
    st.just("end"),
    st.lists(st.sampled_from(REFS), min_size=1, max_size=9, unique=True),
    st.sampled_from(OTHER_TTLS),
    st.booleans(),
    st.booleans(),
)
seconds = st.sampled_from([1.0, 1.0, 1.0, 0.25, 1.5, 2.5, 30.0, 80.0])
steps = st.one_of(
    ends,
    st.tuples(st.just("advance"), seconds),
    st.tuples(st.just("advance"), seconds),
    st.tuples(st.just("start"), st.sampled_from(REFS), st.booleans()),
    st.tuples(st.just("refresh"), st.sampled_from(REFS)),
    st.tuples(st.just("delete"), st.sampled_from(SUBJECTS)),
    st.tuples(st.just("turn")),
)
Step = tuple[object, ...]


def take(world: World, step: Step) -> None:
    """Take one step of a story."""
    match step:
        case "end", list(refs), float(ttl), bool(by_theft), bool(here):
            for ref in cast("list[SessionRef]", refs):
                world.end(ref, ttl, by_theft=by_theft, here=here)
        case "start", SessionRef() as ref, bool(here):
            world.start(ref, here=here)
        case "refresh", SessionRef() as ref:
            world.refresh(ref)
        case "advance", float(span):
            world.advance(span)
        case "delete", str(subject):
            world.delete(subject)
        case _:
            world.turn()


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(steps, min_size=5, max_size=30), st.sampled_from([REFS, REFS[:2]]))
def test_no_sign_out_is_forgotten(story: list[Step], used: tuple[SessionRef, ...]) -> None:
    """Over any ends, thefts, deletions, overflows, pauses and outages; and it asks once a second at most."""
    world = World()
    for ref in REFS:
        world.start(ref, here=False)
    for step in story:
        for ref in used:
            world.request(ref)
        take(world, step)
    assert all(later - earlier >= POLL_SECONDS for earlier, later in itertools.pairwise(world.asked))
