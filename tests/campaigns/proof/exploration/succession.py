"""A sign-in over a session: late replies of the former session never take the new one away.

The browser has just signed in over a session, so its jar holds the token of the new one, and a spare of it.
Replies of the former session are under way: each that arrives puts an ended token into the jar, and leaves
the spare. Requests of the new session come and go as in ``honest``: they are lost, delayed and reordered.

What is proven here. Whatever the browser presents is answered with a token of the new session, where a late
reply arrives less than one leeway after the sign-in and the exchanges of the new session are as short as the
bound demands. Without the spare the explorer shows how the session is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.campaigns.proof.exploration.graph import Explored, explore
from tests.campaigns.proof.exploration.model import CURRENT, SIGNED_IN, Answer, Role, Seen, Server

ENDED = -1
"""A token of the former session."""

NONE = -2
"""No spare."""


class Jar(NamedTuple):
    """What the refresh cookie holds, and the spare."""

    token: Role
    spare: Role


class Exchange(NamedTuple):
    """A request of the new session: its age, what it presents, and once answered what the jar receives.

    A reply that says nothing of the spare leaves the one that is there: ``spare`` of it is ENDED.
    """

    age: int
    sent: Jar
    reply: Jar | None = None


class State(NamedTuple):
    """The new session, its age, the jar, its exchanges, and the ages of the former session's replies."""

    seen: Seen
    age: int
    jar: Jar
    flying: tuple[Exchange, ...]
    late: tuple[int, ...]


@dataclass(frozen=True)
class Succession:
    """How many requests at once and how long they may live, how many late replies, all in ticks.

    A late reply lives until the new session is as old as the leeway, and ``overdue`` ticks longer.
    """

    server: Server
    tabs: int
    late: int
    exchange: int
    has_spare: bool = True
    overdue: int = 0

    @property
    def start(self) -> State:
        """Just signed in."""
        return State(SIGNED_IN, 0, Jar(CURRENT, CURRENT if self.has_spare else NONE), (), (0,) * self.late)

    def moves(self, state: State) -> Iterator[tuple[str, State | None]]:
        """Everything that can happen next; None where the browser is refused."""
        yield "time passes", self.wait(state)
        if len(state.flying) < self.tabs:
            flying = (*state.flying, Exchange(0, state.jar))
            yield "a tab sends", _tidy(state._replace(flying=flying))
        for age in dict.fromkeys(state.late):
            rest = _without(state.late, age)
            jar = state.jar._replace(token=ENDED)
            yield "a late reply arrives", _tidy(state._replace(jar=jar, late=rest))
        for exchange in dict.fromkeys(state.flying):
            yield from self.ends(state, exchange)

    def ends(self, state: State, exchange: Exchange) -> Iterator[tuple[str, State | None]]:
        """An exchange is lost, is answered, or its reply arrives."""
        rest = state._replace(flying=_without(state.flying, exchange))
        yield "lost", _tidy(rest)
        if exchange.reply is None:
            yield "the server answers", self.answered(rest, exchange)
        else:
            token, spare = exchange.reply
            jar = Jar(token, state.jar.spare if spare == ENDED else spare)
            yield "the jar receives", _tidy(rest._replace(jar=jar))

    def answered(self, state: State, exchange: Exchange) -> State | None:
        """The first token that is honoured counts, and the spare is set anew within one leeway."""
        for role in exchange.sent:
            if role < 0:
                continue
            answer = self.server.answer(state.seen, role)
            if answer.session is None or not answer.served:
                continue
            young = CURRENT if state.age < self.server.leeway else NONE
            reply = Jar(CURRENT, ENDED if exchange.sent.spare == NONE else young)
            flying = tuple(_renamed(each, answer) for each in state.flying)
            return _tidy(
                State(
                    answer.session,
                    state.age,
                    _renamed_jar(state.jar, answer),
                    (*flying, Exchange(exchange.age, exchange.sent, reply)),
                    state.late,
                )
            )
        return None

    def wait(self, state: State) -> State:
        """A tick passes; what is older than an exchange may be is lost."""
        cap = self.server.cap
        seen = state.seen._replace(ages=tuple(min(cap, age + 1) for age in state.seen.ages))
        flying = tuple(each._replace(age=each.age + 1) for each in state.flying if each.age < self.exchange)
        late = tuple(age + 1 for age in state.late if age + 1 < self.server.leeway + self.overdue)
        return _tidy(State(seen, min(cap, state.age + 1), state.jar, flying, late))


def prove_succession(world: Succession) -> Explored:
    """Explore from the sign-in to exhaustion."""
    return explore([world.start], world.moves)


def _tidy(state: State) -> State:
    """The state by its canonical name: what an answered request has presented is of no account."""
    flying = [each._replace(sent=Jar(NONE, NONE)) if each.reply else each for each in state.flying]
    ordered = sorted(flying, key=lambda each: (each.age, each.sent, each.reply or Jar(NONE, NONE)))
    return state._replace(flying=tuple(ordered), late=tuple(sorted(state.late)))


def _renamed(exchange: Exchange, answer: Answer) -> Exchange:
    reply = exchange.reply and _renamed_jar(exchange.reply, answer)
    return exchange._replace(sent=_renamed_jar(exchange.sent, answer), reply=reply)


def _renamed_jar(jar: Jar, answer: Answer) -> Jar:
    token, spare = (role if role < 0 else answer.renamed[role] for role in jar)
    return Jar(token, spare)


def _without(items: tuple[object, ...], item: object) -> tuple:  # type: ignore[type-arg]
    index = items.index(item)
    return items[:index] + items[index + 1 :]
