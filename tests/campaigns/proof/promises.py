"""The promises, each as a question that the explorer answers for any rule.

The worlds here are the smallest in which every rule and every fault shows what it is; the larger ones, which
only our rule reaches, are in :mod:`tests.campaigns.proof.worlds`. Leeways and exchanges are in ticks. An
exchange may live as long as the bound allows: a third of the leeway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from app.auth.lifecycle.rotation import Verdict
from tests.campaigns.proof.exploration.blind import Game, play
from tests.campaigns.proof.exploration.graph import Explored
from tests.campaigns.proof.exploration.honest import World, prove
from tests.campaigns.proof.exploration.model import (
    CURRENT,
    OLD,
    PARENT,
    Ages,
    Answer,
    Decide,
    Role,
    Seen,
    Server,
    alike,
)
from tests.campaigns.proof.exploration.nodes import JUMP, prove_wrong_clock
from tests.campaigns.proof.exploration.theft import explore_theft

HAND_OVERS = 2
"""How often a session may change hands after a thief's use before it ends."""


@dataclass(frozen=True)
class Finding:
    """Whether a promise is kept, and what the explorer saw."""

    kept: bool
    saw: str


def _seen(explored: Explored) -> Finding:
    steps = len(explored.trace or ())
    return Finding(explored.holds, "" if explored.holds else f"refused in {steps} steps")


def one_tab(decide: Decide) -> Finding:
    """One tab at a time; requests and replies get lost."""
    return _seen(prove(World(Server(decide, 12), tabs=1, exchange=4)))


def two_tabs_at_once(decide: Decide) -> Finding:
    """Two tabs; nothing is lost, but replies overtake one another."""
    return _seen(prove(World(Server(decide, 12), tabs=2, exchange=4, lossy=False)))


def two_tabs(decide: Decide) -> Finding:
    """Two tabs, everything is lost and reordered, exchanges as long as the bound allows."""
    return _seen(prove(World(Server(decide, 12), tabs=2, exchange=4)))


def late_rows(decide: Decide) -> Finding:
    """The same, and a worker may read its clock long before its row is written."""
    return _seen(prove(World(Server(decide, 12), tabs=2, exchange=4, stale=True)))


def two_nodes(decide: Decide) -> Finding:
    """The same on two nodes, a tick apart; 3 < 12/3 - 1/2."""
    return _seen(prove(World(Server(decide, 12), tabs=2, exchange=3, skews=(0, 1))))


def wrong_clock(decide: Decide) -> Finding:
    """A clock far ahead and back: nobody is refused, and once set back it is believed no longer."""
    server = Server(decide, 3)
    explored = prove_wrong_clock(World(server, tabs=2, exchange=1), quiet=True)
    believed = not explored.trace and any(_still_ahead(server, age) for age in range(-JUMP * server.cap, 0))
    return Finding(False, "still ahead after a use") if believed else _seen(explored)


def _still_ahead(server: Server, age: int) -> bool:
    """Whether a session served ``age`` ago by a wrong clock stays more than a leeway ahead after a use."""
    answers = (server.answer(alike(parent=True, age=age), role) for role in (CURRENT, PARENT))
    return any(answer.session and min(answer.session.ages) <= -server.cap for answer in answers)


def no_ride(decide: Decide) -> Finding:
    """Thief and victim cannot both go on, and the session changes hands twice at most."""
    theft = explore_theft(World(Server(decide, 6), tabs=1, exchange=2))
    if theft.lingers:
        return Finding(False, "refused, yet alive")
    if theft.rides:
        return Finding(False, "both for ever")
    return Finding(theft.hand_overs <= HAND_OVERS, f"{theft.hand_overs:.0f} hand-overs")


def no_poller(decide: Decide) -> Finding:
    """A thief who presents what he likes, when he likes, is found if he cannot foretell the renewals."""
    stays = play(Game(Server(decide, 3), soonest=4, latest=12)).stays
    return Finding(not stays, "stays" if stays else "")


def one_line(decide: Decide) -> Finding:
    """Never two live tokens: once a second token has made a new one, the first one's is dead.

    Tried from every session value, each token being presented at any age and by any clock.
    """
    server = Server(decide, 3)
    everything = product((True, False), (True, False), _histories(server))
    forks = (seen for seen in (Seen(*each) for each in everything) if _forks(server, seen))
    fork = next(forks, None)
    return Finding(fork is None, f"two lines at ages {_listed(fork.ages)}" if fork else "")


def _forks(server: Server, seen: Seen) -> bool:
    """Whether two tokens can each make a new one that is accepted beside the other's."""
    for first, second in product(range(OLD), repeat=2):
        made = server.answer(seen, first)
        for again in _new_tokens(server, made, second):
            if _new_tokens(server, again, CURRENT, served=True):
                return True
    return False


def _new_tokens(server: Server, before: Answer, role: Role, *, served: bool = False) -> list[Answer]:
    """The answers, at any later age, where a token that was ``role`` makes a new one, or is ``served``."""
    if before.session is None or not _made_new(before) or (before.renamed[role] == CURRENT and not served):
        return []
    answers = [server.answer(before.session, before.renamed[role], later) for later in _ages(server)]
    return [answer for answer in answers if answer.served and (served or _made_new(answer))]


def _histories(server: Server) -> list[Ages]:
    """Every combination of ages, confirmed and not."""
    return [ages for times in (3, 4) for ages in product(_ages(server), repeat=times)]


def _listed(ages: Ages) -> str:
    return ", ".join(map(str, ages))


def _ages(server: Server) -> list[int]:
    """Every age by a right clock, and by a wrong one those about what a rule compares with."""
    return [*range(server.cap + 1), -1, 1 - server.cap, -server.cap, -JUMP * server.cap]


def _made_new(answer: Answer) -> bool:
    """Whether current is another token than before."""
    return answer.served and answer.renamed[CURRENT] != CURRENT


def older_refused(decide: Decide) -> Finding:
    """Any token older than the parent, at any age, is Reuse and ends the session."""
    server = Server(decide, 3)
    for seen in (Seen(*each) for each in product((True, False), (True, False), _histories(server))):
        answer = server.answer(seen, OLD)
        if answer.verdict is not Verdict.REUSE or answer.session is not None:
            return Finding(False, f"answered at ages {_listed(seen.ages)}")
    return Finding(True, "")


PROMISES: dict[str, Callable[[Decide], Finding]] = {
    "one tab, messages lost: never refused": one_tab,
    "two tabs, nothing lost: never refused": two_tabs_at_once,
    "two tabs, everything lost and reordered: never refused": two_tabs,
    "a clock an hour ahead and back: never refused": wrong_clock,
    "thief: two hand-overs at most, no riding along": no_ride,
    "never two live tokens": one_line,
    "any older token, at any age, ends the session": older_refused,
    "thief who polls, and cannot foretell the renewals: found": no_poller,
    "rows written late: never refused": late_rows,
    "two nodes a twelfth of the leeway apart: never refused": two_nodes,
}
"""Every promise, in the order in which a fault is put to them."""


def caught(decide: Decide) -> tuple[str, str] | None:
    """The first promise that a rule breaks and what the explorer saw, or None."""
    for name, promise in PROMISES.items():
        finding = promise(decide)
        if not finding.kept:
            return name, finding.saw
    return None
