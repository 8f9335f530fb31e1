"""The work, cut into jobs that run beside one another, with one live line that says how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from tests.campaigns.proof.simulate import NETWORKS, Counts, count
from tests.campaigns.proof.tables import CHUNKS, TABLES
from tests.campaigns.proof.worlds import Row

Job = tuple[str, str]
"""A table and the name of a row, or a network and the number of a chunk."""

SLOW = ("faults", "binding", "binding-faults", "worlds", "bounds")
"""Tables whose rows go first, so that none of them is the only one running at the end."""


def jobs(tables: Collection[str] = ()) -> list[Job]:
    """Everything there is to do, the slow first; or only the rows of some tables."""
    if tables:
        return [(table, name) for table in tables for name in TABLES[table].rows]
    rows = [(table, name) for table in sorted(TABLES, key=SLOW.__contains__) for name in TABLES[table].rows]
    chunks = [(network, str(chunk)) for network, most in CHUNKS.items() for chunk in range(most)]
    return [*reversed(rows), *chunks]


def do(job: Job) -> Row | Counts:
    """Do one job."""
    what, name = job
    if what in NETWORKS:
        return count(NETWORKS[what], int(name))
    return TABLES[what].rows[name]()


def done(workers: int, tables: Collection[str] = ()) -> Iterator[tuple[Job, Row | Counts]]:
    """Every job with what came of it, as they finish."""
    todo, started = jobs(tables), time.monotonic()
    with ProcessPoolExecutor(workers) as pool:
        running: dict[Future[Row | Counts], Job] = {pool.submit(do, job): job for job in todo}
        while running:
            _say(
                len(todo) - len(running), len(todo), next(iter(running.values())), time.monotonic() - started
            )
            finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                yield running.pop(future), future.result()
    _say(len(todo), len(todo), ("", ""), time.monotonic() - started)
    print(file=sys.stderr)


def _say(ready: int, total: int, oldest: Job, seconds: float) -> None:
    """Rewrite the live line; a file or a pipe gets none."""
    if not sys.stderr.isatty():
        return
    what = " ".join(oldest).strip()[:60]
    bar = "█" * (ready * 24 // total)
    line = f"{bar:░<24} {ready}/{total}  {int(seconds) // 60}:{int(seconds) % 60:02}  {what}"
    print(f"\r{line:<110}", end="", file=sys.stderr, flush=True)
