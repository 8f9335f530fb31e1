"""The drawing of the house: a roof, the floors below it, and the rooms that stand on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .house import Module, Room, floors

KINDS = {
    "web": ("#e8f1ff", "#1d4ed8", "knows Flask"),
    "sql": ("#fff4dc", "#b45309", "knows SQL"),
    "plain": ("#e4f7ef", "#0f766e", "plain Python"),
}
"""Of a module: its colours, and what they mean."""

MARGIN, WALL, ROOF = 28, 44, 96
"""Around the house; between a wall and the nearest room; height of the roof."""

GAP, ROOM_GAP, PAD, HEADROOM = 7, 18, 12, 16
"""Between modules; between rooms; within a room; above the highest room of a floor."""

BRICK, TITLE, LETTER = 28, 24, 7.8
"""Height of a module; of a room's name; width of a letter."""

SILL = 10
"""Between a room and the floor that it stands on."""


def picture() -> str:
    """The house as SVG, on a white sheet, so that it can be read on dark pages too."""
    storeys = floors()
    inner = max(map(_storey_width, storeys)) + 2 * WALL
    width = inner + 2 * MARGIN
    heights = [max(map(_height, rooms)) + HEADROOM + SILL for rooms in storeys[1:]]
    ground = MARGIN + ROOF + sum(heights)
    return _SHEET.format(
        width=f"{width:.0f}",
        height=f"{ground + 62:.0f}",
        right=f"{width - 2:.0f}",
        bottom=f"{ground + 60:.0f}",
        walls=_walls(width, ground),
        floors="\n".join(_storeys(storeys, heights, width)),
        legend=_legend(width, ground + 36),
    )


def _storeys(storeys: Sequence[Sequence[Room]], heights: Sequence[float], width: float) -> list[str]:
    """The floors, each drawn upwards from the line that its rooms stand on."""
    drawn, line = [], float(MARGIN + ROOF)
    for number, (rooms, height) in enumerate(zip(storeys, [0.0, *heights], strict=True)):
        line += height
        x = (width - _storey_width(rooms)) / 2
        label = f'<text class="number" x="{MARGIN + 16}" y="{line - SILL - 4:.0f}">'
        parts = [f"{label}{len(storeys) - 1 - number}</text>"] if number else []
        if number + 1 < len(storeys):
            parts.append(f'<path class="floor" d="M{MARGIN} {line:.0f}H{width - MARGIN:.0f}"/>')
        for room in rooms:
            parts.append(_drawn(room, x, line - SILL))
            x += _width(room) + ROOM_GAP
        drawn.append(f"  <g>{''.join(parts)}</g>")
    return drawn


def _drawn(room: Room, x: float, floor: float) -> str:
    """A room whose left edge is at ``x``, standing on ``floor``."""
    top, width = floor - _height(room), _width(room)
    if not room.is_package:
        return _brick(room.modules[0], x, top, width)
    parts = [
        f'<rect class="room" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_height(room)}" rx="9"/>',
        f'<text class="name" x="{x + width / 2:.1f}" y="{top + PAD + 9:.1f}">{room.name}</text>',
    ]
    for number, layer in enumerate(room.layers):
        left = x + (width - _layer_width(layer)) / 2
        for module in layer:
            y = top + PAD + TITLE - 4 + number * (BRICK + GAP)
            parts.append(_brick(module, left, y, _brick_width(module)))
            left += _brick_width(module) + GAP
    return "".join(parts)


def _brick(module: Module, x: float, y: float, width: float) -> str:
    fill, ink, _ = KINDS[module.kind]
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BRICK}" rx="6" '
        f'fill="{fill}" stroke="{ink}"/>'
        f'<text x="{x + width / 2:.1f}" y="{y + 18.5:.1f}">{module.name}</text>'
    )


def _walls(width: float, ground: float) -> str:
    """The outline of the house: walls from the ground, and the two slopes of the roof."""
    left, right, eaves = MARGIN, width - MARGIN, MARGIN + ROOF
    roof = f"M{left - 14} {eaves + 7.5}L{width / 2:.0f} {MARGIN}L{right + 14:.0f} {eaves + 7.5}"
    return (
        f'<path class="wall" d="M{left} {eaves}V{ground:.0f}H{right:.0f}V{eaves}"/>'
        f'<path class="roof" d="{roof}"/>'
    )


def _legend(width: float, y: float) -> str:
    """What the colours mean, in the middle below the house."""
    lengths = [24 + len(words) * LETTER for _, _, words in KINDS.values()]
    x, parts = (width - sum(lengths) - 32 * (len(lengths) - 1)) / 2, []
    for (fill, ink, words), length in zip(KINDS.values(), lengths, strict=True):
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 12:.1f}" width="16" height="16" rx="4" fill="{fill}" stroke="{ink}"/>'
            f'<text class="legend" x="{x + 24:.1f}" y="{y + 1:.1f}">{words}</text>'
        )
        x += length + 32
    return f"<g>{''.join(parts)}</g>"


def _row(width_of: Callable[..., float], things: Sequence[object], gap: int) -> float:
    return sum(map(width_of, things)) + gap * (len(things) - 1)


def _storey_width(rooms: Sequence[Room]) -> float:
    return _row(_width, rooms, ROOM_GAP)


def _layer_width(layer: Sequence[Module]) -> float:
    return _row(_brick_width, layer, GAP)


def _brick_width(module: Module) -> float:
    return len(module.name) * LETTER + 20


def _width(room: Room) -> float:
    widest = max(map(_layer_width, room.layers))
    return max(widest, len(room.name) * LETTER) + 2 * PAD if room.is_package else widest


def _height(room: Room) -> int:
    layers = len(room.layers)
    return layers * (BRICK + GAP) - GAP + 2 * PAD + TITLE - 4 if room.is_package else BRICK


_SHEET = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
     role="img" aria-labelledby="title" font-family="ui-monospace, 'DejaVu Sans Mono', monospace"
     font-size="13" text-anchor="middle" fill="#14211f">
  <title id="title">The packages of app/auth and their modules: imports run from floor to lower floor</title>
  <style>
    .room {{ fill: #f4f7f6; stroke: #b9c7c3 }}
    .name {{ font-weight: 700; font-size: 14px }}
    .number {{ fill: #6b7c78; font-size: 12px }}
    .legend {{ text-anchor: start }}
    .floor {{ stroke: #14211f; stroke-width: 1.5 }}
    .wall {{ fill: none; stroke: #14211f; stroke-width: 2.5 }}
    .roof {{ fill: none; stroke: #14211f; stroke-width: 5; stroke-linejoin: round; stroke-linecap: round }}
  </style>
  <rect x="1" y="1" width="{right}" height="{bottom}" rx="18" fill="#ffffff"
        stroke="#d5dddb" stroke-width="2"/>
  {walls}
{floors}
  {legend}
</svg>
"""
