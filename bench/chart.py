"""The charts of a run: bars from left to right, as SVG on a white card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.campaigns.proof.pictures import svg

from .results import NAMES, SHARE_OF_THE_FLOOR, Results
from .served.starting import Start
from .served.subjects import FLOOR, VIEWS

WIDTH, LEFT, RIGHT = 940, 300.0, 830.0
TOP, ROW, BAR = 92.0, 28.0, 17.0
OURS, LEAST, OTHERS = svg.GOOD, svg.TIME, "#3b6fb6"
"""The colours of bars: Ratchet, the floor, other packages."""


class Bar(NamedTuple):
    """A bar: what it is of, how long, and what stands behind it; without a length it is a headline."""

    name: str
    length: float | None = None
    words: str = ""

    @property
    def colour(self) -> str:
        """By whose it is."""
        return OURS if self.name.startswith("Ratchet") else LEAST if self.name == FLOOR.name else OTHERS


def chart(title: str, subtitle: str, bars: Sequence[Bar], limit: float | None = None) -> str:
    """The bars below one another; a line at ``limit``."""
    longest = max([bar.length or 0.0 for bar in bars] + [limit or 0.0])
    height = TOP + ROW * len(bars) + 20
    strokes = [
        svg.text((32, 40), title, size=18, anchor="start", weight=600),
        svg.text((32, 62), subtitle, size=13, fill=svg.FAINT, anchor="start"),
        *(stroke for number, bar in enumerate(bars) for stroke in _drawn(bar, number, longest)),
    ]
    if limit is not None:
        at = _x(limit, longest)
        strokes.append(svg.line((at, TOP - 12), (at, height - 18), stroke=svg.INK))
        strokes.append(svg.text((at, TOP - 18), f"target {limit:g}", size=12))
    return svg.card(WIDTH, round(height), title, strokes)


def _x(length: float, longest: float) -> float:
    return LEFT + max(length, 0.0) / longest * (RIGHT - LEFT)


def _drawn(bar: Bar, number: int, longest: float) -> Iterator[str]:
    middle = TOP + ROW * (number + 0.5)
    if bar.length is None:
        yield svg.text((LEFT - 12, middle + 5), bar.name, size=14, anchor="end", weight=600)
        return
    end = _x(bar.length, longest)
    yield svg.text((LEFT - 12, middle + 5), bar.name, size=13, anchor="end")
    place = f"x='{LEFT:g}' y='{middle - BAR / 2:g}' width='{max(end - LEFT, 1):.1f}' height='{BAR:g}'"
    yield f"<rect {place} rx='3' fill='{bar.colour}'/>"
    yield svg.text((end + 8, middle + 5), bar.words, size=13, fill=svg.FAINT, anchor="start")


def charts(results: Results) -> dict[str, str]:
    """The charts of what was measured, by file name."""
    made = {}
    if results.guarded:
        made["bench-guard.svg"] = guarded(results)
    if results.refreshes:
        made["bench-refresh.svg"] = refreshes(results)
    if results.starts:
        made["bench-memory.svg"] = memory(results.starts)
    return made


def guarded(results: Results) -> str:
    """What a guarded view costs over the bare one of the same framework."""
    figures = results.guarded
    over = {
        view.name: figures[view.name].processor.middle - figures[view.base].processor.middle
        for view in VIEWS
        if view.name != view.base
    }
    bars = [Bar(name, length, f"{length:.0f} µs") for name, length in over.items()]
    subtitle = "µs of the server's processor time over the bare view of the same framework; shorter is better"
    return chart("A guarded view over HTTP", subtitle, bars)


def refreshes(results: Results) -> str:
    """What part of the floor's speed each refresh reaches."""
    bars = []
    for kind, figures in results.refreshes.items():
        shares = {name: results.share(kind, name) for name in figures}
        bars += [Bar(NAMES[kind]), *(Bar(name, share, f"{share:.2f}") for name, share in shares.items())]
    subtitle = "part of the floor's speed, by the server's processor time; longer is better"
    return chart("A refresh over HTTP", subtitle, bars, SHARE_OF_THE_FLOOR)


def memory(starts: dict[str, Start]) -> str:
    """The memory of a worker of each site."""
    bars = [
        Bar(name, one.memory, f"{one.memory:.0f} MB, {one.seconds:.2f} s") for name, one in starts.items()
    ]
    subtitle = "MB that only this worker has, and seconds from start to first reply; shorter is better"
    return chart("Memory of a worker, and cold start", subtitle, bars)
