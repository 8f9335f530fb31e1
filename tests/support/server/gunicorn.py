"""gunicorn as a process of the tests: started on a free port of loopback, asked once, and stopped."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from tests.support import ROOT

BOOT_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A running site: its port on loopback, and gunicorn's master process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def base_url(self) -> str:
        """Where the site answers, such as ``http://127.0.0.1:4711``."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(
    app: str,
    environment: Mapping[str, str],
    options: Sequence[str],
    first_page: str = "/sign-in",
    folder: Path = ROOT,
    log: IO[bytes] | None = None,
) -> Iterator[Server]:
    """Serve ``app``, such as ``wsgi:app``; what it prints goes to ``log``, where there is one.

    The listener is handed over already listening. So the request for ``first_page`` waits until a worker
    takes it, and a server that is handed on is ready.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        process = start(listener, [*options, app], environment, folder, log)
        server = Server(listener.getsockname()[1], process)
    with process:
        try:
            urlopen(f"{server.base_url}{first_page}", timeout=BOOT_SECONDS).close()  # noqa: S310  # our own
            yield server
        finally:
            stop(process)


def start(
    listener: socket.socket,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path = ROOT,
    log: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start gunicorn on a socket that already listens; the master process."""
    port = listener.fileno()
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"fd://{port}", *arguments],
        cwd=folder,
        env=environment,
        pass_fds=[port],
        stdout=log,
        stderr=log,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let the requests under way end; kill what is still there after STOP_SECONDS."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
