"""Run every exploration and the simulation, print what they found, compare it with docs/proof.md.

``make proof`` takes a few minutes. With ``--write`` the page and its pictures are rewritten;
without, a page that says anything else than this run makes it fail. ``--tables`` explores some tables of the
page and nothing else, and with ``--write`` rewrites these.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection
from pathlib import Path

from docs.generator.parts import markdown, part, with_parts
from tests.campaigns.proof import stories
from tests.campaigns.proof.jobs import Job, done
from tests.campaigns.proof.page import PAGE, PICTURES
from tests.campaigns.proof.pictures.chart import wake_ups_chart
from tests.campaigns.proof.pictures.picture import states_picture
from tests.campaigns.proof.simulate import BAD, LEEWAYS, NETWORKS, Counts
from tests.campaigns.proof.tables import TABLES, rates, wake_up_rows
from tests.campaigns.proof.worlds import Row

Results = dict[Job, Row | Counts]


def explored(results: Results, tables: Collection[str] = tuple(TABLES)) -> dict[str, str]:
    """The tables that exploration filled."""
    parts = {}
    for name in tables:
        table = TABLES[name]
        rows = [results[name, row] for row in table.rows]
        parts[name] = markdown(table.head, [row for row in rows if isinstance(row, tuple)])
    return parts


def simulated(results: Results, network: str) -> dict[tuple[str, int], tuple[int, int]]:
    """The rates on one network."""
    return rates(
        counts for (what, _), counts in results.items() if what == network and isinstance(counts, dict)
    )


def told() -> dict[str, str]:
    """The runs worth reading."""
    head = ("after", "who", "presents", "verdict", "is handed")
    theft = markdown(head, stories.longest_theft())
    return {"theft": theft, "beyond": stories.beyond_the_bound(), "jump": stories.clock_jump()}


def parts(results: Results) -> dict[str, str]:
    """Everything on the page that a run writes."""
    head = ("rule", *(f"{leeway} s" for leeway in LEEWAYS))
    wake_ups = {name: markdown(head, wake_up_rows(simulated(results, name))) for name in NETWORKS}
    return {**explored(results), **told(), **wake_ups}


def files(results: Results) -> dict[Path, str]:
    """The page and its pictures as this run would have them."""
    return {
        PAGE: with_parts(PAGE.read_text(), parts(results)),
        PICTURES / "states.svg": states_picture(),
        PICTURES / "wakeups.svg": wake_ups_chart(simulated(results, BAD.name), BAD.name),
    }


def main() -> int:
    """Run it all; 0 where the page says the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.proof", description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite docs/proof.md and its pictures")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--tables", nargs="+", default=(), choices=list(TABLES), metavar="TABLE")
    options = parser.parse_args()
    results = dict(done(options.workers, options.tables))
    if options.tables:
        tables = explored(results, options.tables)
        return _write(tables) if options.write else _compare(tables)
    for name, words in parts(results).items():
        print(f"\n{name}\n\n{words}")
    wanted = files(results)
    if options.write:
        PICTURES.mkdir(exist_ok=True)
        for path, words in wanted.items():
            path.write_text(words)
        return 0
    stale = [path.name for path, words in wanted.items() if not path.exists() or path.read_text() != words]
    print(f"\nThe docs say something else: {', '.join(stale)}" if stale else "\nThe docs say the same.")
    return 1 if stale else 0


def _write(tables: dict[str, str]) -> int:
    """Rewrite these tables of the page, and nothing else."""
    PAGE.write_text(with_parts(PAGE.read_text(), tables))
    return 0


def _compare(tables: dict[str, str]) -> int:
    """0 where the page has these tables."""
    page = PAGE.read_text()
    stale = [name for name, words in tables.items() if part(page, name) != words]
    for name in stale:
        print(f"\n{name}\n\n{tables[name]}")
    print(f"\nThe page says something else: {', '.join(stale)}" if stale else "\nThe page says the same.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
