"""What a thief who polls has to know of the owner to stay.

The thief plays as well as anybody can. At each tick he presents one of the tokens he was ever handed, or
none, and he may choose by everything that he was answered so far. The owner renews at least ``soonest`` and
at most ``latest`` ticks after the last time; when in between, the thief does not know, nor whether before or
after his own use in the same tick. Replies arrive at once.

What he does not see makes worlds that look alike to him. A *belief* is the set of them (a game of imperfect
information, by the subset construction of Reif, *The complexity of two-player games of incomplete
information*, 1984). A use after which he could be refused, or the owner could be, in any of them loses: an
owner who draws the moments at random hits upon that world sooner or later. The thief *stays* where he can go
on for ever without such a use. He has to use the session, though: at least once in ``PATIENCE`` times
``latest``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.campaigns.proof.exploration.model import CURRENT, OLD, Answer, Decide, Role, Seen, Server, alike

PATIENCE = 3
"""How long the thief may keep still, in renewals of the owner: after so many his tokens are old."""

UNSEEN = -1
"""What the thief holds of a token that he was not handed before."""


class Possible(NamedTuple):
    """A world as it may be: session, owner's token, ticks since the owner renewed, the thief's tokens."""

    seen: Seen
    jar: Role
    since: int
    held: tuple[Role, ...]


class Belief(NamedTuple):
    """The worlds that the thief cannot tell apart, and for how long he has kept still."""

    worlds: frozenset[Possible]
    still: int


class Sight(NamedTuple):
    """What the thief sees in a tick: which token he was handed, and the renewal where he sees that."""

    handed: int | None
    renewed: bool


class Refused(Exception):
    """Somebody was refused: the session has ended."""


@dataclass(frozen=True)
class Game:
    """The server, when the owner renews (ticks), and what the thief knows of that."""

    server: Server
    soonest: int
    latest: int
    sees_renewals: bool = False
    saw_the_last: bool = False

    def opening(self) -> Belief:
        """The thief has just copied the jar; the owner renewed a while ago, and current was new then."""
        known = (0,) if self.saw_the_last or self.sees_renewals else range(self.latest + 1)
        ages = ((since, min(since, self.server.cap)) for since in known)
        worlds = (Possible(alike(parent=True, age=age), CURRENT, since, (CURRENT,)) for since, age in ages)
        return Belief(frozenset(worlds), 0)

    def choices(self, belief: Belief) -> Iterator[list[Belief]]:
        """For each of the thief's choices that is safe, what he may believe afterwards."""
        held = len(next(iter(belief.worlds)).held)
        silent = belief.still < PATIENCE * self.latest
        for token in (*([None] if silent else []), *range(held)):
            try:
                yield self._after(belief, token)
            except Refused:
                continue

    def _after(self, belief: Belief, token: int | None) -> list[Belief]:
        looks: dict[Sight, set[Possible]] = defaultdict(set)
        for world in belief.worlds:
            for sight, after in self._tick(world, token):
                looks[sight].add(after)
        still = belief.still + 1 if token is None else 0
        return [Belief(_worth_keeping(worlds), still) for worlds in looks.values()]

    def _tick(self, world: Possible, token: int | None) -> Iterator[tuple[Sight, Possible]]:
        """A tick passes, the thief does what he has chosen, and the owner renews before, after or not."""
        later = self._later(world)
        if later.since < self.latest:
            used, handed = self._use(later, token)
            yield Sight(handed, renewed=False), used
        if later.since >= self.soonest:
            used, handed = self._use(self._renew(later), token)
            yield Sight(handed, renewed=self.sees_renewals), used
            used, handed = self._use(later, token)
            yield Sight(handed, renewed=self.sees_renewals), self._renew(used)

    def _later(self, world: Possible) -> Possible:
        ages = tuple(min(age + 1, self.server.cap) for age in world.seen.ages)
        return world._replace(seen=world.seen._replace(ages=ages), since=world.since + 1)

    def _renew(self, world: Possible) -> Possible:
        answer = self._answer(world, world.jar)
        return _moved(world, answer)._replace(jar=CURRENT, since=0)

    def _use(self, world: Possible, token: int | None) -> tuple[Possible, int | None]:
        """The thief's use, and which of his tokens he is handed."""
        if token is None:
            return world, None
        used = _moved(world, self._answer(world, world.held[token]))
        if CURRENT in used.held:
            return used, used.held.index(CURRENT)
        return used._replace(held=(*used.held, CURRENT)), UNSEEN

    def _answer(self, world: Possible, role: Role) -> Answer:
        answer = self.server.answer(world.seen, role)
        if not answer.served:
            raise Refused
        return answer


def _moved(world: Possible, answer: Answer) -> Possible:
    """The world after an answer: tokens are now something else to the session."""
    assert answer.session is not None
    held = tuple(answer.renamed[role] for role in world.held)
    return world._replace(seen=answer.session, jar=answer.renamed[world.jar], held=held)


def _worth_keeping(worlds: set[Possible]) -> frozenset[Possible]:
    """The worlds without tokens that are old in all of them."""
    tokens = zip(*(world.held for world in worlds), strict=True)
    kept = [index for index, roles in enumerate(tokens) if set(roles) != {OLD}] or [0]
    return frozenset(world._replace(held=tuple(world.held[index] for index in kept)) for world in worlds)


GAMES = {
    f"{knows}, {leeway} {soonest} {latest}": (knows, leeway, soonest, latest)
    for knows, leeway, soonest, latest in (
        ("the shortest and the longest pause", 2, 3, 7),
        ("the shortest and the longest pause", 2, 3, 8),
        ("the shortest and the longest pause", 3, 4, 11),
        ("the shortest and the longest pause", 3, 4, 12),
        ("the shortest and the longest pause", 3, 6, 13),
        ("the shortest and the longest pause", 3, 6, 14),
        ("these, and when the owner renewed last", 3, 4, 11),
        ("these, and when the owner renewed last", 3, 4, 12),
        ("every renewal when it happens", 3, 4, 12),
    )
}
"""What the thief knows, the leeway, and the shortest and longest pause of the owner, in ticks."""


def row(decide: Decide, game: tuple[str, int, int, int]) -> tuple[str, ...]:
    """Play a game, and say what there was to see."""
    knows, leeway, soonest, latest = game
    server = Server(decide, leeway)
    saw_the_last, sees_renewals = "renewed last" in knows, "every" in knows
    played = play(Game(server, soonest, latest, sees_renewals, saw_the_last))
    pauses = f"{soonest} to {latest}"
    return knows, str(leeway), pauses, f"{played.beliefs:,}", "stays" if played.stays else "found"


class Played(NamedTuple):
    """How many beliefs the thief can come to, and whether he can go on for ever."""

    beliefs: int
    stays: bool


Graph = dict[Belief, list[list[Belief]]]
"""Every belief that the thief can come to by safe choices, and where each of these may lead."""


def play(game: Game) -> Played:
    """Solve the game: strike out beliefs without a safe choice until nothing changes."""
    opening = game.opening()
    graph = _graph(game, opening)
    return Played(len(graph), opening not in _lost(graph))


def _graph(game: Game, opening: Belief) -> Graph:
    graph: Graph = {opening: []}
    queue = [opening]
    for belief in queue:
        graph[belief] = list(game.choices(belief))
        new = dict.fromkeys(after for choice in graph[belief] for after in choice if after not in graph)
        graph |= {after: [] for after in new}
        queue += new
    return graph


def _lost(graph: Graph) -> set[Belief]:
    """The beliefs in which every choice may lead to a refusal, sooner or later."""
    safe = {belief: set(range(len(choices))) for belief, choices in graph.items()}
    came: dict[Belief, list[tuple[Belief, int]]] = defaultdict(list)
    for belief, choices in graph.items():
        for number, after in ((number, after) for number, each in enumerate(choices) for after in each):
            came[after].append((belief, number))
    falling = [belief for belief, choices in safe.items() if not choices]
    lost = set(falling)
    for fallen in falling:
        for belief, number in came[fallen]:
            safe[belief].discard(number)
            if not safe[belief] and belief not in lost:
                lost.add(belief)
                falling.append(belief)
    return lost
