"""What a run of the benchmark has measured, and the targets that it is held to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from . import guard, refresh
from .guard import Guard
from .rounds import Measured
from .served.at_once import TABS, Round
from .served.renewing import Kept
from .served.sign_in import SignIn, p99
from .served.stage import Figures
from .served.starting import Start
from .served.subjects import LEAST, RATCHET, ROTATE, SHORT, Site

SEEN_MICROSECONDS, FIRST_MICROSECONDS, COOKIE_MICROSECONDS = 15, 60, 15
SHARE_OF_THE_FLOOR = 0.8
MEGABYTES = 50
SECONDS = 0.7
SHARE_OF_BCRYPT = 0.97
TIMES_IDLE = 3

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
"""The databases, as people write them."""


@dataclass
class Results:
    """Each part by database or by name; a part that was not measured is empty."""

    guard: Guard | None = None
    refresh: dict[str, dict[str, Measured]] = field(default_factory=dict)
    guarded: dict[str, Figures] = field(default_factory=dict)
    refreshes: dict[str, dict[str, Figures]] = field(default_factory=dict)
    kept: dict[str, dict[Site, Kept]] = field(default_factory=dict)
    at_once: dict[str, dict[str, list[Round]]] = field(default_factory=dict)
    sign_in: SignIn | None = None
    starts: dict[str, Start] = field(default_factory=dict)

    def share(self, kind: str, name: str) -> float:
        """The part of the floor's speed that this refresh reaches, by processor time."""
        figures = self.refreshes[kind]
        return figures[LEAST.name].processor.middle / figures[name].processor.middle


class Target(NamedTuple):
    """What is to be reached, what was measured, and whether that is enough."""

    claim: str
    limit: str
    measured: str
    met: bool


def targets(results: Results) -> list[Target]:
    """The targets of the parts that were measured."""
    return [
        *_of_the_guard(results),
        *_of_the_refresh(results),
        *_of_tabs(results),
        *_of_sign_in(results),
        *_of_starts(results),
    ]


def _at_most(claim: str, limit: float, measured: float, unit: str, digits: int = 0) -> Target:
    shown = f"{measured:.{digits}f}{unit}"
    return Target(claim, f"at most {limit:g}{unit}", shown, measured <= limit)


def _at_least(claim: str, limit: float, measured: float) -> Target:
    return Target(claim, f"at least {limit:.2f}", f"{measured:.2f}", measured >= limit)


def _of_the_guard(results: Results) -> Iterator[Target]:
    if results.guard:
        over = results.guard.over_bare
        seen, first, cookie = over(guard.GUARDED), over(guard.FIRST), over(guard.COOKIE)
        yield _at_most("guard, token seen before, in process", SEEN_MICROSECONDS, seen, " µs", 1)
        yield _at_most(
            "guard, token seen for the first time, in process", FIRST_MICROSECONDS, first, " µs", 1
        )
        more = "guard, cookie over bearer, each over a bare view that gets the same, in process"
        yield _at_most(more, COOKIE_MICROSECONDS, cookie - seen, " µs", 1)


def _of_the_refresh(results: Results) -> Iterator[Target]:
    for kind in ("postgresql", "sqlite"):
        if kind in results.refreshes:
            claim = f"refresh over HTTP, part of the floor's speed, {kind}"
            yield _at_least(claim, SHARE_OF_THE_FLOOR, results.share(kind, ROTATE.name))
        if kind in results.refresh:
            in_process = results.refresh[kind]
            share = in_process[refresh.FLOOR].middle / in_process["Rotate, cookie"].middle
            yield _at_least(
                f"refresh in process, part of the floor's speed, {kind}", SHARE_OF_THE_FLOOR, share
            )


def _of_tabs(results: Results) -> Iterator[Target]:
    for kind, by_site in results.at_once.items():
        rounds = by_site[RATCHET.name]
        least = min(one.succeeded for one in rounds)
        claim = f"{TABS} refreshes at once with one token, {kind}"
        yield Target(claim, f"{TABS} succeed", f"{least} succeed in the worst round", least == TABS)
    for kind, by_kept in results.kept.items():
        if SHORT not in by_kept:
            continue
        kept = by_kept[SHORT].per_refresh
        yield Target(f"bytes kept per refresh, {kind}", "0", f"{kept:.0f}", kept == 0)


def _of_sign_in(results: Results) -> Iterator[Target]:
    if results.sign_in:
        share = results.sign_in.share
        yield _at_least("sign-ins, part of the speed of raw bcrypt", SHARE_OF_BCRYPT, share)
        times = p99(results.sign_in.busy) / p99(results.sign_in.idle)
        claim = "p99 of refreshes while others sign in"
        yield Target(claim, f"under {TIMES_IDLE} times idle", f"{times:.1f} times", times < TIMES_IDLE)


def _of_starts(results: Results) -> Iterator[Target]:
    if results.starts:
        start = results.starts[RATCHET.name]
        yield _at_most("memory of a worker", MEGABYTES, start.memory, " MB", 1)
        yield _at_most("cold start", SECONDS, start.seconds, " s", 2)
