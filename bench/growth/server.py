"""A PostgreSQL of its own in a folder of its own: its cache can be emptied and its log read."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import NullPool, create_engine, text

from ..served.server import processor_time

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 1GB
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 16GB
min_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum_naptime = 5s
"""
"""No refresh waits for the disk, because that would hide what the table costs. Autovacuum looks more often
than once a minute, because a run is short. The log is long enough to be read after a run."""

DEBIAN = "/usr/lib/postgresql"
TICKS = os.sysconf("SC_CLK_TCK")
RECORD = re.compile(r"^(\w+)/(\w+)\s+(\d+) \([^)]*\)\s+(\d+) \([^)]*\)\s+(\d+) \(", re.MULTILINE)


class Records(NamedTuple):
    """The records of one kind in the write-ahead log: how many, their bytes, and bytes of page images."""

    number: int
    size: int
    images: int


class Server:
    """A running server. ``start`` and ``stop`` come in pairs."""

    def __init__(self, folder: Path) -> None:
        self._data, self._log = folder / "data", folder / "log"
        self._port = free_port()
        self._root = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/"
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        if not self._data.exists():
            self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(f"{SETTINGS}port = {self._port}\n")

    def start(self) -> None:
        """Start, and wait until it listens."""
        self._run("pg_ctl", "-D", self._data, "-l", self._log, "-w", "start")

    def stop(self) -> None:
        """Stop, after a checkpoint."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "300", "-m", "fast", "stop")

    def restart_cold(self) -> None:
        """Start again with nothing in its own cache, and none of its files in that of the system."""
        self.stop()
        for path in self._data.rglob("*"):
            if path.is_file():
                forget(path)
        self.start()

    def has(self, database: str) -> bool:
        """Whether there is such a database."""
        return bool(self._asked(f"SELECT count(*) FROM pg_database WHERE datname = '{database}'"))  # noqa: S608  # a name of ours

    def url(self, database: str) -> str:
        """The URL of a database, which is made if it is not there."""
        if not self.has(database):
            self._asked(f"CREATE DATABASE {database}")
        return f"{self._root}{database}"

    def processor_time(self) -> float:
        """Seconds of processor time of all its processes, also of those that have ended.

        That of the ended ones is in hundredths of a second, that of the others to the nanosecond.
        """
        server = int((self._data / "postmaster.pid").read_text().split()[0])
        every = [stat for path in Path("/proc").glob("[0-9]*/stat") if (stat := stat_of(path))]
        own = [stat for stat in every if int(stat[0]) == server or int(stat[3]) == server]
        ended = sum(sum(map(int, stat[15:17])) for stat in own if int(stat[0]) == server)
        return sum(spent_by(int(stat[0])) for stat in own) + ended / TICKS

    def answering_time(self) -> float:
        """Seconds of processor time of the processes that answer clients, without checkpoints and vacuum."""
        server = int((self._data / "postmaster.pid").read_text().split()[0])
        every = [stat for path in Path("/proc").glob("[0-9]*/stat") if (stat := stat_of(path))]
        return sum(
            spent_by(int(stat[0])) for stat in every if int(stat[3]) == server and answers(int(stat[0]))
        )

    def records(self, start: str, end: str) -> dict[str, Records]:
        """What the write-ahead log has between two places, by kind of record."""
        if start == end:
            return {}
        wal = self._data / "pg_wal"
        return records_in(self._run("pg_waldump", "-p", wal, "-s", start, "-e", end, "--stats=record"))

    def _asked(self, statement: str) -> Any:
        engine = create_engine(f"{self._root}postgres", isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None

    def _run(self, program: str, *arguments: str | Path) -> str:
        command = [program_path(program), *map(str, arguments)]
        done = subprocess.run(
            command,
            user=self._user,
            cwd="/",
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout


@contextmanager
def server(kept: Path | None = None) -> Iterator[Server]:
    """A server that is gone afterwards, unless its folder is to be kept."""
    with TemporaryDirectory(prefix="growth") as folder:
        if kept:
            kept.mkdir(exist_ok=True)
        one = Server(kept or Path(folder))
        one.start()
        try:
            yield one
        finally:
            one.stop()


def program_path(name: str) -> str:
    """Where a program of PostgreSQL is: Debian keeps those of each version in a folder of its own."""
    newest = sorted(Path(DEBIAN).glob("*/bin"), key=lambda path: float(path.parent.name))[-1:]
    found = shutil.which(name, path=os.pathsep.join([*map(str, newest), os.environ["PATH"]]))
    if not found:
        raise SystemExit(f"{name} of PostgreSQL is not there: .ci/services installs it")
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def forget(path: Path) -> None:
    """Drop a file from the system's cache; what is not on disk yet is written first."""
    with path.open("rb") as file:
        os.fdatasync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def spent_by(process: int) -> float:
    """Seconds of processor time of a process; none if it has just ended."""
    try:
        return processor_time(process)
    except OSError:
        return 0.0


def answers(process: int) -> bool:
    """Whether this process of PostgreSQL has a client on loopback: its title names the client's address."""
    try:
        return b"127.0.0.1(" in Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def stat_of(path: Path) -> list[str]:
    """The fields of a process (proc(5)), its name as one word; none if it has just ended."""
    try:
        before, _, after = path.read_text().rpartition(")")
        return [before.split(" ")[0], "name", *after.split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def records_in(printed: str) -> dict[str, Records]:
    """The table of ``pg_waldump --stats=record``."""
    found: dict[str, Records] = {}
    for manager, kind, *numbers in RECORD.findall(printed):
        found[f"{manager}/{kind}"] = Records(*map(int, numbers))
    return found
