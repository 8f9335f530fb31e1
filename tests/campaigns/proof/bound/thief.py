"""A thief beside an honest browser with a device key: he copies its jar at any moment, as often as he likes.

He keeps every refresh token that he ever held, and the access token that lives longest. He presents any of
them, with that access token or without, at any moment; he claims that a proof was skipped; he sends proofs
again that the browser has sent; he registers a key of his own. His replies arrive at once. What he does not
have is the browser's key. The browser lives in the world of ``browser``, and does all that it does there.

What is proven here, of every reachable state:

1. Once a proof was accepted, the thief is not served an access lifetime or more after he last copied the jar
   and the key was registered, whichever came later. He then holds no access token that is good, and nothing
   that he does ends the session.
2. If a refresh without the key was decided before the first proof, the next proof ends the session: the
   browser had got the reply to its registration, so somebody else has refreshed.
3. If the browser sends a proof while the access token of its registration is good, that proof decides.
4. He registers no key of his own once the browser has registered one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from app.auth.lifecycle.binding import OVERRIDDEN, Ruling
from tests.campaigns.proof.bound.browser import Browser, Exchange, Key, Kind, State, served, tidy, without
from tests.campaigns.proof.bound.model import Answer, proof
from tests.campaigns.proof.exploration.graph import Explored, explore
from tests.campaigns.proof.exploration.model import CURRENT, OLD, Role

HIS_KEY = "the thief's key"


class Loot(NamedTuple):
    """His refresh tokens beside old ones, how long his access token is good, and how long he may be served.

    ``grace`` begins anew at each copy, and at the registration.
    """

    tokens: frozenset[Role] = frozenset()
    life: int = 0
    grace: int = 0
    has_copied: bool = False


class Scene(NamedTuple):
    """The browser's world, what the thief has, and whether a proof was accepted."""

    world: State
    loot: Loot
    proved: bool = False


@dataclass(frozen=True)
class Thief:
    """The browser's world with a thief in it."""

    browser: Browser = field(default_factory=Browser)

    @property
    def start(self) -> Scene:
        """Just signed in, and nothing is stolen."""
        return Scene(self.browser.start, Loot(life=self.browser.server.over))

    def moves(self, scene: Scene) -> Iterator[tuple[str, Scene | None]]:
        """Everything that can happen next; None where a promise is broken."""
        state, loot, proved = scene
        if _is_unbound(state):
            return
        if proved and loot.grace == 0 and loot.life > 0:
            yield "his access token is still good", None
        yield "time passes", scene._replace(world=self.browser.wait(state), loot=self.later(loot))
        yield "he copies the jar", scene._replace(loot=self.copied(state, loot))
        if len(state.flying) < self.browser.tabs:
            for exchange in self.browser.sent(state):
                yield (
                    f"sends: {exchange.kind.name}",
                    scene._replace(world=tidy(state, (*state.flying, exchange))),
                )
        for exchange in dict.fromkeys(state.flying):
            yield from self.exchanged(scene, exchange)
        for token in (*sorted(loot.tokens), OLD) if loot.has_copied else ():
            yield from self.tried(scene, token)

    def exchanged(self, scene: Scene, exchange: Exchange) -> Iterator[tuple[str, Scene | None]]:
        """What can become of one of the browser's exchanges; a refusal ends the session and the run."""
        state = scene.world
        rest = state._replace(flying=without(state.flying, exchange))
        yield "lost", scene._replace(world=rest)
        if exchange.answered:
            for jar in self.browser.received(rest.jar, exchange):
                yield f"receives: {exchange.kind.name}", scene._replace(world=rest._replace(jar=jar))
            return
        answer = self.browser.asked(state.side, exchange)
        proves = exchange.kind is Kind.PROOF and answer.is_served
        device = state.side.device
        if proves and (device is None or device.state == OVERRIDDEN):
            yield "the theft is not found", None
        after = self.browser.answered(rest, exchange, answer)
        if after is not None:
            loot, proved = self.kept(scene, answer), scene.proved or proves
            yield f"{exchange.kind.name}: {answer.ruling.name}", Scene(after, loot, proved)

    def tried(self, scene: Scene, token: Role) -> Iterator[tuple[str, Scene | None]]:
        """Everything that the thief can do with a refresh token."""
        state, loot, server = scene.world, scene.loot, self.browser.server
        nothing, skipped = server.shows(server.over), server.shows(server.over, is_skipped=True)
        for possession in dict.fromkeys((server.shows(loot.life), nothing, skipped, proof(fresh=False))):
            answer = server.refresh(state.side, token, possession)
            if scene.proved and loot.grace == 0 and answer.is_served:
                yield "he is served", None
            if scene.proved and loot.grace == 0 and answer.side is None:
                yield "he ends the session", None
            if answer.is_served and answer.ruling is Ruling.OVERRIDDEN and _proves_in_time(state):
                yield "he is faster than a browser that proves in time", None
            if answer.is_served:
                after = served(state, answer)
                richer = self.richer(scene, answer)
                yield f"he refreshes: {answer.ruling.name}", Scene(tidy(after), richer, scene.proved)
        is_registered = state.side.device is not None and loot.life > 0
        if is_registered and server.register(state.side, loot.life, HIS_KEY).is_served:
            yield "he registers a key", None

    def copied(self, state: State, loot: Loot) -> Loot:
        """What he has after a copy."""
        tokens = loot.tokens | ({state.jar.token} - {OLD})
        return Loot(tokens, max(loot.life, state.jar.life), self.browser.server.access, True)

    def richer(self, scene: Scene, answer: Answer) -> Loot:
        """What he has after he was served."""
        loot = self.kept(scene, answer)
        return loot._replace(tokens=loot.tokens | {CURRENT}, life=max(loot.life, answer.life or 0))

    def kept(self, scene: Scene, answer: Answer) -> Loot:
        """What his tokens are after an answer to somebody; a registration begins his time anew."""
        loot, names, before = scene.loot, answer.renamed, scene.world.side.device
        tokens = loot.tokens if names is None else frozenset(names[token] for token in loot.tokens) - {OLD}
        is_registration = answer.side is not None and answer.side.device is not None and before is None
        grace = self.browser.server.access if is_registration and loot.has_copied else loot.grace
        return Loot(tokens, loot.life, grace, loot.has_copied)

    def later(self, loot: Loot) -> Loot:
        """What he has a tick later."""
        return loot._replace(life=self.browser.later(loot.life), grace=max(0, loot.grace - 1))


def prove_thief(world: Thief) -> Explored:
    """Explore from sign-in to exhaustion."""
    return explore([world.start], world.moves)


def _is_unbound(state: State) -> bool:
    """Whether this session will never be bound: what follows is the world of ``exploration.theft``."""
    device, jar = state.side.device, state.jar
    comes = any(one.kind is Kind.REGISTRATION and one.answered for one in state.flying)
    if jar.key is Key.BOUND or (comes and jar.key is Key.UNKNOWN):
        return False
    return state.side.young == 0 if device is None else device.state == OVERRIDDEN


def _proves_in_time(state: State) -> bool:
    """Whether the browser has a good first access token, or has sent a proof while it had one."""
    has_one = state.jar.key is Key.BOUND and state.jar.life > 0
    gets_one = any(one.kind is Kind.REGISTRATION and one.answered and one.life > 0 for one in state.flying)
    sent = (one for one in state.flying if one.kind is Kind.PROOF and not one.answered)
    return has_one or gets_one or any(one.life + one.age > 0 for one in sent)
