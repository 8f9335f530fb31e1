"""gunicorn that is killed, restarted and given new keys, while the address stays the same."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.server import gunicorn
from tests.support.server.servers import environment_for

from .plan import Plan

KEPT_KEYS = 2
"""Former keys that are still accepted: a sleeping laptop may hold a token of one."""


@dataclass(frozen=True)
class Generation:
    """One gunicorn master; ``ready`` is the folder where its workers report."""

    master: subprocess.Popen[bytes]
    ready: Path

    @property
    def workers(self) -> list[int]:
        """The worker processes that can take requests."""
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text().split()
        return [int(child) for child in children if (self.ready / child).exists()]


class Fleet:
    """The site on one port, whichever processes serve it.

    Several fleets can serve one ``listener``; a connection goes to any of them.
    """

    def __init__(self, plan: Plan, folder: Path, listener: socket.socket | None = None) -> None:
        self._plan, self._folder = plan, folder
        self._listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._keys = [secrets.token_hex(32)]
        self._starts = 0
        self._serving = self._start(self._keys)

    def kill(self, dice: random.Random) -> bool:
        """End one worker as a crash would; not while another is still starting."""
        workers = self._serving.workers
        if len(workers) < self._plan.workers:
            return False
        with suppress(ProcessLookupError):
            os.kill(dice.choice(workers), signal.SIGKILL)
            return True
        return False

    def rotate_key(self) -> None:
        """A new SECRET_KEY in two rolling restarts.

        Old and new processes run side by side for a moment. So the new key is first accepted by all, and
        signs only when no process is left that does not know it.
        """
        new = secrets.token_hex(32)
        former = self._keys[: KEPT_KEYS + 1]
        self._roll([former[0], new, *former[1:]])
        self._roll([new, *former])
        self._keys = [new, *former[:KEPT_KEYS]]

    def stop(self) -> None:
        """Stop serving."""
        gunicorn.stop(self._serving.master)
        self._listener.close()

    def _roll(self, keys: list[str]) -> None:
        """Start processes with these keys, the first one signing; then stop those before them."""
        before, self._serving = self._serving, self._start(keys)
        gunicorn.stop(before.master)

    def _start(self, keys: list[str]) -> Generation:
        self._starts += 1
        ready = self._folder / f"generation-{self._starts}"
        ready.mkdir()
        with (self._folder / "gunicorn.log").open("ab") as log:
            master = gunicorn.start(
                self._listener, [*self._options(), "wsgi:app"], self._environment(keys, ready), log=log
            )
        generation = Generation(master, ready)
        self._await(generation)
        return generation

    def _options(self) -> list[str]:
        workers, threads = str(self._plan.workers), str(self._plan.threads)
        return ["--config", f"python:{__package__}.served", "--workers", workers, "--threads", threads]

    def _environment(self, keys: list[str], ready: Path) -> dict[str, str]:
        planned = {
            "FLASK_SECRET_KEY": keys[0],
            "FLASK_SECRET_KEY_FALLBACKS": json.dumps(keys[1:]),
            "FLASK_RATCHET_LEEWAY": f"{self._plan.leeway}s",
            "FLASK_RATCHET_ACCESS_TTL": f"{self._plan.access_ttl}s",
            "FLASK_RATCHET_MAX_SESSIONS": "20",
            "SOAK_READY": str(ready),
        }
        return environment_for(self._plan.url, **{**planned, **self._plan.environment})

    def _await(self, generation: Generation) -> None:
        deadline = time.monotonic() + gunicorn.BOOT_SECONDS
        while len(generation.workers) < self._plan.workers:
            if generation.master.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"gunicorn did not start:\n{self.log()[-2000:]}")
            time.sleep(0.05)

    def log(self) -> str:
        """What gunicorn has printed."""
        return (self._folder / "gunicorn.log").read_text(errors="replace")


@contextmanager
def fleet_of(plan: Plan, folder: Path, listener: socket.socket | None = None) -> Iterator[Fleet]:
    """A fleet that is gone afterwards."""
    fleet = Fleet(plan, folder, listener)
    try:
        yield fleet
    finally:
        fleet.stop()
