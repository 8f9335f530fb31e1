"""Parts of a page that a run writes, between marks of their name; the rest is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def part(page: str, name: str) -> str:
    """What the page has between ``<!-- name -->`` and ``<!-- /name -->``."""
    return _cut(page, name)[1].strip("\n")


def with_parts(page: str, parts: Mapping[str, str]) -> str:
    """The page with these parts in place of what it had."""
    for name, words in parts.items():
        before, _, after = _cut(page, name)
        page = f"{before}\n{words}\n{after}"
    return page


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as Markdown."""
    ruled = (head, ("---",) * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows))
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled)


def _cut(page: str, name: str) -> tuple[str, str, str]:
    """The page up to a part, the part, and the page from there on; the marks stay outside."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    start, end = page.index(opening) + len(opening), page.index(closing)
    return page[:start], page[start:end], page[end:]
