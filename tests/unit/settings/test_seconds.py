"""Spans of time, as people write them in a configuration."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.settings.parsers import seconds

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
SPANS: list[Any] = [
    pytest.param("360s", 360, id="seconds"),
    pytest.param("15m", 900, id="minutes"),
    pytest.param("12h", 43_200, id="hours"),
    pytest.param("2d", 172_800, id="days"),
    pytest.param("1w", 604_800, id="a week"),
    pytest.param("1.5h", 5400, id="a fraction"),
    pytest.param(" 15 m ", 900, id="space around"),
    pytest.param("90", 90, id="a number as text is seconds"),
    pytest.param("0s", 0, id="nothing"),
    pytest.param(90, 90, id="a number is seconds"),
    pytest.param(0.5, 0.5, id="a fraction of a second"),
    pytest.param(timedelta(minutes=15), 900, id="a timedelta"),
]
NO_SPANS: list[Any] = [
    pytest.param("", id="empty"),
    pytest.param("s", id="only a unit"),
    pytest.param("-1s", id="negative text"),
    pytest.param("1e3", id="an exponent"),
    pytest.param("1,5h", id="a comma"),
    pytest.param("15M", id="a unit in upper case"),
    pytest.param("15min", id="a longer unit"),
    pytest.param("1y", id="a unit nobody knows"),
    pytest.param("1h30m", id="two spans"),
    pytest.param("\u0661m", id="digits of another script"),
    pytest.param("9" * 10, id="ten digits"),
    pytest.param("999999999w", id="longer than the calendar"),
    pytest.param(-1, id="a negative number"),
    pytest.param(1e10, id="three centuries"),
    pytest.param(float("nan"), id="not a number"),
    pytest.param(float("inf"), id="for ever"),
    pytest.param(timedelta(seconds=-1), id="a negative timedelta"),
    pytest.param(True, id="true"),
    pytest.param(None, id="none"),
    pytest.param(["15m"], id="a list"),
    pytest.param(b"15m", id="bytes"),
]


@pytest.mark.parametrize(("value", "span"), SPANS)
def test_a_span_is_read_as_seconds(value: object, span: float) -> None:
    """A timedelta, a number or text with a unit: all become seconds."""
    assert seconds(value) == span


@pytest.mark.parametrize("value", NO_SPANS)
def test_anything_else_is_refused(value: object) -> None:
    """Each of these is a ValueError, and nothing else."""
    with pytest.raises(ValueError, match="span"):
        seconds(value)


@given(st.integers(0, 10**4 - 1), st.sampled_from([0, 0.5, 0.25]), st.sampled_from(sorted(UNITS)))
def test_a_span_is_as_many_units_as_it_says(whole: int, fraction: float, unit: str) -> None:
    """Of every unit, also with a fraction."""
    assert seconds(f"{whole + fraction}{unit}") == (whole + fraction) * UNITS[unit]
