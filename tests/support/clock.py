"""Clocks that tests turn: one for a site in this process, one for a site in another."""

from __future__ import annotations

import time
from pathlib import Path

from .samples import NOW


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Turn the clock; back, where ``seconds`` is negative."""
        self.now += seconds


class FileClock:
    """A clock that runs, for a server: the file ``clock`` in a folder holds the seconds that it is ahead."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"

    def __call__(self) -> float:
        """Seconds since the epoch, as far ahead as the tests have turned it."""
        return time.time() + self.ahead

    def start(self) -> None:
        """Write the file; the clock is right."""
        write_whole(self._file, "0")

    def advance(self, seconds: float) -> None:
        """Turn the clock ahead."""
        write_whole(self._file, str(self.ahead + seconds))

    @property
    def ahead(self) -> float:
        """How far ahead the clock is, in seconds."""
        return float(self._file.read_text())


def write_whole(path: Path, content: str) -> None:
    """Write a file that another process reads: it finds the old content or the new, never half of it."""
    draft = path.with_suffix(".draft")
    draft.write_text(content)
    draft.replace(path)
