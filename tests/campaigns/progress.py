"""What a long run says in a terminal: a line that is written over, and lines that stay."""

from __future__ import annotations

import sys

CLEAR_LINE = "\r\x1b[K"


def is_watched() -> bool:
    """Whether somebody looks at a terminal, not at a file or a pipe."""
    return sys.stdout.isatty()


def show(line: str) -> None:
    """Show a line in place of the one before; nothing where nobody watches."""
    if is_watched():
        print(f"{CLEAR_LINE}{line}", end="", flush=True)


def say(line: str) -> None:
    """Say a line that stays."""
    print(f"{CLEAR_LINE if is_watched() else ''}{line}", flush=True)
