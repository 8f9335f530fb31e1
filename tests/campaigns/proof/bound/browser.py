"""An honest browser with a device key: it registers, proves and refreshes, on a network that loses messages.

What is proven here. From sign-in on, in every reachable state, a browser is never refused: a request without
a proof is answered with a token, or is told to wait; a proof of a fresh challenge is answered with a token; a
proof of a used one gets a fresh one. A run is any sequence of

- the browser registers its key, again and again until it knows the answer, or never;
- it refreshes with what the jar holds. Where it knows that it is bound and the access cookie has run out, it
  sends only that it could not prove (``Secure-Session-Skipped``);
- it proves its key at any moment, where it knows that it is bound;
- it gets the answer to its registration and can make nothing of it;
- requests and replies are lost, delayed and reordered, as in ``exploration.honest``; time passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from app.auth.lifecycle.binding import Possession, Ruling
from tests.campaigns.proof.bound.model import Answer, BoundServer, Side, proof
from tests.campaigns.proof.exploration.graph import Explored, explore
from tests.campaigns.proof.exploration.model import CURRENT, OLD, SIGNED_IN, Role


class Key(IntEnum):
    """What the browser knows of its registration."""

    UNKNOWN = 0
    BOUND = 1
    GIVEN_UP = 2


class Kind(IntEnum):
    """What an exchange is."""

    REFRESH = 0
    PROOF = 1
    REGISTRATION = 2
    CHALLENGE = 3
    """The reply to a proof of a used challenge: it only brings another one."""


class Jar(NamedTuple):
    """The refresh token, how long the access cookie is good, and whether the browser drops it after that.

    ``is_fresh`` says whether the browser has a challenge that was not used.
    """

    token: Role
    life: int
    drops: bool
    key: Key
    is_fresh: bool


class Exchange(NamedTuple):
    """An exchange under way: what it carries to the server, or back.

    ``life`` is how long its access token is good. ``is_fresh`` says that the challenge which it answers, or
    brings, was not used. ``flag`` says of a request that the browser could not prove, of a reply that its
    access cookie is dropped when it has run out.
    """

    kind: Kind
    age: int
    answered: bool
    token: Role
    life: int
    flag: bool = False
    is_fresh: bool = False


class State(NamedTuple):
    """The server's side, the jar, and the exchanges under way."""

    side: Side
    jar: Jar
    flying: tuple[Exchange, ...] = ()


@dataclass(frozen=True)
class Browser:
    """How many exchanges at once, and how many ticks one may take."""

    server: BoundServer = field(default_factory=BoundServer)
    tabs: int = 2
    exchange: int = 1

    @property
    def start(self) -> State:
        """Just signed in."""
        server = self.server
        side = Side(SIGNED_IN, None, server.registration)
        return State(side, Jar(CURRENT, server.access, False, Key.UNKNOWN, False))

    def moves(self, state: State) -> Iterator[tuple[str, State | None]]:
        """Everything that can happen next; None where an honest browser is refused."""
        yield "time passes", self.wait(state)
        if len(state.flying) < self.tabs:
            for exchange in self.sent(state):
                yield f"sends: {exchange.kind.name}", tidy(state, (*state.flying, exchange))
        for exchange in dict.fromkeys(state.flying):
            rest = state._replace(flying=without(state.flying, exchange))
            yield "lost", rest
            if exchange.answered:
                for jar in self.received(rest.jar, exchange):
                    yield f"receives: {exchange.kind.name}", rest._replace(jar=jar)
            else:
                answer = self.asked(state.side, exchange)
                yield f"{exchange.kind.name}: {answer.ruling.name}", self.answered(rest, exchange, answer)

    def sent(self, state: State) -> Iterator[Exchange]:
        """What the browser may send."""
        jar = state.jar
        is_skipped = jar.key is Key.BOUND and jar.life <= 0
        yield Exchange(Kind.REFRESH, 0, False, jar.token, jar.life, is_skipped)
        if jar.key is Key.BOUND:
            yield Exchange(Kind.PROOF, 0, False, jar.token, jar.life, is_fresh=jar.is_fresh)
        if jar.key is Key.UNKNOWN and jar.life > 0 and state.side.young > 0:
            yield Exchange(Kind.REGISTRATION, 0, False, OLD, jar.life)

    def asked(self, side: Side, exchange: Exchange) -> Answer:
        """What the server says to a request."""
        if exchange.kind is Kind.REGISTRATION:
            return self.server.register(side, exchange.life)
        if exchange.kind is Kind.PROOF:
            return self.server.refresh(side, exchange.token, proof(fresh=exchange.is_fresh))
        return self.server.refresh(side, exchange.token, self.shown(exchange))

    def shown(self, exchange: Exchange) -> Possession:
        """What a refresh shows beside its refresh token."""
        return self.server.shows(exchange.life, is_skipped=exchange.flag)

    def answered(self, rest: State, exchange: Exchange, answer: Answer) -> State | None:
        """What an answer leaves; None where an honest browser was refused."""
        if answer.side is None:
            return None
        if answer.is_served:
            after = served(rest, answer)
            return tidy(after, (*after.flying, self.reply(exchange, answer)))
        if exchange.kind is Kind.REGISTRATION:
            return rest  # refused, and the session goes on
        if exchange.kind is Kind.PROOF:
            back = exchange._replace(kind=Kind.CHALLENGE, answered=True, token=OLD, is_fresh=True)
            return tidy(rest, (*rest.flying, back)) if answer.ruling is Ruling.USED else None
        return rest if answer.ruling is Ruling.LATER else None

    def reply(self, exchange: Exchange, answer: Answer) -> Exchange:
        """The reply that carries tokens: by a proof or a registration the access cookie is a bound one."""
        is_bound = exchange.kind is not Kind.REFRESH
        life = answer.life if answer.sets and answer.life is not None else self.server.over
        token = OLD if exchange.kind is Kind.REGISTRATION else CURRENT
        return Exchange(exchange.kind, exchange.age, True, token, life, is_bound, is_bound)

    def received(self, jar: Jar, reply: Exchange) -> Iterator[Jar]:
        """What the jar may hold after a reply."""
        if reply.life > self.server.over:
            jar = self.kept(jar._replace(life=reply.life, drops=reply.flag))
        if reply.kind in (Kind.REFRESH, Kind.PROOF):
            jar = jar._replace(token=reply.token)
        if reply.kind in (Kind.PROOF, Kind.CHALLENGE):
            jar = jar._replace(is_fresh=reply.is_fresh)
        if reply.kind is Kind.REGISTRATION and jar.key is Key.UNKNOWN:
            yield jar._replace(key=Key.BOUND, is_fresh=reply.is_fresh)
            jar = jar._replace(key=Key.GIVEN_UP)
        yield jar

    def kept(self, jar: Jar) -> Jar:
        """The jar without a bound cookie that has run out."""
        return jar._replace(life=self.server.over, drops=False) if jar.drops and jar.life <= 0 else jar

    def wait(self, state: State) -> State:
        """A tick passes; what is older than an exchange may be is lost."""
        side, jar, flying = state
        cap = self.server.leeway
        seen = side.seen._replace(ages=tuple(min(cap, age + 1) for age in side.seen.ages))
        device = side.device and side.device._replace(pending=max(0, side.device.pending - 1))
        jar = self.kept(jar._replace(life=self.later(jar.life)))
        alive = tuple(
            one._replace(age=one.age + 1, life=self.later(one.life))
            for one in flying
            if one.age < self.exchange
        )
        return tidy(State(Side(seen, device, max(0, side.young - 1)), jar, alive))

    def later(self, life: int) -> int:
        """How long that is good a tick later."""
        return max(self.server.over, life - 1)


def renamed(state: State, answer: Answer) -> tuple[Exchange, ...]:
    """The exchanges under way after somebody was served; after a proof their challenges were used."""
    names, is_proof = answer.renamed, answer.ruling is Ruling.PROVED
    return tuple(
        one._replace(
            token=one.token if names is None else names[one.token],
            is_fresh=one.is_fresh and not is_proof,
        )
        for one in state.flying
    )


def served(state: State, answer: Answer) -> State:
    """The state after somebody was served, without the reply."""
    assert answer.side is not None
    jar, names, is_proof = state.jar, answer.renamed, answer.ruling is Ruling.PROVED
    token = jar.token if names is None else names[jar.token]
    after = jar._replace(token=token, is_fresh=jar.is_fresh and not is_proof)
    return State(answer.side, after, renamed(state, answer))


def prove_browser(world: Browser) -> Explored:
    """Explore from sign-in to exhaustion."""
    return explore([world.start], world.moves)


def tidy(state: State, flying: tuple[Exchange, ...] | None = None) -> State:
    """The state by its canonical name."""
    return state._replace(flying=tuple(sorted(state.flying if flying is None else flying)))


def without(flying: tuple[Exchange, ...], exchange: Exchange) -> tuple[Exchange, ...]:
    """The others."""
    index = flying.index(exchange)
    return flying[:index] + flying[index + 1 :]
