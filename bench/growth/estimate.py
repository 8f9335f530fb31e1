"""The estimate of docs/scaling.md for a hundred million users, from the figures that the same page shows.

So a reader can calculate it again, and a test does.
"""

from __future__ import annotations

from collections.abc import Mapping

from docs.generator.parts import markdown, part

USERS = 100_000_000
ACTIVE_HOURS = 16
DEVICES = 1
PROCESSES = 1_000
MINUTES = (10, 30)
"""Minutes between two refreshes of a device: the lifetime of an access token."""

SITE = "µs of processor time a refresh, site"
SERVER = "µs of processor time a refresh, server, with checkpoints and vacuum"
LOG = "bytes of log a refresh, without page images"
SIZES = ("bytes of the table, each user", "bytes of the indexes, each user")
QUESTION = "µs of processor time a question, a sign-out every second, server"


def words(page: str) -> str:
    """The estimate as a table, from the figures of the large table on the page."""
    figures = read(part(page, "growth"))
    head = ("what", *(f"a refresh every {minutes} minutes" for minutes in MINUTES))
    columns = [refreshes(figures, minutes) for minutes in MINUTES]
    rows = [(row[0][0], *(figure for _, figure in row)) for row in zip(*columns, strict=True)]
    return markdown(head, rows)


def read(table: str) -> Mapping[str, float]:
    """The figures of the second column, by name."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {name: float(many.replace(",", "")) for name, _few, many, _ratio in rows}


def refreshes(figures: Mapping[str, float], minutes: int) -> list[tuple[str, str]]:
    """What the refreshes of a day take, if each device refreshes once in so many minutes while it is used."""
    a_second = USERS * DEVICES / (minutes * 60)
    a_day = a_second * ACTIVE_HOURS * 60 * 60
    size = sum(figures[name] for name in SIZES)
    return [
        ("refreshes a second, and as many writes", f"{a_second:,.0f}"),
        ("refreshes a day", f"{a_day / 1e9:,.1f} billion"),
        ("cores for the site", f"{a_second * figures[SITE] / 1e6:,.0f}"),
        ("cores for the database", f"{a_second * figures[SERVER] / 1e6:,.0f}"),
        ("log a day, without page images", f"{a_day * figures[LOG] / 1e12:,.1f} TB"),
        ("log a second, without page images", f"{a_second * figures[LOG] / 1e6:,.0f} MB"),
        ("table and indexes", f"{USERS * size / 1e9:,.0f} GB"),
        (
            f"the question of {PROCESSES:,} processes, in cores of the database",
            f"{PROCESSES * figures[QUESTION] / 1e6:.2f}",
        ),
    ]
