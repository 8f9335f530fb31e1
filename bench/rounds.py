"""Measures several requests alternately, in this process, in processor time of the calling thread.

The figures are medians of rounds, so that other programs on the machine disturb them less. The spread of the
rounds of one request shows how small a difference can be measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

REQUESTS = 200
"""Requests of each kind in one round."""

Ask = Callable[[], object]


class Measured(NamedTuple):
    """The rounds of one kind of request: microseconds a request."""

    rounds: list[float]

    @property
    def middle(self) -> float:
        """The median round."""
        return median(self.rounds)

    @property
    def noise(self) -> float:
        """Half of the interquartile range of its rounds."""
        ordered = sorted(self.rounds)
        quarter = len(ordered) // 4
        return (ordered[-1 - quarter] - ordered[quarter]) / 2


def measure(asks: Mapping[str, Ask], rounds: int) -> dict[str, Measured]:
    """Send the requests alternately; the first round only warms up."""
    measured: dict[str, Measured] = {name: Measured([]) for name in asks}
    for number in range(rounds + 1):
        spent = [[once(ask) for ask in asks.values()] for _ in range(REQUESTS)]
        for name, requests in zip(asks, zip(*spent, strict=True), strict=True):
            if number:
                measured[name].rounds.append(median(requests))
    return measured


def once(ask: Ask) -> float:
    """Microseconds of processor time."""
    began = time.thread_time_ns()
    ask()
    return (time.thread_time_ns() - began) / 1000
