"""Three database nodes that form a cluster, on one machine."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from tests.support.server.nginx import listening

from .member import Member, Ports

NODES = 3
JOIN_SECONDS = 120
COUNTED = {
    "wsrep_local_commits": "writes",
    "wsrep_local_cert_failures": "writes that failed certification",
    "wsrep_local_bf_aborts": "writes stopped by one of another node",
}
"""The counters of a node that the closing table adds up, and their names there."""


class NotWholeError(RuntimeError):
    """The nodes do not find together, which says nothing about the site; the message has their logs."""


class Cluster:
    """The nodes, and what they have counted."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self._counted = Counter[tuple[str, int]]()
        self._before = Counter[tuple[str, int]]()

    def await_all(self) -> None:
        """Wait until every node is ready, and all have the same cluster."""
        deadline = time.monotonic() + JOIN_SECONDS
        while not all(self._sees_all(member) for member in self.members):
            if time.monotonic() > deadline:
                logs = "\n".join(member.log() for member in self.members)
                raise NotWholeError(f"the cluster is not whole:\n{logs}")
            time.sleep(0.1)

    @property
    def is_whole(self) -> bool:
        """Whether every node takes requests."""
        return all(member.is_ready for member in self.members)

    def count(self) -> None:
        """Read the counters of every node. One that was started anew begins at 0, so its former ones stay."""
        for number, member in enumerate(self.members):
            told = member.status()
            for name in COUNTED.keys() & told.keys():
                key, value = (name, number), int(told[name])
                last = self._before[key]
                self._counted[key] += value - last if value >= last else value
                self._before[key] = value

    def rows(self) -> list[tuple[str, str]]:
        """The counters, node by node."""
        return [
            (f"{words}, by node", ", ".join(str(self._counted[name, number]) for number in range(NODES)))
            for name, words in COUNTED.items()
        ]

    def differences(self, table: str) -> int:
        """How many nodes have other rows in this table than the first node has."""
        statement = f"SELECT * FROM ratchet.{table} ORDER BY id"
        first, *others = [member.ask(statement) for member in self.members]
        return sum(rows != first for rows in others)

    @staticmethod
    def _sees_all(member: Member) -> bool:
        told = member.status()
        return told.get("wsrep_ready") == "ON" and told.get("wsrep_cluster_size") == str(NODES)


@contextmanager
def cluster_in(folder: Path, sync_wait: int, say: Callable[[str], None]) -> Iterator[Cluster]:
    """A cluster whose nodes are in this folder, with an empty database; gone afterwards."""
    folder.chmod(0o755)  # the account of the nodes is another one
    say("Starting a cluster of three database nodes ...")
    free = _free_ports()
    ports = [Ports(*islice(free, len(Ports._fields))) for _ in range(NODES)]
    group = [one.group for one in ports]
    with ExitStack() as stack:
        members = [
            Member(folder / f"database-{number}", one, group, sync_wait)
            for number, one in enumerate(ports, 1)
        ]
        for place, member in enumerate(members):
            stack.callback(member.stop)
            member.start(first=place == 0)
            _await_start(member)
        cluster = Cluster(members)
        cluster.await_all()
        members[0].ask("CREATE DATABASE ratchet")
        yield cluster


def _await_start(member: Member) -> None:
    deadline = time.monotonic() + JOIN_SECONDS
    while not member.is_ready:
        if time.monotonic() > deadline:
            raise NotWholeError(f"a database node did not start:\n{member.log()}")
        time.sleep(0.1)


def _free_ports() -> Iterator[int]:
    """Ports below those that the system gives to clients: a node that is away must find its own again."""
    first = 15_000 + os.getpid() % 1000 * 16
    return (port for port in range(first, 32_000) if not listening(port))
