"""A server of the run: a process of its own on a port of loopback, started, stopped and killed at will."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support import ROOT
from tests.support.databases import missing
from tests.support.peers.insistent import await_that
from tests.support.server.nginx import free_port, listening

STOP_SECONDS = 30

UNPRIVILEGED = "postgres" if os.geteuid() == 0 else None
"""Who runs the servers that refuse to run as root; None where that is not who starts them."""


class Daemon:
    """Keeps its port over all its processes. What it prints is in ``log``."""

    def __init__(self, folder: Path, name: str, user: str | None = None) -> None:
        self.name, self.port, self.folder = name, free_port(), folder / name
        self.log = folder / f"{name}.log"
        self.user = user
        self.folder.mkdir()
        if user:
            shutil.chown(self.folder, user)
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start a process and wait until it listens."""
        with self.log.open("ab") as log:
            process = self.process = subprocess.Popen(
                command,
                cwd=ROOT if self.user is None else self.folder,
                env=environment,
                user=self.user,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await_that(lambda: listening(self.port) or process.poll() is not None)
        if process.poll() is not None:
            raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop, and wait until it has; nothing where it does not run."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(by)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill(process)

    def kill(self) -> None:
        """End it and all its children as a crash would."""
        process, self.process = self.process, None
        if process is not None:
            self._kill(process)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def passable_folder() -> Iterator[Path]:
    """A temporary folder in which the servers that do not run as root find theirs."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


def program(name: str, package: str, *folders: str) -> str:
    """Where a program is: in one of ``folders``, or on the path."""
    path = os.pathsep.join([*folders, os.environ["PATH"], "/usr/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        missing(name, f"apt-get install {package}")
    return str(found)
