"""PostgreSQL as a primary and a streaming standby, in temporary folders: restarted, and failed over."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.peers.insistent import await_that
from tests.support.server.tcp_proxy import TcpProxy, proxy_to

from .daemon import UNPRIVILEGED, Daemon, program
from .ledger import Outages

DATABASE = "site"
STOP_AT_ONCE, CRASH = signal.SIGINT, signal.SIGQUIT
"""PostgreSQL's own: a *fast* stop ends the sessions and writes all; an *immediate* one writes nothing."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # processes die here, the machine does not
    "max_connections": "200",
    "wal_retrieve_retry_interval": "500ms",
    "wal_keep_size": "256MB",
    "log_min_messages": "panic",
}
"""pg_rewind needs older WAL. A standby that was cut off is back in half a second, not in five."""

WRITTEN = "SELECT sum(sessions_version) FROM users"
"""Grows with every write of a session."""


class Server(Daemon):
    """One PostgreSQL server with a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, name, UNPRIVILEGED)
        self._data = self.folder / "data"

    def create(self) -> None:
        """Make an empty server that trusts everybody on loopback."""
        checked = "--data-checksums"  # so that pg_rewind knows what has changed
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync", checked)

    def copy(self, port: int) -> None:
        """Become a standby of the server at a port, by a copy of it."""
        self._run("pg_basebackup", "-D", self._data, "-R", "-c", "fast", "-d", _conninfo(port))

    def rewind(self, port: int) -> None:
        """Become a standby of the server at a port again, after having been a primary."""
        self._run("pg_rewind", "-D", self._data, "-R", "--no-sync", f"--source-server={_conninfo(port)}")

    def start(self, **further: str) -> None:
        """Start it and wait until it answers."""
        settings = SETTINGS | {"port": str(self.port)} | further
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.launch([_program("postgres"), "-D", self._data, *given])
        await_that(self._answers)

    def run(self, statement: str) -> Any:
        """Run a statement; the first value of its result, if it has one."""
        conninfo = _conninfo(self.port, DATABASE)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def _answers(self) -> bool:
        try:
            psycopg.connect(_conninfo(self.port)).close()
        except psycopg.OperationalError:  # it is starting
            return False
        return True

    def _run(self, name: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [_program(name), *arguments], user=self.user, cwd=self.folder, capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed:\n{done.stderr.decode(errors='replace')[-2000:]}")


class Cluster:
    """A primary and a standby. Replication goes through a proxy, which can cut it off."""

    def __init__(self, folder: Path, wire: TcpProxy, primary: Server, outages: Outages) -> None:
        self.primary, self.standby = primary, Server(folder, "second")
        self._wire, self._outages = wire, outages

    @property
    def url(self) -> str:
        """For the site, as docs/deploying.md says it: both servers, whichever of them takes writes."""
        ports = sorted((self.primary.port, self.standby.port))
        hosts = "&".join(f"host=127.0.0.1:{port}" for port in ports)
        return f"{self.url_of('')}&{hosts}&target_session_attrs=read-write"

    @staticmethod
    def url_of(address: str) -> str:
        """A URL of the database of the site by one address."""
        return f"postgresql://postgres@{address}/{DATABASE}?sslmode=disable&gssencmode=disable"

    def replicate(self, *, synchronous: bool) -> None:
        """Let commits wait until the standby has them, or not."""
        await_that(lambda: self.primary.run("SELECT count(*) FROM pg_stat_replication") == 1)
        names = "*" if synchronous else ""
        self.primary.run(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.primary.run("SELECT pg_reload_conf()")
        if synchronous:
            state = "SELECT sync_state FROM pg_stat_replication"
            await_that(lambda: self.primary.run(state) == "sync")

    def restart(self) -> None:
        """Restart the primary."""
        with self._outages.one():
            self.primary.stop(STOP_AT_ONCE)
            self.primary.start()

    def fail_over(self, lag: float) -> None:
        """The standby loses the primary, which crashes ``lag`` seconds later; the standby takes over."""
        with self._outages.one():
            self.cut_off()
            time.sleep(lag)
            self.promote()

    def cut_off(self) -> None:
        """From now on the standby gets nothing."""
        self._wire.go_away()

    def promote(self) -> None:
        """The primary crashes, and the standby takes over."""
        self.primary.stop(CRASH)
        self.standby.run("SELECT pg_promote()")
        self.primary, self.standby = self.standby, self.primary

    def return_old_primary(self) -> int:
        """The former primary is back and takes no writes; what ``WRITTEN`` says there."""
        self.standby.start(default_transaction_read_only="on")
        return int(self.standby.run(WRITTEN))

    def rejoin(self) -> int:
        """The former primary becomes the standby of the new one; what ``WRITTEN`` said there before."""
        written = int(self.standby.run(WRITTEN))
        self.standby.stop(STOP_AT_ONCE)
        self._wire.lead_to("127.0.0.1", self.primary.port)
        self.primary.run("CHECKPOINT")  # until then pg_rewind takes the two for one history (PostgreSQL 15)
        self.standby.rewind(self._wire.port)
        self.standby.start()
        return written

    def stop(self) -> None:
        """Stop both."""
        for server in (self.standby, self.primary):
            server.stop(STOP_AT_ONCE)


@contextmanager
def cluster_in(folder: Path, outages: Outages) -> Iterator[Cluster]:
    """A cluster with an empty database, gone afterwards."""
    primary = Server(folder, "first")
    primary.create()
    primary.start()
    with proxy_to("127.0.0.1", primary.port) as wire:
        cluster = Cluster(folder, wire, primary, outages)
        try:
            with psycopg.connect(_conninfo(primary.port), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            cluster.standby.copy(wire.port)
            cluster.standby.start()
            yield cluster
        finally:
            cluster.stop()


def _conninfo(port: int, database: str = "postgres") -> str:
    return f"host=127.0.0.1 port={port} user=postgres dbname={database} sslmode=disable gssencmode=disable"


def _program(name: str) -> str:
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return program(name, "postgresql", *map(str, reversed(newest)))
