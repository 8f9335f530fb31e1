"""A run from the first database node to the closing table."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread

from tests.campaigns.soak.browsers import SoakBrowser
from tests.campaigns.soak.fleet import Fleet, fleet_of
from tests.campaigns.soak.ledger import Ledger
from tests.campaigns.soak.plan import Plan
from tests.campaigns.soak.run import Say, busy, check, robbed
from tests.support.server.servers import site_on
from tests.support.sites import add_user

from .behind import answers
from .cluster import Cluster, cluster_in
from .phases import phase_at

LAG_SECONDS = 0.3
"""For how long a node applies nothing, now and then; far below the bound of an exchange."""

RIGHT = {True: "right", False: "WRONG"}


@dataclass
class Outcome:
    """What the soak counted, and what is known of the database nodes."""

    ledger: Ledger = field(default_factory=Ledger)
    looks: list[bool] = field(default_factory=list)
    """Whether every database node took requests, look by look."""

    answers: dict[str, bool] = field(default_factory=dict)
    """What was asked of a node that is behind, and whether the answer was right."""

    counters: list[tuple[str, str]] = field(default_factory=list)
    lags: int = 0
    different: int = 0
    """Nodes whose rows differ from those of the first node at the end."""

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept, in words."""
        wrong = [
            f"wrong on a node that is behind: {words}" for words, right in self.answers.items() if not right
        ]
        unequal = [f"{self.different} database nodes have other rows"] if self.different else []
        return [*wrong, *self.ledger.broken, *unequal]

    def rows(self) -> list[tuple[str, str]]:
        """The closing table."""
        missing = self.looks.count(False) / max(1, len(self.looks))
        return [
            *((f"on a node that is behind: {words}", RIGHT[right]) for words, right in self.answers.items()),
            *(row for row in self.ledger.rows() if row[0] != "key rotations"),
            *self.counters,
            ("moments at which a node lagged", str(self.lags)),
            ("part of the run with two nodes of three", f"{missing:.0%}"),
            ("nodes with other rows at the end (must be 0)", str(self.different)),
        ]


def run(plan: Plan, folder: Path, sync_wait: int, say: Say) -> Outcome:
    """Serve the site on three nodes, let everybody loose on them, break nodes, and count."""
    outcome = Outcome()
    with cluster_in(folder, sync_wait, say) as cluster:
        with site_on(cluster.members[0].url) as site:
            for number in range(plan.users):
                add_user(site, _name(plan, number))
        outcome.answers = answers(*cluster.members[:2])
        with _fleets(plan, cluster, folder) as fleets:
            _load(plan, cluster, fleets, outcome, say)
        outcome.different = cluster.differences("users")
        outcome.counters = cluster.rows()
    return outcome


def _load(plan: Plan, cluster: Cluster, fleets: list[Fleet], outcome: Outcome, say: Say) -> None:
    port, ledger = fleets[0].port, outcome.ledger
    number = plan.users * plan.browsers_per_user
    browsers = [SoakBrowser(plan, port, _name(plan, place), ledger) for place in range(number)]
    with busy(plan, browsers) as running, robbed(plan, port, browsers, ledger) as thieves:
        with _lagging(plan, cluster, outcome):
            _watch(plan, cluster, fleets, outcome, say)
        cluster.await_all()
        check([*running, *thieves])
    check([*running, *thieves])
    cluster.count()
    for browser in browsers:
        browser.finish()


def _name(plan: Plan, number: int) -> str:
    return f"user-{number % plan.users}@example.org"


@contextmanager
def _fleets(plan: Plan, cluster: Cluster, folder: Path) -> Iterator[list[Fleet]]:
    """Three nodes of the site on one port, each with its own database node; they share the secret."""
    shared = {"FLASK_SECRET_KEY": secrets.token_hex(32), **plan.environment}
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, ExitStack() as stack:
        fleets = []
        for number, member in enumerate(cluster.members, 1):
            place = folder / f"site-{number}"
            place.mkdir()
            own = replace(plan, url=member.url, environment=shared)
            fleets.append(stack.enter_context(fleet_of(own, place, listener)))
        yield fleets


def _watch(plan: Plan, cluster: Cluster, fleets: list[Fleet], outcome: Outcome, say: Say) -> None:
    """Do what the phases say, and kill workers, until the time is up."""
    dice, began = plan.dice("crashes"), time.monotonic()
    next_kill, current = plan.kill_every, phase_at(0)
    while (elapsed := time.monotonic() - began) < plan.seconds:
        phase = phase_at(elapsed / plan.seconds)
        if phase is not current:
            cluster.count()
            current = phase
            phase.act(cluster)
        if elapsed >= next_kill and dice.choice(fleets).kill(dice):
            outcome.ledger.add("kills")
            next_kill = elapsed + dice.uniform(0.5, 1.5) * plan.kill_every
        outcome.looks.append(cluster.is_whole)
        say(f"{outcome.ledger.line(elapsed)}  ({phase.name})")
        time.sleep(0.25)


@contextmanager
def _lagging(plan: Plan, cluster: Cluster, outcome: Outcome) -> Iterator[None]:
    """Now and then one node lags behind the others in this block."""
    over, dice = Event(), plan.dice("lags")

    def work() -> None:
        while not over.wait(dice.uniform(0.2, 1.5)):
            dice.choice(cluster.members).lag(LAG_SECONDS)
            outcome.lags += 1

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
