"""Spans of time as people write them in a configuration."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhdw]?)", re.ASCII)


def seconds(value: object) -> float:
    """Seconds of a timedelta, a number of seconds, or text such as ``"15m"``; ValueError otherwise."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, str) and (span := _SPAN.fullmatch(value.strip())):
        value = float(span[1]) * UNITS[span[2] or "s"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e10:
        raise ValueError("not a span of time")
    return float(value)


def text(value: float) -> str:
    """The shortest text that ``seconds`` reads back as ``value``, in the largest unit that fits."""
    for unit in reversed(UNITS):
        if value and value % UNITS[unit] == 0 and (unit != "w" or value == UNITS["w"]):
            return f"{value / UNITS[unit]:.0f}{unit}"
    return f"{value:.3f}".rstrip("0").rstrip(".") + "s"
