"""The house: the rooms of app/auth on their floors, as the import contract in setup.cfg has them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cached_property

from . import PRODUCT, ROOT

KINDS = {
    "web": ("#eff6ff", "#1d4ed8", "knows Flask"),
    "sql": ("#fffbeb", "#b45309", "knows SQL"),
    "plain": ("#ecfdf5", "#0f766e", "plain Python"),
}
BAR = r"\|"
WEB = {"flask", "werkzeug"}
SQL = {"sqlalchemy"}

MARGIN, STEP, FLOOR, ROOM, GAP, LETTER = 28, 30, 48, 34, 8, 8.6


@dataclass(frozen=True)
class Room:
    """A module of the product."""

    name: str

    @cached_property
    def purpose(self) -> str:
        """The first sentence of its docstring."""
        return (ast.get_docstring(self._tree) or "").split("\n\n")[0].replace("\n", " ")

    @cached_property
    def kind(self) -> str:
        """What it knows of the world outside, by its imports."""
        known = {name.partition(".")[0] for name in self._imports}
        return "sql" if known & SQL else "web" if known & WEB else "plain"

    @property
    def width(self) -> float:
        """Of its box in the picture."""
        return len(self.name) * LETTER + 22

    @property
    def _imports(self) -> list[str]:
        nodes = list(ast.walk(self._tree))
        plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        return plain + [
            node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
        ]

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse((PRODUCT / f"{self.name}.py").read_text())


def floors() -> list[list[Room]]:
    """The floors from the top to the ground."""
    contract = ConfigParser()
    contract.read(ROOT / "setup.cfg")
    layers = contract["importlinter:contract:staircase"]["layers"].split("\n")
    return [[Room(name.strip()) for name in layer.split("|")] for layer in layers if layer]


def table() -> str:
    """The rooms from the top to the ground, each with what it is for."""
    rows = [
        f"| {floor} | `{room.name}` | {room.purpose.replace('|', BAR)} |"
        for floor, rooms in zip(range(len(floors()) - 1, -1, -1), floors(), strict=True)
        for room in rooms
    ]
    return "\n".join(["| floor | room | what it is for |", "| ---: | --- | --- |", *rows])


def picture() -> str:
    """The house as a drawing: the ground floor widest, the stairs along its left side."""
    storeys = floors()
    indents = [MARGIN + STEP * (len(storeys) - 1 - above) for above in range(len(storeys))]
    width = max(map(_right_end, storeys, indents)) + MARGIN
    height = 2 * MARGIN + FLOOR * len(storeys) + 30
    drawn = [
        _floor(rooms, indent, MARGIN + FLOOR * above)
        for above, (rooms, indent) in enumerate(zip(storeys, indents, strict=True))
    ]
    return _SHEET.format(
        width=f"{width:.0f}",
        height=height,
        right=f"{width - 2:.0f}",
        bottom=height - 2,
        floors="\n".join(drawn),
        stairs=_stairs(indents),
        legend=_legend(MARGIN + FLOOR * len(storeys) + 34),
    )


def _right_end(rooms: list[Room], indent: float) -> float:
    return indent + sum(room.width + GAP for room in rooms) - GAP


def _floor(rooms: list[Room], x: float, y: float) -> str:
    boxes = []
    for room in rooms:
        fill, ink, _ = KINDS[room.kind]
        boxes.append(_box(room.name, x, y, room.width, fill, ink))
        x += room.width + GAP
    return f'  <g class="floor">{"".join(boxes)}</g>'


def _box(text: str, x: float, y: float, width: float, fill: str, ink: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROOM}" rx="7" fill="{fill}" stroke="{ink}"/>'
        f'<text x="{x + width / 2:.1f}" y="{y + 22}">{text}</text>'
    )


def _stairs(indents: Sequence[float]) -> str:
    """A line down the left side, one step a floor."""
    steps = [f"M{indents[0] - 12} {MARGIN}"]
    for above, indent in enumerate(indents):
        steps.append(f"V{MARGIN + FLOOR * above + ROOM + 7} H{indent - 12 - STEP}")
    return " ".join(steps[:-1]) + f" V{MARGIN + FLOOR * (len(indents) - 1) + ROOM}"


def _legend(y: float) -> str:
    parts, x = [], float(MARGIN)
    for fill, ink, words in KINDS.values():
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 12}" width="16" height="16" rx="4" fill="{fill}" stroke="{ink}"/>'
        )
        parts.append(f'<text x="{x + 24:.0f}" y="{y + 1}" text-anchor="start">{words}</text>')
        x += 24 + len(words) * LETTER + 28
    return f'<g class="legend">{"".join(parts)}</g>'


_SHEET = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
     role="img" aria-labelledby="title" font-family="ui-monospace, 'DejaVu Sans Mono', monospace"
     font-size="14" text-anchor="middle" fill="#14211f">
  <title id="title">The rooms of app/auth: imports run down the stairs and never back up</title>
  <rect x="1" y="1" width="{right}" height="{bottom}" rx="18" fill="#ffffff"
        stroke="#d5dddb" stroke-width="2"/>
  <path d="{stairs}" fill="none" stroke="#14211f" stroke-width="2"/>
{floors}
  {legend}
</svg>
"""
