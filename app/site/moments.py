"""When something happened, in words that are right in every time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def devices(sessions: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    """The sessions that Ratchet lists, this one first, each with its times in words.

    These are ``used``, ``signed_in`` and ``refused``. The session of a request is in use now, so its own time
    is the present one.
    """
    ordered = sorted(sessions, key=lambda item: not item["current"])
    now = _read(ordered[0]["last_used_at"])
    return [
        {
            **item,
            "used": about(now - _read(item["last_used_at"])),
            "signed_in": ago(now - _read(item["started_at"])),
            "refused": about(now - _read(copied)) if (copied := item.get("copy_refused_at")) else "",
        }
        for item in ordered
    ]


def ago(age: timedelta) -> str:
    """An exact age in words: ``3 hours ago``."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if count := age // unit:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def about(age: timedelta) -> str:
    """In words an age that is up to an hour too high: Ratchet shows the last use of a device by the hour."""
    if age < HOUR:
        return "within the last hour"
    if age < 2 * HOUR:
        return "within the last 2 hours"
    return f"about {ago(age)}"


def _read(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
