"""The chart of false sign-outs against the leeway, drawn from the simulation's counts."""

from __future__ import annotations

from collections.abc import Iterator
from math import log10

from tests.campaigns.proof.pictures import svg
from tests.campaigns.proof.pictures.svg import Point
from tests.campaigns.proof.simulate import CONTENDERS, LEEWAYS
from tests.campaigns.proof.tables import Rates

COLOURS = dict(
    zip(CONTENDERS, ("#1f7a4d", "#4aa3a2", "#7ab08f", "#3b6fb6", "#c98a1b", "#b3362b"), strict=True)
)
LEFT, RIGHT, TOP, BOTTOM = 92.0, 690.0, 86.0, 400.0
DECADES = range(7)
FLOOR = 28.0
"""How far below one in a million a count of nought is drawn."""


def wake_ups_chart(rates: Rates, network: str) -> str:
    """The chart as SVG."""
    title = f"False sign-outs per million wake-ups on a {network}"
    strokes = [
        svg.text((LEFT - 60, 38), title, size=18, anchor="start", weight=600),
        svg.text(
            (LEFT - 60, 60), "three tabs, by leeway; lower is better", size=13, fill=svg.FAINT, anchor="start"
        ),
        *_scales(),
        *(stroke for name in reversed(CONTENDERS) for stroke in _series(name, rates)),
        *_names(rates),
    ]
    return svg.card(940, 470, title, strokes)


def _x(leeway: int) -> float:
    low, high = log10(LEEWAYS[0]), log10(LEEWAYS[-1])
    return LEFT + (log10(leeway) - low) / (high - low) * (RIGHT - LEFT)


def _y(rate: float) -> float:
    """A millionth of a million is the lowest decade; nought has a line of its own below it."""
    height = BOTTOM - FLOOR - TOP
    return BOTTOM if rate == 0 else BOTTOM - FLOOR - log10(rate) / DECADES[-1] * height


def _scales() -> Iterator[str]:
    for decade in DECADES:
        yield svg.line((LEFT - 12, _y(10**decade)), (RIGHT + 12, _y(10**decade)))
        label = f"{10**decade:,}"
        yield svg.text((LEFT - 20, _y(10**decade) + 4), label, size=12, fill=svg.FAINT, anchor="end")
    yield svg.line((LEFT - 12, BOTTOM), (RIGHT + 12, BOTTOM), stroke=svg.FAINT)
    yield svg.text((LEFT - 20, BOTTOM + 4), "none", size=12, fill=svg.FAINT, anchor="end")
    for leeway in LEEWAYS:
        yield svg.text((_x(leeway), BOTTOM + 24), f"{leeway} s", size=13)
    yield svg.text(((LEFT + RIGHT) / 2, BOTTOM + 48), "leeway", size=13, fill=svg.FAINT)


def _rate(refused: int, wake_ups: int) -> float:
    return refused / wake_ups * 1e6


def _series(name: str, rates: Rates) -> Iterator[str]:
    colour, counts = COLOURS[name], {leeway: rates[name, leeway] for leeway in LEEWAYS}
    points: list[Point] = [(_x(leeway), _y(_rate(*each))) for leeway, each in counts.items()]
    yield svg.curve(points, colour)
    for point, (refused, wake_ups) in zip(points, counts.values(), strict=True):
        if refused:
            spread = 2 * refused**0.5
            low, high = max(refused - spread, 1), refused + spread
            ends = _y(_rate(round(low), wake_ups)), _y(_rate(round(high), wake_ups))
            yield svg.line((point[0], ends[0]), (point[0], ends[1]), stroke=colour, width=1.5)
        yield svg.dot(point, colour, hollow=not refused)


def _names(rates: Rates) -> Iterator[str]:
    """Each rule's name at the end of its line, pushed apart where lines end close together."""
    ends = sorted(
        (_y(_rate(*rates[name, LEEWAYS[-1]])), order, name) for order, name in enumerate(CONTENDERS)
    )
    floor = -1.0
    heights = []
    for end, _, name in ends:
        floor = max(end, floor + 20)
        heights.append((name, floor))
    over = max(0.0, floor - BOTTOM - 4)
    for name, height in heights:
        lifted = height - over if height > BOTTOM - 60 else height
        yield svg.text(
            (RIGHT + 26, lifted + 5), name, size=13, fill=COLOURS[name], anchor="start", weight=600
        )
