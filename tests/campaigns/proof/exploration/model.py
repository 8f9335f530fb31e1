"""One answer of the server, on values small enough to enumerate.

The explorers never look inside a rule. They hand it a session and a token and keep what comes out, so the
function under proof is the one that ships. Two renamings make the values finite:

- a token is known by what it is to the session: its *current*, its *parent*, one *extra* that a faulty rule
  may remember in ``label``, or *old*. An id that is none of these can never become one again, because a
  fresh id is always unused; so all old tokens are one token.
- a time is known by how long ago it was. Beyond one leeway a rule cannot tell ages apart, so ages stop
  there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from app.auth.lifecycle.rotation import SLIDE_FRACTION, Decision, RotationPolicy, Session, Verdict

Decide = Callable[[Session | None, str, float, str, RotationPolicy], Decision]
"""The shape of ``rotation.decide``; rivals and faults have it too."""

Ages = tuple[int, ...]
Role = int
CURRENT, PARENT, EXTRA, OLD = range(4)
ROLES = ("current", "parent", "extra", "old")

SERVED = frozenset({Verdict.REPEAT, Verdict.ROTATE, Verdict.RECOVER})
"""The verdicts that hand out a token."""


class Seen(NamedTuple):
    """A session as the explorers see it: which tokens it remembers, and its times as ages in grains.

    These are when current was made, when it was made or the parent presented, when it was handed out, and,
    where that has happened, when it was confirmed.
    """

    parent: bool
    extra: bool
    ages: Ages


def alike(*, parent: bool, age: int, extra: bool = False) -> Seen:
    """A session all of whose times were that long ago, not confirmed."""
    return Seen(parent, extra, (age, age, age))


SIGNED_IN = alike(parent=False, age=0)
"""A session that has just begun."""


class Answer(NamedTuple):
    """What the server made of a token; ``renamed[role]`` is what a token of that role has become."""

    verdict: Verdict
    session: Seen | None
    renamed: tuple[Role, Role, Role, Role]

    @property
    def served(self) -> bool:
        """Whether a token was handed out."""
        return self.session is not None and self.verdict in SERVED


def endless(leeway: float) -> RotationPolicy:
    """A rule whose sessions neither idle out nor reach an absolute end."""
    return RotationPolicy(leeway=leeway, idle_ttl=inf, short_ttl=inf)


@dataclass(frozen=True)
class Server:
    """A rule at work: ``leeway`` in ticks, ``grain`` subdivisions of a tick (1: whole ticks only)."""

    decide: Decide
    leeway: int
    grain: int = 1
    known: dict[tuple[Seen, Role, float, int], Answer] = field(default_factory=dict, compare=False)

    @property
    def cap(self) -> int:
        """The age, in grains, beyond which all ages are alike."""
        return self.leeway * self.grain

    def answer(self, seen: Seen, role: Role, skew: float = 0, split: int = 0) -> Answer:
        """Present a token by a clock ``skew`` ticks ahead; asked once, then remembered: a rule is pure.

        In dense time, fractions of a rank below ``split`` are taken to be below what the rule skips.
        """
        key = (seen, role, skew, split)
        if key not in self.known:
            self.known[key] = self._ask(seen, role, skew, split)
        return self.known[key]

    def splits(self, seen: Seen) -> tuple[int, ...]:
        """Every way in which the fractions may lie about what the rule skips; one in whole ticks."""
        ranks = {age % self.grain for age in seen.ages if age < self.grain}
        return (0, *(rank + 1 for rank in sorted(ranks - {0})))

    def _ask(self, seen: Seen, role: Role, skew: float, split: int) -> Answer:
        times = [-self._real(age, split) for age in seen.ages]
        session = _session(seen, times)
        decision = self.decide(session, ROLES[role], skew, "fresh", endless(self.leeway))
        verdict, after = decision.verdict, decision.session
        if after is None:
            return Answer(verdict, None, (OLD, OLD, OLD, OLD))
        current, parent, extra, old = (_role(name, after) for name in ROLES)
        known = dict(zip(times, seen.ages, strict=True))
        later = (after.made_at, after.shown_at, after.served_at, after.confirmed_at)
        ages = tuple(
            known.get(time, min(self.cap, -round(time * self.grain))) for time in later if time is not None
        )
        return Answer(
            verdict, Seen(after.parent is not None, bool(after.label), ages), (current, parent, extra, old)
        )

    def _real(self, age: int, split: int) -> float:
        """A real age, in ticks, of that rank; what the rule skips lies within the first tick."""
        whole, rank = divmod(age, self.grain)
        skipped, fraction = self.leeway * SLIDE_FRACTION, rank / self.grain
        if self.grain == 1:
            return whole
        return whole + (
            skipped * fraction if rank < split else skipped + (1 - skipped) * fraction if rank else 0
        )


def _session(seen: Seen, times: list[float]) -> Session:
    """The session value of ``seen``, its tokens named after their roles."""
    made_at, shown_at, served_at, *confirmed_at = times
    return Session(
        id="session",
        current="current",
        parent="parent" if seen.parent else None,
        made_at=made_at,
        shown_at=shown_at,
        served_at=served_at,
        confirmed_at=confirmed_at[0] if confirmed_at else None,
        started_at=0.0,
        expires_at=inf,
        auth_time=0.0,
        label="extra" if seen.extra else "",
    )


def _role(token: str, session: Session) -> Role:
    """What ``token`` is to ``session``."""
    remembered = (session.current, session.parent, session.label)
    return remembered.index(token) if token in remembered else OLD
