"""The sites of one measurement, each with an empty database of its own, all running at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.support.databases import fresh_database

from ..rounds import Measured
from .client import Reply, exchange
from .server import Prepared, Serving, prepare, serving
from .subjects import Site

CONNECTIONS = 8
"""Requests under way at once: as many as the threads of the two workers."""


@dataclass(frozen=True)
class Stage:
    """The running sites, what each was prepared with, the URL of its database, and where gunicorn logs."""

    kind: str
    running: dict[Site, Serving]
    prepared: dict[Site, Prepared]
    urls: dict[Site, str]
    log: Path


@contextmanager
def stage(kind: str, sites: Sequence[Site], sessions: int, accesses: int) -> Iterator[Stage]:
    """Serve these sites on databases of one kind until the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        urls = {
            site: stack.enter_context(fresh_database(kind, f"ratchet_bench_{number}", folder))
            for number, site in enumerate(sites)
        }
        with ThreadPoolExecutor(2) as pool:
            filled = pool.map(lambda site: prepare(site, urls[site], sessions, accesses), sites)
            prepared = dict(zip(sites, filled, strict=True))
        log = stack.enter_context((folder / "gunicorn.log").open("wb"))
        running = {site: stack.enter_context(serving(prepared[site], log)) for site in sites}
        yield Stage(kind, running, prepared, urls, folder / "gunicorn.log")


class Figures(NamedTuple):
    """The rounds of one kind of request: microseconds of processor time of the server, and of wall time."""

    processor: Measured
    wall: Measured

    @classmethod
    def none(cls) -> Figures:
        """No round yet."""
        return cls(Measured([]), Measured([]))

    def add(self, spent: Spent) -> None:
        """One round more."""
        self.processor.rounds.append(spent.processor)
        self.wall.rounds.append(spent.wall)


class Spent(NamedTuple):
    """What a batch of requests took, in microseconds a request, and the replies."""

    processor: float
    wall: float
    replies: list[Reply]


def spent(server: Serving, requests: Sequence[bytes]) -> Spent:
    """Send a batch of requests to a site; each is answered with 200, or the measurement stops."""
    before = server.processor_time()
    replies = [reply.checked() for reply in exchange(server.port, requests, CONNECTIONS)]
    processor = server.processor_time() - before
    began = min(reply.at - reply.took for reply in replies)
    wall = max(reply.at for reply in replies) - began
    return Spent(processor / len(requests) * 1e6, wall / len(requests) * 1e6, replies)
