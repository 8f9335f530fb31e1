"""A clock that a test turns."""

from __future__ import annotations

from datetime import datetime, timedelta


class Clock:
    """A clock for ``Ratchet(clock=…)`` or ``init_app(app, clock=…)``; it stands still until it is turned."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def set(self, moment: float | datetime) -> None:
        """Set the clock to a moment: seconds since the epoch, or a datetime."""
        self._now = moment.timestamp() if isinstance(moment, datetime) else float(moment)

    def advance(self, span: float | timedelta) -> None:
        """Let a span of time pass: seconds, or a timedelta."""
        self._now += span.total_seconds() if isinstance(span, timedelta) else span
