"""gunicorn with one of the sites: started, measured in processor time and memory, and stopped."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from docs.generator import ROOT
from tests.support.server import gunicorn

from .client import exchange
from .subjects import Site

PYTHON = str(ROOT / ".venv-peers" / "bin" / "python")
"""The same packages for every site: ``make bench`` installs them."""

SETTINGS = ["--config", "gunicorn.conf.py"]
"""How every site is served: as gunicorn.conf.py says."""

KILO = 1024
FIRST = b"GET /bare HTTP/1.1\r\nHost: localhost\r\n\r\n"

Tokens = dict[str, list[str]]


@dataclass(frozen=True)
class Serving:
    """A running site: its port on loopback, gunicorn's master process, and the tokens that it accepts."""

    port: int
    master: int
    tokens: Tokens

    @property
    def processes(self) -> list[int]:
        """The master and its workers."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        return [self.master, *map(int, children)]

    def processor_time(self) -> float:
        """Seconds of processor time, user and system, of all its processes until now."""
        return sum(map(processor_time, self.processes))

    def unique_memory(self) -> float:
        """Megabytes that only one worker has (its unique set)."""
        rows = map(str.split, Path(f"/proc/{self.processes[1]}/smaps_rollup").read_text().splitlines()[1:])
        return sum(int(row[1]) for row in rows if row[0].startswith("Private_")) / KILO


def processor_time(process: int) -> float:
    """Seconds of processor time of a process, to the nanosecond; /proc/…/stat has hundredths of a second."""
    return time.clock_gettime(~process << 3 | 2)  # the clock that clock_getcpuclockid(3) gives


@dataclass(frozen=True)
class Prepared:
    """A site whose database is filled."""

    site: Site
    environment: Mapping[str, str]
    tokens: Tokens


def prepare(site: Site, url: str, sessions: int, accesses: int) -> Prepared:
    """Fill the empty database at ``url`` for this site."""
    secret = secrets.token_hex(32)
    environment = {**os.environ, "BENCH_URL": url, "BENCH_SECRET": secret, **site.environment}
    program = [PYTHON, "-m", "bench.sites.prepare", site.module, str(sessions), str(accesses)]
    done = subprocess.run(program, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return Prepared(site, environment, json.loads(done.stdout))


@contextmanager
def serving(prepared: Prepared, log: IO[bytes], options: list[str] = SETTINGS) -> Iterator[Serving]:
    """Serve it until the end; ready when it is handed on."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        descriptor = listener.fileno()
        site_options = ["--bind", f"fd://{descriptor}", f"{prepared.site.module}:app"]
        process = subprocess.Popen(
            [PYTHON, "-m", "gunicorn", *options, *site_options],
            env=prepared.environment,
            cwd=ROOT,
            pass_fds=[descriptor],
            stdout=log,
            stderr=log,
        )
        port = listener.getsockname()[1]
    try:
        exchange(port, [FIRST], 1)
        yield Serving(port, process.pid, prepared.tokens)
    finally:
        gunicorn.stop(process)
