"""Honest browsers: tabs that share one cookie jar, on a network that loses, delays and reorders.

What is proven here. From sign-in on, in every reachable state, whatever token a tab presents is answered with
a token: no run contains a refusal. A run is any sequence of

- a tab sends what the jar holds (a reload, a timer, a page: whenever it likes);
- the server answers a request under way, once, atomically (a compare-and-swap that loses decides again);
- a reply under way arrives and overwrites the jar, whatever the jar held, in any order;
- a request or a reply is lost, a worker dies after its commit, a tab gives up: the exchange is gone;
- time passes, but an exchange lives no longer than ``exchange`` ticks: by then it has ended or is given up.

There is no bound on the length of a run or on the number of refreshes. ``tabs`` is the number of exchanges
under way at once: a tab that retries early, or a proxy that sends a request twice, counts as one more. Tabs
are alike, so a state keeps their exchanges sorted. A sign-out from another tab needs no state: it drops the
session, after which the rule knows no token and nothing that follows is a false refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from tests.campaigns.proof.exploration.clocks import Clockwork, elapse, settle
from tests.campaigns.proof.exploration.graph import Explored, explore
from tests.campaigns.proof.exploration.model import (
    CURRENT,
    ROLES,
    SIGNED_IN,
    Ages,
    Answer,
    Role,
    Seen,
    Server,
)

Exchange = tuple[int, bool, Role]
"""One exchange under way: its age, whether the server has answered, the token it carries."""

Flying = tuple[Exchange, ...]
Marks = tuple[int, ...]


class State(NamedTuple):
    """The session, the token in the jar, the exchanges under way, and clocks that somebody else reads."""

    seen: Seen
    jar: Role
    flying: Flying
    marks: Marks = ()


START = State(SIGNED_IN, CURRENT, ())

SENDS, LOSES, ARRIVES = (
    tuple(f"{what} {role}" for role in ROLES) for what in ("a tab sends", "lost:", "the jar receives")
)


@dataclass(frozen=True)
class World:
    """How many tabs, how long an exchange may live (ticks), whether anything is lost, the server's clocks.

    ``skews`` are what the clocks of the server's nodes read beyond true time. With ``stale`` a node may read
    its clock at any moment between a request's sending and its answer, as when the row is written late.
    """

    server: Server
    tabs: int
    exchange: int
    lossy: bool = True
    skews: tuple[float, ...] = (0,)
    stale: bool = False

    def moves(self, state: State) -> Iterator[tuple[str, State | None]]:
        """Everything that can happen next; None where an honest tab is refused."""
        later = self.wait(state)
        if later is not None:
            yield "time passes", later
        if len(state.flying) < self.tabs:
            yield SENDS[state.jar], self.send(state)
        for exchange in dict.fromkeys(state.flying):
            if self.lossy:
                yield LOSES[exchange[2]], self.end(state, exchange, state.jar)
            if exchange[1]:
                yield ARRIVES[exchange[2]], self.end(state, exchange, exchange[2])
            else:
                yield from self.served(state, exchange)

    def served(self, state: State, exchange: Exchange) -> Iterator[tuple[str, State | None]]:
        """The server answers a request, by each clock it may have read."""
        for skew, split in product(self.readings(exchange), self.server.splits(state.seen)):
            answer = self.server.answer(state.seen, exchange[2], skew, split)
            label = f"the server is shown {ROLES[exchange[2]]}: {answer.verdict.value}"
            yield label, self.reply(state, exchange, answer) if answer.served else None

    def readings(self, exchange: Exchange) -> tuple[float, ...]:
        """What the server's clock may read beyond true time."""
        if self.stale:
            return tuple(-back / self.server.grain for back in range(exchange[0] + 1))
        return self.skews

    def wait(self, state: State) -> State | None:
        """Time passes; what is older than an exchange may be is lost. None where nothing may be lost."""
        seen, jar, flying, marks = state
        ages, marks, flying = self.at(elapse, seen.ages, marks, flying)
        limit = self.exchange * self.server.grain
        alive = tuple(exchange for exchange in flying if exchange[0] <= limit)
        if len(alive) < len(flying) and not self.lossy:
            return None
        return self.tidy(Seen(seen.parent, seen.extra, ages), jar, alive, marks)

    def send(self, state: State) -> State:
        """A tab sends what the jar holds."""
        seen, jar, flying, marks = state
        return self.tidy(seen, jar, (*flying, (0, False, jar)), marks)

    def end(self, state: State, exchange: Exchange, jar: Role) -> State:
        """An exchange is over and the jar holds ``jar``."""
        return self.tidy(state.seen, jar, _without(state.flying, exchange), state.marks)

    def reply(self, state: State, exchange: Exchange, answer: Answer) -> State:
        """A request has been answered; its reply, which carries the current token, is under way."""
        rest = _without(state.flying, exchange)
        return self.after(state, (*_renamed(rest, answer), (exchange[0], True, CURRENT)), answer, state.marks)

    def used(self, state: State, answer: Answer) -> State:
        """Somebody else has been answered."""
        return self.after(state, _renamed(state.flying, answer), answer, state.marks)

    def after(self, state: State, flying: Flying, answer: Answer, marks: Marks) -> State:
        """The session that an answer leaves; marks that count from the last use start anew."""
        assert answer.session is not None
        return self.tidy(answer.session, answer.renamed[state.jar], flying, (0,) * len(marks))

    def tidy(self, seen: Seen, jar: Role, flying: Flying, marks: Marks) -> State:
        """The state by its canonical name."""
        if self.server.grain > 1:
            ages, marks, flying = self.at(settle, seen.ages, marks, flying)
            seen = Seen(seen.parent, seen.extra, ages)
        return State(seen, jar, tuple(sorted(flying)) if len(flying) > 1 else flying, marks)

    def at(self, move: Clockwork, ages: Ages, marks: Marks, flying: Flying) -> tuple[Ages, Marks, Flying]:
        """All clocks, moved."""
        clocks = [*ages, *marks, *[exchange[0] for exchange in flying]]
        moved = move(clocks, self.server.grain, self.server.cap)
        first, second = len(ages), len(ages) + len(marks)
        lives = zip(moved[second:], flying, strict=True)
        aged = [(each, answered, role) for each, (_, answered, role) in lives]
        return tuple(moved[:first]), tuple(moved[first:second]), tuple(aged)


def _without(flying: Flying, exchange: Exchange) -> Flying:
    index = flying.index(exchange)
    return flying[:index] + flying[index + 1 :]


def _renamed(flying: Flying, answer: Answer) -> Flying:
    """The exchanges by what their tokens are after ``answer``."""
    names = answer.renamed
    return tuple([(age, answered, names[role]) for age, answered, role in flying])


def prove(world: World) -> Explored:
    """Explore a world from sign-in to exhaustion."""
    return explore([START], world.moves)
