"""What is watched: what code opens (the audit events of Python, PEP 578), and how much bcrypt it runs."""

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


def bcrypt_work(bcrypts: list[bytes]) -> int:
    """The rounds of all these runs of bcrypt together; each is given by its salt."""
    return sum(2 ** int(salt[4:6]) for salt in bcrypts)
