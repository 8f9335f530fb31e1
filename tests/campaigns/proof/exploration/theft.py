"""A thief beside an honest browser: he has copied its jar, at any moment, as often as he likes.

The thief is as strong as can be: he keeps every token he ever held, presents any of them at any moment, and
his replies always arrive at once. The victim's tabs live in the world of ``honest``.

Words. A *use* is a token presented and answered with a token. A party is *served* when it receives one: the
thief at his use, the victim when the reply to a use later than the thief's last one arrives. A use is *near*
when the other party's last use was less than one leeway ago. A *hand-over* is a party served where the other
one was served before.

What is proven here. Take any reachable state and let, from there on, no use be near and no token be stolen
anew. Then no cycle of the state graph holds a hand-over: there is no infinite run in which both keep getting
tokens. From a state in which the thief was the last to use the session, the longest run holds ``hand_overs``
of them: what follows is a refusal, and a refusal, whoever meets it, ends the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import NamedTuple

from tests.campaigns.proof.exploration.graph import Arcs, most_counted
from tests.campaigns.proof.exploration.honest import START, Exchange, State, World
from tests.campaigns.proof.exploration.model import CURRENT, OLD, Answer, Role

VICTIM, THIEF = False, True


class Scene(NamedTuple):
    """The victim's world, the tokens the thief holds, who used the session last and who was served last.

    The world carries one mark: the clock since the last use by anyone.
    """

    world: State
    held: frozenset[Role]
    user: bool
    served: bool


class Step(NamedTuple):
    """One move; ``after`` is None where the session has ended."""

    after: Scene | None
    near: bool = False
    theft: bool = False
    hand_over: bool = False


OPENING = Scene(START._replace(marks=(0,)), frozenset(), VICTIM, VICTIM)


class Lingers(Exception):
    """A refusal that left the session alive."""


@dataclass(frozen=True)
class Theft:
    """What was found; ``rides_near`` is whether both can go on for ever where uses may be near."""

    states: int
    hand_overs: float
    rides_near: bool
    lingers: bool = False

    @property
    def rides(self) -> bool:
        """Whether thief and victim can both go on for ever with every use at least a leeway apart."""
        return self.hand_overs == inf


def steps(world: World, scene: Scene) -> Iterator[Step]:
    """Everything that can happen next."""
    state = scene.world
    later = world.wait(state)
    if later is not None:
        yield Step(scene._replace(world=later))
    if len(state.flying) < world.tabs:
        yield Step(scene._replace(world=world.send(state)))
    for exchange in dict.fromkeys(state.flying):
        yield from _exchanged(world, scene, exchange)
    for role, split in product(sorted(scene.held), world.server.splits(state.seen)):
        yield _stolen_use(world, scene, role, split)
    yield Step(scene._replace(held=scene.held | {state.jar}), theft=True)


def _exchanged(world: World, scene: Scene, exchange: Exchange) -> Iterator[Step]:
    """What can become of one of the victim's exchanges."""
    state = scene.world
    yield Step(scene._replace(world=world.end(state, exchange, state.jar)))
    if exchange[1]:
        received = world.end(state, exchange, exchange[2])
        lately = scene.user is VICTIM
        after = scene._replace(world=received, served=scene.served and not lately)
        yield Step(after, hand_over=scene.served and lately)
    else:
        for split in world.server.splits(scene.world.seen):
            yield _victim_use(world, scene, exchange, split)


def _victim_use(world: World, scene: Scene, exchange: Exchange, split: int) -> Step:
    answer = world.server.answer(scene.world.seen, exchange[2], split=split)
    if _ends(answer):
        return Step(None)
    replied = world.reply(scene.world, exchange, answer)
    return Step(Scene(replied, _kept(scene, answer), VICTIM, scene.served), _is_near(world, scene, VICTIM))


def _stolen_use(world: World, scene: Scene, role: Role, split: int) -> Step:
    answer = world.server.answer(scene.world.seen, role, split=split)
    if _ends(answer):
        return Step(None)
    moved = world.used(scene.world, answer)
    after = Scene(moved, _kept(scene, answer) | {CURRENT}, THIEF, THIEF)
    return Step(after, _is_near(world, scene, THIEF), hand_over=scene.served is VICTIM)


def _kept(scene: Scene, answer: Answer) -> frozenset[Role]:
    """What the thief's tokens are after ``answer``; an old one is worth nothing to him."""
    return frozenset(answer.renamed[role] for role in scene.held) - {OLD}


def _is_near(world: World, scene: Scene, user: bool) -> bool:
    return user is not scene.user and scene.world.marks[0] < world.server.cap


def _ends(answer: Answer) -> bool:
    """Whether the use was refused and the session is gone."""
    if not answer.served and answer.session is not None:
        raise Lingers
    return not answer.served


def explore_theft(world: World) -> Theft:
    """Explore a world with a thief from sign-in to exhaustion."""
    try:
        scenes, unaided, unstolen = _graph(world)
    except Lingers:
        return Theft(0, inf, True, lingers=True)
    most = most_counted(unaided)
    after_theft = (count for count, scene in zip(most, scenes, strict=True) if scene.user is THIEF)
    return Theft(len(scenes), max(after_theft, default=0), max(most_counted(unstolen)) == inf)


def _graph(world: World) -> tuple[list[Scene], Arcs, Arcs]:
    """All scenes; the arcs that are neither near nor thefts; the arcs that are no thefts."""
    index, scenes = {OPENING: 0}, [OPENING]
    unaided: Arcs = []
    unstolen: Arcs = []
    for scene in scenes:
        ahead = [step for step in steps(world, scene) if step.after]
        for step in ahead:
            if step.after and step.after not in index:
                index[step.after] = len(scenes)
                scenes.append(step.after)
        arcs = [(index[step.after], step) for step in ahead if step.after]
        unaided.append([(to, step.hand_over) for to, step in arcs if not (step.near or step.theft)])
        unstolen.append([(to, step.hand_over) for to, step in arcs if not step.theft])
    return scenes, unaided, unstolen
