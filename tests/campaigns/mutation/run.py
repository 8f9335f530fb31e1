"""Run tests against mutants: each in a process of its own, forked where the tests are collected already."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

import pytest

from .become import graft, supplant
from .mutants import Mutant

PATIENCE = 3
"""A mutant may compute so many times as long as the code itself; then it counts as killed."""

MAX_WAIT = 60
"""Seconds that one test may take on the clock, so that a mutant that waits for ever is killed too."""

QUIETLY = ("-oaddopts=", "-pno:terminal", "-pno:cacheprovider", "-x", "--hypothesis-seed=1")
ON_SQLITE = "-knot postgresql and not mariadb"


@dataclass
class Trial:
    """A pytest plugin that runs the collected tests once for each mutant; ``tell`` hears how each ended."""

    mutants: Sequence[Mutant]
    tests: Sequence[str]
    workers: int
    tell: Callable[[Mutant, bool], None]
    running: dict[int, Mutant] = field(default_factory=dict)
    is_child: bool = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """In a child nothing, so that pytest runs the tests; in the parent all the rest."""
        gc.freeze()
        seconds = None
        for mutant in (None, *self.mutants):
            if mutant and len(self.running) == self.workers:
                self._wait()
            pid = os.fork()
            if pid == 0:
                self._become(mutant, seconds)
                return None
            if mutant:
                self.running[pid] = mutant
            else:
                seconds = _clean_seconds(pid)
        while self.running:
            self._wait()
        return True

    def _wait(self) -> None:
        pid, status = os.wait()
        self.tell(self.running.pop(pid), status != 0)

    def _become(self, mutant: Mutant | None, seconds: float | None) -> None:
        self.is_child = True
        if mutant is None or seconds is None:
            return
        _confine(int(PATIENCE * seconds) + 1)
        try:
            if mutant.in_function:
                graft(mutant)
            else:
                supplant(mutant)
                os._exit(pytest.main([*options(), *self.tests]))
        except BaseException:  # noqa: BLE001  # whatever it is, a process must not go on as if it were the parent
            os._exit(1)


def try_all(
    mutants: Sequence[Mutant], tests: Sequence[str], workers: int, tell: Callable[[Mutant, bool], None]
) -> None:
    """Try mutants; the tests have to pass when nothing is changed."""
    trial = Trial(mutants, tests, workers, tell)
    with TemporaryDirectory() as folder:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        status = pytest.main([*options(), *tests], plugins=[trial])
        if trial.is_child:
            os._exit(status)
    if status:
        raise SystemExit(f"these tests cannot be run: {' '.join(tests)}")


def options() -> list[str]:
    """What pytest is told beside the tests."""
    return [*QUIETLY, f"--timeout={MAX_WAIT}", ON_SQLITE]


def _clean_seconds(pid: int) -> float:
    """How long the tests compute when nothing is changed."""
    _, status, usage = os.wait4(pid, 0)
    if status:
        pytest.exit("the tests fail although nothing is changed", 1)
    return usage.ru_utime + usage.ru_stime


def _confine(seconds: int) -> None:
    """Nothing is said, and the system ends what computes for too long."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
