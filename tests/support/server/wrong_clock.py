"""Servers whose clock is wrong (libfaketime): the offset is in a file and can be changed while they run."""

from __future__ import annotations

from pathlib import Path

from tests.support.databases import missing

SLEEP_BY_SELECT = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
"""libfaketime 0.9.10 breaks the system call of time.sleep if it does not change the monotonic clock."""


class WrongClock:
    """The clock of one node; starts right."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(SLEEP_BY_SELECT)
        self._file = folder / "offset"
        self._ahead = 0.0
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """Turn the clock; back, where ``seconds`` is negative."""
        self._ahead += seconds
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{self._ahead:+}")
        fresh.replace(self._file)  # a process reads the old offset or the new one, never half of it

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process and its children read this clock.

        Time stamps of files and the monotonic clock stay right: gunicorn watches its workers by them.
        """
        return {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._file.parent),
        }


def library() -> str:
    """Where libfaketime is; the version for programs with threads."""
    for found in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        return str(found)
    missing("libfaketime", "install the package faketime")
    raise AssertionError("missing skips or fails")
