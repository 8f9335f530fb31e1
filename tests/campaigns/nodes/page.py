"""The closing table as text, and as a part of docs/scaling.md."""

from __future__ import annotations

from collections.abc import Sequence

from docs.generator import DOCS
from docs.generator.parts import markdown, with_parts

from .ledger import HEAD

PAGE = DOCS / "scaling.md"


def table(rows: Sequence[Sequence[str]]) -> str:
    """The rows below ``HEAD``, in columns."""
    cells = [HEAD, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def write(rows: Sequence[Sequence[str]]) -> None:
    """Put the closing table of a run into its page."""
    PAGE.write_text(with_parts(PAGE.read_text(), {"nodes": markdown(HEAD, rows)}))
