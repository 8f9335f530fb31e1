"""How long a thief who polls lasts: simulated, for habits that a thief may have.

The owner's page is open for a day and renews as ``ratchet.js`` does, when between 50 and 90 % of ten
minutes have passed. A thief copies the cookie at some moment and presents a token at regular intervals.
Nothing is lost and replies arrive at once. A refusal, whoever meets it, ends the session.
"""

from __future__ import annotations

from itertools import count
from math import inf
from random import Random
from statistics import median

from app.auth.lifecycle.rotation import Session
from tests.campaigns.proof.exploration.model import Decide, endless

THEFTS = 100
DAY, MINUTE = 86400.0, 60.0
SOONEST, LATEST = 5 * MINUTE, 9 * MINUTE
"""When the owner renews, in seconds after the last time."""

LEEWAY = 30

HABITS: dict[str, tuple[float, bool]] = {
    "every 5 s": (5, False),
    "every 25 s": (25, False),
    "every 25 s, always the first copy": (25, True),
    "every 40 s": (40, False),
    "every 5 min": (300, False),
    "every 10 min": (600, False),
}
"""Seconds between the thief's uses, and whether he only ever presents what he copied."""


def told(decide: Decide, habit: str) -> str:
    """How many thefts were found within a day, and the median of the minutes that took."""
    chance = Random(habit)
    lasted = [_lasts(decide, *HABITS[habit], chance) for _ in range(THEFTS)]
    found = [seconds for seconds in lasted if seconds < DAY]
    if not found:
        return "never found"
    minutes = f"{median(found) / MINUTE:.0f} min"
    return minutes if len(found) == THEFTS else f"{len(found)} of {THEFTS}, {minutes}"


def _lasts(decide: Decide, pause: float, first_copy: bool, chance: Random) -> float:
    """Seconds from the theft to the end of the session; a day where it does not end."""
    renews = chance.uniform(0, LATEST)
    uses = chance.uniform(0, pause)
    session: Session | None = _session(renews - LATEST)
    owners = thiefs = "current"
    for number in count():
        now, owner = min((renews, True), (uses, False))
        if now >= DAY:
            return DAY
        session = decide(
            session, owners if owner else thiefs, now, f"token {number}", endless(LEEWAY)
        ).session
        if session is None:
            return now
        if owner:
            owners, renews = session.current, now + chance.uniform(SOONEST, LATEST)
        else:
            thiefs, uses = thiefs if first_copy else session.current, now + pause
    return DAY


def _session(made_at: float) -> Session:
    """A session whose current token was made then."""
    return Session("session", "current", "parent", made_at, made_at, made_at, made_at, inf, made_at)
