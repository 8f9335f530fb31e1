"""How often: a good part of it among the tests, the whole of it by ``make counts``."""

from __future__ import annotations

import os

WHOLE = os.environ.get("WHOLE_COUNTS") == "1"


def count(usual: int, whole: int) -> int:
    """How often something is done: ``usual`` in a run that people wait for, ``whole`` where all is wanted."""
    return whole if WHOLE else usual
