"""Moments in words: right in every time zone, and never more exact than what Ratchet tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.site.moments import about, ago, devices

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (86_400, "1 day ago"),
        (90 * 86_400, "90 days ago"),
    ],
)
def test_an_exact_age_is_told_in_its_largest_unit(seconds: int, words: str) -> None:
    """Units are not mixed, and one of them is no plural."""
    assert ago(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0.5, "within the last hour"),
        (1.5, "within the last 2 hours"),
        (2, "about 2 hours ago"),
        (49, "about 2 days ago"),
    ],
)
def test_a_use_is_told_as_exactly_as_it_is_known(hours: float, words: str) -> None:
    """The hour of the last use is known, so an hour more or less is left open."""
    assert about(timedelta(hours=hours)) == words


def test_this_device_comes_first() -> None:
    """Its own last use is the present moment, by which the others are told."""
    listed = devices([item("theirs", hours=3, current=False), item("mine", hours=0, current=True)])
    assert [(one["id"], one["used"], one["signed_in"]) for one in listed] == [
        ("mine", "within the last hour", "1 day ago"),
        ("theirs", "about 3 hours ago", "1 day ago"),
    ]


def item(name: str, *, hours: int, current: bool) -> dict[str, object]:
    """A session as Ratchet lists it, started a day ago."""
    return {
        "id": name,
        "current": current,
        "last_used_at": text(NOW - timedelta(hours=hours)),
        "started_at": text(NOW - timedelta(days=1)),
    }


def text(moment: datetime) -> str:
    """The moment in ISO 8601, UTC."""
    return moment.isoformat().replace("+00:00", "Z")
