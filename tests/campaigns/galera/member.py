"""One database node of a Galera cluster: a mariadbd of our own, in a folder and on ports of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any, NamedTuple

import pymysql

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
PROGRAMS = ("mariadbd", "mariadb-install-db", "rsync")
STOP_SECONDS = 30
SERVICE_USER = "mysql"
"""The account of Debian's package. Nothing runs as root: rsync, which copies a node, drops root's rights."""

EVS = {
    "evs.keepalive_period": "PT0.2S",
    "evs.inactive_check_period": "PT0.2S",
    "evs.suspect_timeout": "PT1S",
    "evs.inactive_timeout": "PT3S",
    "evs.install_timeout": "PT1.5S",
}
"""How soon a silent node is given up: a fifth of Galera's own values, as the leeway of the run is."""


def lacking() -> list[str]:
    """The programs and files that a cluster needs and this machine does not have."""
    files = [] if PROVIDER.exists() else [str(PROVIDER)]
    return [name for name in PROGRAMS if program(name) is None] + files


def program(name: str) -> str | None:
    """Where a program is; Debian has the servers outside of the path of most people."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


class Ports(NamedTuple):
    """Where one node listens on loopback: for SQL, for the group, and for the state of other nodes."""

    sql: int
    group: int
    increments: int
    snapshots: int


def options(folder: Path, ports: Ports, group: Sequence[int], sync_wait: int) -> list[str]:
    """The command line of a node; nothing is read from the configuration of this machine."""
    provider = {
        "gmcast.listen_addr": f"tcp://127.0.0.1:{ports.group}",
        "ist.recv_addr": f"127.0.0.1:{ports.increments}",
        "gcache.size": "32M",
        **EVS,
    }
    told = {
        "datadir": folder / "data",
        "socket": folder / "sql.sock",
        "pid-file": folder / "pid",
        "log-error": folder / "log.err",
        "port": ports.sql,
        "bind-address": "127.0.0.1",
        "binlog-format": "ROW",
        "innodb-autoinc-lock-mode": 2,
        "innodb-flush-log-at-trx-commit": 0,
        "innodb-buffer-pool-size": "64M",
        "innodb-log-file-size": "32M",
        "character-set-server": "utf8mb4",
        "wsrep-on": "ON",
        "wsrep-provider": PROVIDER,
        "wsrep-cluster-name": "ratchet",
        "wsrep-cluster-address": "gcomm://" + ",".join(f"127.0.0.1:{port}" for port in group),
        "wsrep-node-name": folder.name,
        "wsrep-node-address": f"127.0.0.1:{ports.group}",
        "wsrep-sst-method": "rsync",
        "wsrep-sst-receive-address": f"127.0.0.1:{ports.snapshots}",
        "wsrep-slave-threads": 2,
        "wsrep-sync-wait": sync_wait,
        "wsrep-provider-options": ";".join(f"{name}={value}" for name, value in provider.items()),
    }
    return ["--no-defaults", *account(), *(f"--{name}={value}" for name, value in told.items())]


def account() -> list[str]:
    """As whom a node runs: as its caller, but never as root."""
    return [f"--user={SERVICE_USER}"] if os.geteuid() == 0 else []


class Member:
    """A node that can be killed, started again, cut off from the others and made to lag behind them."""

    def __init__(self, folder: Path, ports: Ports, group: Sequence[int], sync_wait: int) -> None:
        self.folder, self.ports = folder, ports
        self._options = options(folder, ports, group, sync_wait)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, SERVICE_USER)
        self._run("mariadb-install-db", "--no-defaults", *account(), f"--datadir={folder / 'data'}",
                  "--auth-root-authentication-method=normal", "--skip-test-db")  # fmt: skip

    def start(self, *, first: bool = False) -> None:
        """Start it; the ``first`` one makes the cluster, another one joins by a snapshot of a node."""
        extra = ["--wsrep-new-cluster"] if first else []
        command = [str(program("mariadbd")), *self._options, *extra]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Shut it down; a node that does not end is killed."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self.kill()

    def cut_off(self) -> None:
        """Let it neither hear nor reach the other nodes; its own site still reaches it."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")

    def heal(self) -> None:
        """Undo ``cut_off``."""
        self.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")

    @contextmanager
    def held_up(self, seconds: float) -> Iterator[None]:
        """Apply nothing of what other nodes commit for so long, as under a backup; reads go on."""
        with self._cursor() as cursor:
            cursor.execute("FLUSH TABLES WITH READ LOCK")
            release = Timer(seconds, cursor.execute, ["UNLOCK TABLES"])
            release.start()
            try:
                yield
            finally:
                release.join()

    def lag(self, seconds: float) -> None:
        """Be behind the others for so long; a node that is away is not."""
        with suppress(pymysql.Error), self.held_up(seconds):
            pass

    def ask(self, statement: str) -> tuple[tuple[Any, ...], ...]:
        """The rows of a statement."""
        with self._cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def status(self) -> dict[str, str]:
        """What the node says about itself and its cluster; empty if it does not answer."""
        try:
            return {str(name): str(value) for name, value in self.ask("SHOW GLOBAL STATUS LIKE 'wsrep_%'")}
        except pymysql.Error:
            return {}

    @property
    def is_ready(self) -> bool:
        """Whether it takes part in a cluster that has a majority."""
        return self.status().get("wsrep_ready") == "ON"

    @property
    def url(self) -> str:
        """Where its site finds it."""
        return f"mysql+pymysql://root@127.0.0.1:{self.ports.sql}/ratchet?ssl_disabled=true"

    def log(self) -> str:
        """The end of its log."""
        found = self.folder / "log.err"
        return found.read_text(errors="replace")[-2000:] if found.exists() else ""

    @contextmanager
    def _cursor(self) -> Iterator[pymysql.cursors.Cursor]:
        connection = pymysql.connect(
            host="127.0.0.1",
            port=self.ports.sql,
            user="root",
            autocommit=True,
            connect_timeout=3,
            read_timeout=10,
        )
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run([str(program(name)), *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{name} failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
