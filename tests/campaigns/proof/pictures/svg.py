"""The few strokes that the pictures are drawn with. A white card, so that they read on any page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

INK, FAINT, RULED = "#1f2933", "#66727f", "#e3e8ee"
FONT = "font-family='system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif'"
Point = tuple[float, float]


def card(width: int, height: int, title: str, strokes: Iterable[str]) -> str:
    """A whole picture on a white card with a rounded border; ``title`` is for those who cannot see it."""
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' role='img' {FONT}>"
    )
    sheet = (
        f"<rect x='0.5' y='0.5' width='{width - 1}' height='{height - 1}' rx='14' fill='#ffffff' "
        f"stroke='#d5dce4'/>"
    )
    return "\n".join([head, f"<title>{escape(title)}</title>", _heads(), sheet, *strokes, "</svg>", ""])


def _heads() -> str:
    """Arrow heads, one for each colour an arrow may have."""
    marks = (
        f"<marker id='head{colour[1:]}' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='7' "
        f"markerHeight='7' orient='auto'><path d='M0 1 L9 5 L0 9 z' fill='{colour}'/></marker>"
        for colour in ARROWS
    )
    return f"<defs>{''.join(marks)}</defs>"


ARROWS = GOOD, BAD, TIME = "#1f7a4d", "#b3362b", "#8894a1"
"""The colours of arrows: a token is handed out, the session ends, time passes."""


def text(
    at: Point, words: str, *, size: int = 14, fill: str = INK, anchor: str = "middle", weight: int = 400
) -> str:
    """One line of text."""
    return (
        f"<text x='{at[0]:g}' y='{at[1]:g}' font-size='{size}' fill='{fill}' text-anchor='{anchor}' "
        f"font-weight='{weight}'>{escape(words)}</text>"
    )


def lines(at: Point, words: Iterable[str], *, size: int = 14, fill: str = INK, anchor: str = "middle") -> str:
    """Lines of text below one another."""
    rows = enumerate(words)
    return "".join(
        text((at[0], at[1] + row * size * 1.3), each, size=size, fill=fill, anchor=anchor)
        for row, each in rows
    )


def box(at: Point, size: Point, *, fill: str, stroke: str) -> str:
    """A rounded box, from its centre."""
    corner = at[0] - size[0] / 2, at[1] - size[1] / 2
    return (
        f"<rect x='{corner[0]:g}' y='{corner[1]:g}' width='{size[0]:g}' height='{size[1]:g}' rx='10' "
        f"fill='{fill}' stroke='{stroke}' stroke-width='1.5'/>"
    )


def arrow(path: str, colour: str, *, dashed: bool = False) -> str:
    """An arrow along an SVG path."""
    dash = " stroke-dasharray='5 5'" if dashed else ""
    return (
        f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='1.8'{dash} "
        f"marker-end='url(#head{colour[1:]})'/>"
    )


def line(start: Point, end: Point, *, stroke: str = RULED, width: float = 1) -> str:
    """A straight line."""
    return (
        f"<line x1='{start[0]:g}' y1='{start[1]:g}' x2='{end[0]:g}' y2='{end[1]:g}' stroke='{stroke}' "
        f"stroke-width='{width:g}'/>"
    )


def curve(points: Iterable[Point], stroke: str) -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f"<polyline points='{path}' fill='none' stroke='{stroke}' stroke-width='2.5'/>"


def dot(at: Point, colour: str, *, hollow: bool = False) -> str:
    """A measured point; hollow where nothing was counted."""
    fill = "#ffffff" if hollow else colour
    place = f"cx='{at[0]:.1f}' cy='{at[1]:.1f}' r='4.5'"
    return f"<circle {place} fill='{fill}' stroke='{colour}' stroke-width='2'/>"
