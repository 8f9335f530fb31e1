"""How often, and how much: a good part of it among the tests, the whole of it by ``make counts``."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

WHOLE = os.environ.get("WHOLE_COUNTS") == "1"


def count(usual: int, whole: int) -> int:
    """How often something is done: ``usual`` in a run that people wait for, ``whole`` where all is wanted."""
    return whole if WHOLE else usual


def without_the_long(cases: Iterable[str], long: Collection[str]) -> list[str]:
    """The cases that are tried: all but the ``long`` ones in a run that people wait for."""
    return [case for case in cases if WHOLE or case not in long]
