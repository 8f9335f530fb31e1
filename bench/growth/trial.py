"""One table and what a refresh, a sign-out and the question for ended sessions cost in it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import Connection, create_engine, text

from app.auth.storage.statements import NEVER

from .server import Records, Server
from .site import Site, Spent

INDEX_WRITES = (
    "Btree/INSERT_LEAF",
    "Btree/INSERT_POST",
    "Btree/INSERT_UPPER",
    "Btree/SPLIT_L",
    "Btree/SPLIT_R",
)

SIZES = """SELECT pg_relation_size('users'), coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0),
    pg_indexes_size('users') FROM pg_class WHERE oid = 'users'::regclass"""
UPDATES = """SELECT n_tup_upd, n_tup_hot_upd, n_dead_tup, pg_relation_size('users'), autovacuum_count
    FROM pg_stat_user_tables WHERE relname = 'users'"""
ONE_LIMIT = "SELECT ended FROM users WHERE ended_at > :since"
TWO_LIMITS = f"{ONE_LIMIT} AND ended_at < {NEVER}"
"""The question with one limit, and with two, as the site asks it."""


class Numbers(NamedTuple):
    """How many operations a trial measures."""

    cold: int
    warm: int
    ended: int


class Phase:
    """What many operations of one kind cost, site and server together."""

    def __init__(self) -> None:
        self.spent: list[Spent] = []
        self.server = self.answering = 0.0
        self.records: Mapping[str, Records] = {}
        self.updates = self.hot = self.dead = self.grown = 0

    @property
    def median(self) -> float:
        """Microseconds that the median operation took."""
        return median(one.took for one in self.spent)

    @property
    def p99(self) -> float:
        """Microseconds that all but one in a hundred took at most."""
        return sorted(one.took for one in self.spent)[len(self.spent) * 99 // 100]

    @property
    def worked(self) -> float:
        """Microseconds of processor time of the site, the median operation."""
        return median(one.worked for one in self.spent)

    @property
    def served(self) -> float:
        """Microseconds of processor time of the server, on average."""
        return self.server * 1_000_000 / len(self.spent)

    @property
    def answered(self) -> float:
        """Microseconds of processor time of what answers the site, on average: no checkpoints, no vacuum."""
        return self.answering * 1_000_000 / len(self.spent)

    @property
    def log(self) -> float:
        """Bytes of the write-ahead log for each operation, without page images."""
        return sum(one.size for one in self.records.values()) / len(self.spent)

    @property
    def images(self) -> float:
        """Bytes of page images in the log for each operation."""
        return sum(one.images for one in self.records.values()) / len(self.spent)

    @property
    def index_writes(self) -> float:
        """Entries written to indexes for each operation."""
        written = sum(self.records[name].number for name in INDEX_WRITES if name in self.records)
        return written / len(self.spent)

    @property
    def hot_share(self) -> float:
        """The part of its updates that touched no index (heap-only tuples)."""
        return self.hot / self.updates


class Table:
    """One table of a server, and the site on it."""

    def __init__(self, server: Server, url: str, users: int, seed: int) -> None:
        self.users, self._server, self._dice = users, server, random.Random(seed)
        self.site = Site(url)
        self.staying: list[int] = []
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def run(self, *statements: str) -> None:
        """Send statements of an operator."""
        with self.engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def row(self, statement: str) -> Any:
        """The first row of a SELECT."""
        with self.engine.connect() as connection:
            return connection.execute(text(statement)).one()

    def some(self, number: int) -> list[int]:
        """Users in random order, as often as each other; between two turns of one come all others."""
        every = self._dice.sample(range(1, self.users + 1), min(number, self.users))
        return [every[turn % len(every)] for turn in range(number)]

    def bytes_per_user(self) -> list[float]:
        """Bytes of the table, of what is stored beside it (TOAST) and of the indexes, for each user."""
        return [size / self.users for size in self.row(SIZES)]

    def phase(
        self, users: list[int], operation: Callable[[int], Spent], *, checkpoint: bool = False
    ) -> Phase:
        """Do it for each of these users and see what it costs."""
        measured = Phase()
        if checkpoint:
            self.run("CHECKPOINT")
        with self._watched(measured):
            measured.spent = [operation(user) for user in users]
        return measured

    def restart_cold(self) -> None:
        """Start the server again, with no page of the table in memory."""
        self.close()
        self._server.restart_cold()

    def close(self) -> None:
        """Close every connection."""
        self.site.close()
        self.engine.dispose()

    def version(self) -> str:
        """The version of PostgreSQL."""
        return str(self.row("SHOW server_version")[0]).split()[0]

    def plan(self) -> str:
        """How the server finds the sessions that have just ended."""
        with self.engine.connect() as connection:
            return str(self._explained(connection, "COSTS OFF", TWO_LIMITS)[0])

    def unknown(self) -> tuple[float, float]:
        """Milliseconds of the question without statistics of the table: with one limit, and with two."""
        with self.engine.execution_options(isolation_level="READ COMMITTED").connect() as connection:
            connection.execute(text("DELETE FROM pg_statistic WHERE starelid = 'users'::regclass"))
            one, two = (
                float(self._explained(connection, "ANALYZE", sql)[-1].split()[2])
                for sql in (ONE_LIMIT, TWO_LIMITS)
            )
            connection.rollback()
            return one, two

    def _explained(self, connection: Connection, options: str, sql: str) -> Sequence[str]:
        since = {"since": int((self.site.now - 3) * 1000)}
        return connection.execute(text(f"EXPLAIN ({options}) {sql}"), since).scalars().all()

    @contextmanager
    def _watched(self, measured: Phase) -> Iterator[None]:
        before, start = self.counted(), self._place()
        began, answering = self._server.processor_time(), self._server.answering_time()
        yield
        measured.answering = self._server.answering_time() - answering
        measured.server = self._server.processor_time() - began
        end, after = self._place(), self.counted()
        measured.records = self._server.records(start, end)
        measured.updates, measured.hot, _, measured.grown, _ = (
            now - then for now, then in zip(after, before, strict=True)
        )
        measured.dead = after[2]

    def _place(self) -> str:
        """How far the log has come; all of it is on disk."""
        place = str(self.row("SELECT pg_current_wal_insert_lsn()")[0])
        self.run("SELECT pg_switch_wal()")
        return place

    def counted(self) -> tuple[int, ...]:
        """What the server has counted: updates, those without index writes, dead rows, bytes, vacuums."""
        self.close()
        time.sleep(1)  # a process of the server counts in its last act
        return tuple(self.row(UPDATES))
