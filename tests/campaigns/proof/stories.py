"""Runs worth reading: where the bound ends, where a clock jumps, and the longest that a thief can last."""

from __future__ import annotations

from itertools import groupby
from math import inf

from app.auth.lifecycle.rotation import Session, decide
from tests.campaigns.proof.exploration.honest import World, prove
from tests.campaigns.proof.exploration.model import Server, endless
from tests.campaigns.proof.exploration.nodes import prove_wrong_clock

HOUR = 3600.0


def beyond_the_bound() -> str:
    """The shortest way to a false refusal with exchanges of more than a third of the leeway."""
    return _told(prove(World(Server(decide, 5), tabs=2, exchange=2)).trace)


def clock_jump() -> str:
    """The shortest way to a false refusal where the clock jumps while exchanges are under way."""
    return _told(prove_wrong_clock(World(Server(decide, 3), tabs=2, exchange=1), quiet=False).trace)


def _told(trace: tuple[str, ...] | None) -> str:
    """A run as a numbered list; what happens several times in a row is counted."""
    steps = ((label, len(list(times))) for label, times in groupby(trace or ()))
    told = (label if times == 1 else f"{label}, {times} times" for label, times in steps)
    return "\n".join(f"{number}. {step}" for number, step in enumerate(told, 1))


THEFT = (("thief", "A"), ("victim", "A"), ("thief", "A"), ("victim", "C"))
"""Who presents what, an hour apart, after the thief has copied A, the first token."""


def longest_theft() -> list[tuple[str, ...]]:
    """The longest theft with every use far from the other party's, played on the rule."""
    session: Session | None = Session("session", "A", None, 0.0, 0.0, 0.0, 0.0, inf, 0.0)
    rows: list[tuple[str, ...]] = []
    for hour, ((who, token), fresh) in enumerate(zip(THEFT, "BCDE", strict=True), 1):
        decision = decide(session, token, hour * HOUR, fresh, endless(30))
        was = _role(token, session)
        session = decision.session
        handed = session.current if session else "nothing: the session has ended"
        rows.append((f"{hour} h", who, f"{token}, {was}", decision.verdict.value.capitalize(), handed))
    return rows


def _role(token: str, session: Session | None) -> str:
    roles = {session.current: "current", session.parent: "parent"} if session else {}
    return roles.get(token, "orphaned")
