"""One answer of the server, on values small enough to enumerate.

The explorers never look inside a rule. They hand it a session and a token and keep what comes out, so the
function under proof is the one that ships. Two renamings make the values finite:

- a token is known by what it is to the session: its *current*, its *parent*, one *extra* that a faulty rule
  may remember in ``label``, or *old*. An id that is none of these can never become one again, because a
  fresh id is always unused; so all old tokens are one token.
- a time is known by its distance from ``served_at``. Beyond one leeway a rule cannot tell ages apart, so
  ages stop there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from app.auth.rotation import Decision, Rule, Session, Verdict

Decide = Callable[[Session | None, str, float, str, Rule], Decision]
"""The shape of ``rotation.decide``; rivals and faults have it too."""

Role = int
CURRENT, PARENT, EXTRA, OLD = range(4)
ROLES = ("current", "parent", "extra", "old")

SERVED = frozenset({Verdict.REPEAT, Verdict.ROTATE, Verdict.RECOVER})
"""The verdicts that hand out a token."""


class Seen(NamedTuple):
    """A session as the explorers see it: which tokens it remembers, and its age in grains."""

    parent: bool
    extra: bool
    age: int


SIGNED_IN = Seen(parent=False, extra=False, age=0)
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


def endless(leeway: float) -> Rule:
    """A rule whose sessions neither idle out nor reach an absolute end."""
    return Rule(leeway=leeway, idle_ttl=inf, short_ttl=inf)


@dataclass(frozen=True)
class Server:
    """A rule at work: ``leeway`` in ticks, ``grain`` subdivisions of a tick (1: whole ticks only)."""

    decide: Decide
    leeway: int
    grain: int = 1
    known: dict[tuple[Seen, Role, float], Answer] = field(default_factory=dict, compare=False)

    @property
    def cap(self) -> int:
        """The age, in grains, beyond which all ages are alike."""
        return self.leeway * self.grain

    def answer(self, seen: Seen, role: Role, skew: float = 0) -> Answer:
        """Present a token by a clock ``skew`` ticks ahead; asked once, then remembered: a rule is pure."""
        key = (seen, role, skew)
        if key not in self.known:
            self.known[key] = self._ask(seen, role, skew)
        return self.known[key]

    def _ask(self, seen: Seen, role: Role, skew: float) -> Answer:
        now = seen.age / self.grain + skew
        decision = self.decide(_session(seen), ROLES[role], now, "fresh", endless(self.leeway))
        verdict, after = decision.verdict, decision.session
        if after is None:
            return Answer(verdict, None, (OLD, OLD, OLD, OLD))
        current, parent, extra, old = (_role(name, after) for name in ROLES)
        age = min(self.cap, seen.age - round(after.served_at * self.grain))
        return Answer(
            verdict, Seen(after.parent is not None, bool(after.label), age), (current, parent, extra, old)
        )


def _session(seen: Seen) -> Session:
    """The session value of ``seen``, last served at time 0, its tokens named after their roles."""
    return Session(
        id="session",
        current="current",
        parent="parent" if seen.parent else None,
        served_at=0.0,
        started_at=0.0,
        expires_at=inf,
        auth_time=0.0,
        label="extra" if seen.extra else "",
    )


def _role(token: str, session: Session) -> Role:
    """What ``token`` is to ``session``."""
    remembered = (session.current, session.parent, session.label)
    return remembered.index(token) if token in remembered else OLD
