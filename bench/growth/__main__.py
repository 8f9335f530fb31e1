"""make growth: what a refresh costs with ten million users, beside a thousand (PostgreSQL).

It starts a PostgreSQL of its own in a temporary folder, with room for 12 GB, and takes about twenty minutes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from docs.generator import DOCS
from docs.generator.parts import with_parts
from tests.campaigns.progress import say, show

from . import estimate, report
from .measuring import measured, side_by_side
from .people import fill
from .server import Server, server
from .trial import Numbers, Table
from .wear import wear

PAGE = DOCS / "scaling.md"
FEW, MANY = 1_000, 10_000_000
WORN = 1_000
FULL = Numbers(cold=300, warm=1_000, ended=200)
QUICK = Numbers(cold=200, warm=500, ended=100)


def main() -> None:
    """Measure and print; with ``--write`` also into docs/scaling.md."""
    options = _options()
    numbers = QUICK if options.quick else FULL
    with server(options.folder) as own:
        tables, columns = zip(*(_trial(own, users, numbers) for users in (FEW, options.users)), strict=True)
        say("Refreshing in both tables by turns …")
        pairs = zip(columns, side_by_side(*tables), strict=True)
        few, many = (one._replace(figures={**taken, **one.figures}) for one, taken in pairs)
        for table in tables:
            table.close()
        say("Refreshing the same users again and again …")
        worn = list(wear(own, WORN, show))
    words = {
        "machine": report.machine(few, many),
        "growth": report.growth(few, many),
        "wear": report.worn(worn),
        "question": report.question(few, many),
    }
    print("\n\n".join(words.values()))
    if options.write:
        page = with_parts(PAGE.read_text(), words)
        PAGE.write_text(with_parts(page, {"estimate": estimate.words(page)}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--users", type=int, default=MANY)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.warm} refreshes, not {FULL.warm}")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/scaling.md")
    parser.add_argument("--folder", type=Path, help="keep the server there, to use its filled tables again")
    return parser.parse_args()


def _trial(own: Server, users: int, numbers: Numbers) -> tuple[Table, report.Column]:
    """A table of so many users, and its figures."""
    name = f"users_{users}"
    is_new = users == FEW or not own.has(name)
    table = Table(own, own.url(name), users, time.time_ns())
    if is_new:
        say(f"Filling a table with {users:,} users …")
        table.site.migrate()
        fill(table.engine, users, table.site.now, lambda done: show(_bar(done, users)))
    table.run("VACUUM ANALYZE users", "CHECKPOINT")
    say(f"Measuring with {users:,} users …")
    return table, measured(table, numbers, show)


def _bar(done: int, users: int) -> str:
    part = done * 40 // users
    return f"[{'#' * part}{'.' * (40 - part)}] {done:,} of {users:,} users"


if __name__ == "__main__":
    main()
