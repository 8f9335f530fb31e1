"""Time as the explorers see it: whole ticks, or every real-valued order of events.

With a grain of 1 time moves in whole ticks and events within a tick come in any order. That is quick, and it
holds every order of events; but a comparison such as ``age < leeway`` is only tried on whole ticks.

With a larger grain time is *dense*. Which comparisons hold depends only on the whole part of each clock and
on the order of the fractions (Alur and Dill, *A theory of timed automata*, 1994): all real values that agree
on those are one value. A clock is then ``whole * grain + rank``, rank 0 meaning no fraction. A grain of two
more than there are clocks leaves room for every order.

A clock that has reached ``cap`` stands still: no rule can tell larger ages apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Clockwork = Callable[[Sequence[int], int, int], list[int]]
"""What moves clocks: from the clocks, the grain and the cap to the clocks."""


def elapse(clocks: Sequence[int], grain: int, cap: int) -> list[int]:
    """Let time pass until the next moment that any comparison could notice."""
    fractions = [clock % grain for clock in clocks if clock < cap]
    if grain == 1 or 0 in fractions:
        return [clock + 1 if clock < cap else clock for clock in clocks]
    top = max(fractions, default=0)
    return [clock + grain - top if clock < cap and clock % grain == top else clock for clock in clocks]


def settle(clocks: Sequence[int], grain: int, cap: int) -> list[int]:
    """Keep only the order of the fractions: close the gaps that clocks which stopped have left."""
    ranks = {clock % grain for clock in clocks if clock < cap}
    place = {rank: index for index, rank in enumerate(sorted(ranks | {0}))}
    return [clock - clock % grain + place[clock % grain] if clock < cap else clock for clock in clocks]
