"""The figures as tables in Markdown, for docs/scaling.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from docs.generator.parts import markdown

from .wear import Worn

BOUND = 1.2
"""The most that a figure may be in the large table, for 1 in the small one."""

COUNTED_APART = ("cache empty", "bytes of page images", "percent", "dead", "TOAST", "grows")
"""Names of figures for which a ratio says nothing: what they depend on is said on the page."""


class Column(NamedTuple):
    """The figures of one table, the plan of the question, and the version of PostgreSQL.

    ``unknown``: milliseconds of the question without statistics, with one limit and with two.
    """

    users: int
    figures: Mapping[str, float]
    plan: str
    unknown: tuple[float, float]
    version: str


def machine(few: Column, many: Column) -> str:
    """Where and with what it was measured."""
    return (
        f"PostgreSQL {many.version}, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}; tables of {few.users:,} and {many.users:,} users:"
    )


def growth(few: Column, many: Column) -> str:
    """Each figure in the small and in the large table, and the ratio where one is promised."""
    rows = [
        (name, shown(few.figures[name]), shown(many.figures[name]), _ratio(name, few, many))
        for name in few.figures
    ]
    return markdown(("what", f"{few.users:,} users", f"{many.users:,} users", "ratio"), rows)


def worn(tables: Iterable[Worn]) -> str:
    """How often refreshes touched an index, and how large the table was, for each fillfactor."""
    rows = [
        (
            str(one.filled),
            str(one.refreshes),
            f"{100 * one.hot_share:.1f}",
            shown(one.size),
            shown(one.index_size),
        )
        for one in tables
    ]
    head = (
        "fillfactor",
        "refreshes each user",
        "percent without index writes",
        "bytes a user, table",
        "indexes",
    )
    return markdown(head, rows)


def question(few: Column, many: Column) -> str:
    """How the server answers the question, and how long it takes without statistics."""
    one, two = many.unknown
    return (
        f"The plan is `{few.plan}` with {few.users:,} users and `{many.plan}` with {many.users:,}. "
        f"Without statistics of the table, a question with one limit takes {shown(one)} ms "
        f"with {many.users:,} users, and the question with two limits {shown(two)} ms."
    )


def shown(figure: float) -> str:
    """A figure in as many digits as it is worth."""
    return f"{figure:,.0f}" if figure >= 20 else f"{figure:.2f}"


def _ratio(name: str, few: Column, many: Column) -> str:
    """The ratio; one above the bound says so."""
    if any(part in name for part in COUNTED_APART) or not few.figures[name]:
        return ""
    ratio = many.figures[name] / few.figures[name]
    return f"{ratio:.2f}" if ratio <= BOUND else f"**{ratio:.2f}**"
