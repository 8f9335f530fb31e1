"""What Python itself says is opened: files, connections, programs (its audit events, PEP 578)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

OPENINGS = (
    "open",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "socket.",
    "subprocess.",
    "sqlite3.",
)

_watches: list[list[str]] = []


def _note(event: str, _arguments: tuple[object, ...]) -> None:
    for seen in _watches:
        if event.startswith(OPENINGS):
            seen.append(event)


sys.addaudithook(_note)  # there is no way to take a hook away again


@contextmanager
def openings() -> Iterator[list[str]]:
    """The audit events of everything that is opened in this block."""
    seen: list[str] = []
    _watches.append(seen)
    try:
        yield seen
    finally:
        _watches.remove(seen)
