"""Clocks that disagree: nodes some ticks apart, and a clock an hour ahead for a while.

Two nodes. Each request is decided by whichever node it reaches, and their clocks differ by ``apart`` ticks.
The rule then keeps its promise to honest browsers with less room: an exchange must end within a third of the
leeway, less half of what the clocks are apart.

A clock that is set wrong. At some moment the clock jumps ``JUMP`` leeways ahead and at some later moment back
again. What an exchange is that has a clock jump within it nobody can say, so nothing is promised to it; the
explorer lets the clock jump while no exchange is under way, or, with one tab, at any moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from tests.campaigns.proof.exploration.graph import Explored, explore
from tests.campaigns.proof.exploration.honest import START, State, World

JUMP = 3
"""How far a wrong clock is ahead, in leeways: far enough to be beyond anything the rule compares with."""

Stage = tuple[State, int]
"""A state, and how often the clock has jumped."""


@dataclass(frozen=True)
class WrongClock:
    """A world whose clock is right, then ahead, then right; ``quiet``: it jumps only between exchanges."""

    world: World
    quiet: bool

    @cached_property
    def eras(self) -> tuple[World, World, World]:
        """The world before, between and after the two jumps."""
        ahead = JUMP * self.world.server.leeway
        return self.world, replace(self.world, skews=(ahead,)), self.world

    def moves(self, stage: Stage) -> Iterator[tuple[str, Stage | None]]:
        """Everything that can happen next; None where an honest tab is refused."""
        state, era = stage
        for label, after in self.eras[era].moves(state):
            yield label, None if after is None else (after, era)
        if era < 2 and not (self.quiet and state.flying):
            yield "the clock jumps", (state, era + 1)


def prove_wrong_clock(world: World, *, quiet: bool) -> Explored:
    """Explore a world whose clock jumps ahead and back."""
    return explore([(START, 0)], WrongClock(world, quiet).moves)
