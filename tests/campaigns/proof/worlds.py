"""The worlds that our rule is explored in: how far the proof reaches, and how tight the bound is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.auth.lifecycle.rotation import decide
from tests.campaigns.proof.exploration.graph import Explored
from tests.campaigns.proof.exploration.honest import World, prove
from tests.campaigns.proof.exploration.model import Server
from tests.campaigns.proof.exploration.nodes import prove_wrong_clock
from tests.campaigns.proof.exploration.succession import Succession, prove_succession
from tests.campaigns.proof.exploration.theft import explore_theft

Row = tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One exploration of our rule; exchange and leeway in ticks."""

    what: str
    tabs: int
    exchange: int
    leeway: int
    time: str = "ticks"

    @property
    def world(self) -> World:
        """The world to explore."""
        skews = (0, 1) if self.what == "two nodes" else (0,)
        server = Server(decide, self.leeway, grain=self.tabs + 6 if self.time == "dense" else 1)
        return World(server, self.tabs, self.exchange, skews=skews, stale=self.what == "late rows")

    def row(self) -> Row:
        """Explore, and say how much there was to see and what was seen."""
        states, saw = _SEE.get(self.what, _honest)(self.world)
        return self.what, str(self.tabs), f"{self.exchange} of {self.leeway}", self.time, f"{states:,}", saw


def _said(found: Explored) -> tuple[int, str]:
    return found.states, "no refusal" if found.holds else f"refused in {len(found.trace or ())} steps"


def _honest(world: World) -> tuple[int, str]:
    return _said(prove(world))


def _near_theft(world: World) -> tuple[int, str]:
    theft = explore_theft(world)
    return theft.states, "both for ever" if theft.rides_near else "no ride"


def _theft(world: World) -> tuple[int, str]:
    theft = explore_theft(world)
    return theft.states, "both for ever" if theft.rides else f"{theft.hand_overs:.0f} hand-overs, no ride"


_SEE: dict[str, Callable[[World], tuple[int, str]]] = {
    "thief": _theft,
    "thief, within a leeway of the victim": _near_theft,
    "wrong clock": lambda world: _said(prove_wrong_clock(world, quiet=True)),
    "wrong clock, at any moment": lambda world: _said(prove_wrong_clock(world, quiet=False)),
}

RUNS = {
    f"{run.what} {run.tabs} {run.time} {run.leeway}": run
    for run in (
        Run("honest", 1, 4, 12),
        Run("honest", 2, 4, 12),
        Run("honest", 3, 4, 12),
        Run("honest", 4, 2, 6),
        Run("honest", 1, 10, 30),
        Run("honest", 1, 1, 3, "dense"),
        Run("honest", 2, 1, 3, "dense"),
        Run("late rows", 1, 4, 12),
        Run("late rows", 2, 4, 12),
        Run("late rows", 3, 3, 9),
        Run("two nodes", 2, 3, 12),
        Run("two nodes", 3, 2, 9),
        Run("wrong clock, at any moment", 1, 2, 6),
        Run("wrong clock, at any moment", 2, 1, 3),
        Run("wrong clock", 2, 2, 6),
        Run("wrong clock", 3, 1, 3),
        Run("thief", 1, 4, 12),
        Run("thief", 2, 2, 6),
        Run("thief", 3, 1, 3),
        Run("thief", 1, 1, 3, "dense"),
        Run("thief, within a leeway of the victim", 1, 4, 12),
    )
}
"""Every world, by name."""

SUCCESSIONS = {
    f"tabs {tabs} late {late} leeway {leeway}": Succession(Server(decide, leeway), tabs, late, exchange)
    for tabs, late, exchange, leeway in (
        (1, 2, 4, 12),
        (2, 1, 2, 6),
        (2, 2, 2, 6),
        (2, 2, 1, 3),
        (3, 1, 1, 3),
    )
}
"""Sign-ins over a session, with as many late replies of the former one; all times in ticks."""


def succession_row(world: Succession) -> Row:
    """What is seen with the spare, where a late reply is a tick later still, and without the spare."""
    found = prove_succession(world)
    others = (prove_succession(replace(world, **change)) for change in ({"overdue": 1}, {"has_spare": False}))
    told = (_said(found)[1], *(_said(other)[1] for other in others))
    exchange = f"{world.exchange} of {world.server.leeway}"
    return str(world.tabs), str(world.late), exchange, f"{found.states:,}", *told


BOUNDS = {
    f"leeway {leeway} apart {apart}": (leeway, apart)
    for leeway, apart in (
        (6, 0),
        (9, 0),
        (10, 0),
        (12, 0),
        (15, 0),
        (12, 1),
        (12, 2),
        (12, 3),
    )
}
"""Leeways, and clocks so far apart, with which the bound is measured; all in ticks."""


def measured_bound(leeway: int, apart: int) -> Row:
    """The longest exchange with which two tabs are never refused, and what the formula says it is."""
    exact = leeway / 3 - apart / 2
    longest = int(exact)
    while _holds(leeway, apart, longest + 1):
        longest += 1
    while not _holds(leeway, apart, longest):
        longest -= 1
    return str(leeway), str(apart), f"{exact:.3g}", str(longest), str(longest + 1)


def _holds(leeway: int, apart: int, exchange: int) -> bool:
    return prove(World(Server(decide, leeway), 2, exchange, skews=(0, apart) if apart else (0,))).holds
