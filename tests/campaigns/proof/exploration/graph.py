"""Walking a finite graph whole: shortest way to a refusal, cycles, longest way through.

Nothing here knows about tokens. A run may be of any length; the graph it walks on is finite, so what holds
for every state and every cycle holds for every run.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import TypeVar

State = TypeVar("State", bound=Hashable)
Moves = Callable[[State], Iterable[tuple[str, State | None]]]
"""From a state, what can happen next and where it leads; None is a broken promise."""


@dataclass(frozen=True)
class Explored:
    """How much there was to see, and the shortest way to a broken promise, if there is one."""

    states: int
    trace: tuple[str, ...] | None

    @property
    def holds(self) -> bool:
        """Whether no run breaks the promise."""
        return self.trace is None


def explore(starts: Iterable[State], moves: Moves[State]) -> Explored:
    """Visit every reachable state, breadth first, or stop at the first broken promise."""
    came: dict[State, State | None] = dict.fromkeys(starts)
    queue = list(came)
    for state in queue:
        for label, after in moves(state):
            if after is None:
                return Explored(len(came), (*_trace(came, moves, state), label))
            if after not in came:
                came[after] = state
                queue.append(after)
    return Explored(len(came), None)


def _trace(came: dict[State, State | None], moves: Moves[State], end: State) -> list[str]:
    """The labels of the shortest way to ``end``."""
    labels: list[str] = []
    before = came[end]
    while before is not None:
        labels.append(next(label for label, after in moves(before) if after == end))
        end, before = before, came[before]
    return labels[::-1]


Arc = tuple[int, bool]
"""Where an arc leads, and whether it counts."""

Arcs = list[list[Arc]]


def components(arcs: Arcs) -> list[int]:
    """Number the strongly connected components (Tarjan, 1972) so that arcs never lead to a higher number."""
    search = _Search(arcs)
    for root in range(len(arcs)):
        if search.order[root] == 0:
            search.visit(root)
    return search.home


class _Search:
    """Tarjan's depth-first search, without recursion."""

    def __init__(self, arcs: Arcs) -> None:
        self.arcs = arcs
        self.order, self.low, self.home = [0] * len(arcs), [0] * len(arcs), [-1] * len(arcs)
        self.stack: list[int] = []
        self.seen = self.closed = 0

    def enter(self, state: int) -> tuple[int, Iterator[Arc]]:
        self.seen += 1
        self.order[state] = self.low[state] = self.seen
        self.stack.append(state)
        return state, iter(self.arcs[state])

    def visit(self, root: int) -> None:
        path = [self.enter(root)]
        while path:
            state, ahead = path[-1]
            for after, _ in ahead:
                if self.order[after] == 0:
                    path.append(self.enter(after))
                    break
                if self.home[after] < 0:
                    self.low[state] = min(self.low[state], self.order[after])
            else:
                path.pop()
                self.leave(state, path[-1][0] if path else state)

    def leave(self, state: int, before: int) -> None:
        self.low[before] = min(self.low[before], self.low[state])
        if self.low[state] != self.order[state]:
            return
        while self.home[state] < 0:
            self.home[self.stack.pop()] = self.closed
        self.closed += 1


def most_counted(arcs: Arcs) -> list[float]:
    """From each state, the most counted arcs that any run can pass; infinite where a cycle holds one."""
    home = components(arcs)
    most: list[float] = [0.0] * (max(home, default=0) + 1)
    for state in sorted(range(len(arcs)), key=home.__getitem__):
        for after, counts in arcs[state]:
            inside = counts and home[after] == home[state]
            most[home[state]] = max(most[home[state]], inf if inside else counts + most[home[after]])
    return [most[number] for number in home]
