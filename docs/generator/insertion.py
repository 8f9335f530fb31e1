"""A table that is written from the code, inside a page that is written by hand."""

from __future__ import annotations

BEGIN = "<!-- written by python -m docs.generator -->\n"
END = "<!-- end -->"


def with_table(page: str, table: str) -> str:
    """The page with the table between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table}\n{END}{after}"
