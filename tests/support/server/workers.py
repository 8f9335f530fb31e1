"""The worker processes of a running gunicorn: which they are, what they are connected to, and their end."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..peers.insistent import await_that
from .gunicorn import Server


def workers_of(running: Server) -> list[int]:
    """The process ids of the workers that are there now."""
    master = running.process.pid
    return [int(child) for child in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def kill_workers(running: Server, kills: int, most_later: float, answers: Callable[[], int]) -> int:
    """Kill a random worker at a random moment, ``most_later`` seconds at most after one more answer came.

    Returns how many were really killed: one that has just gone does not count, and is made up for.
    """
    dice, killed = random.Random(11), 0  # noqa: S311  # luck, not a secret
    while killed < kills:
        before = answers()
        await_that(lambda: answers() > before)  # noqa: B023  # asked before the next turn
        time.sleep(dice.uniform(0, most_later))
        with suppress(ProcessLookupError, IndexError):
            os.kill(dice.choice(workers_of(running)), signal.SIGKILL)
            killed += 1
    return killed


def replaced(running: Server, before: list[int]) -> Callable[[], bool]:
    """Whether the server has as many workers as before, and none of those."""
    return lambda: len(workers_of(running)) == len(before) and not set(workers_of(running)) & set(before)


def connections_to(port: int, process: int) -> set[str]:
    """The TCP connections (inodes) that a process holds to a port."""
    there = {
        fields[9]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if int(fields[2].rpartition(":")[2], base=16) == port
    }
    return there & set(_sockets(process))


def _sockets(process: int) -> list[str]:
    found = []
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found


def processor_time(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
