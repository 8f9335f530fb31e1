"""Write what is written from the code."""

from __future__ import annotations

from . import DOCS, drawing, house, settings
from .insertion import with_table

TABLES = {"settings.md": settings.table, "how-it-works.md": house.table}


def main() -> None:
    """Write the picture of the house, and the tables in their pages."""
    (DOCS / "pictures" / "house.svg").write_text(drawing.picture())
    for name, table in TABLES.items():
        page = DOCS / name
        page.write_text(with_table(page.read_text(), table()))


if __name__ == "__main__":
    main()
