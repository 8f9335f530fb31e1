"""``make nodes ARGS="--minutes 10"``: a live line, a closing table; fails where something did not hold."""

from __future__ import annotations

import argparse
import math
import sys

from tests.campaigns.progress import is_watched, say, show
from tests.campaigns.soak.verdict import verdict

from .daemon import passable_folder
from .page import table, write
from .phases import PHASES
from .plan import SHORT, NodesPlan
from .run import run


def main() -> int:
    """The exit status: 1 where something did not hold, 2 where the machine is too slow to tell."""
    options = _options()
    phases = tuple(name for name in PHASES if any(words in name for words in options.only))
    seconds = SHORT if options.short else options.minutes * 60 / len(phases)
    plan = NodesPlan(
        "",
        seconds,
        options.seed,
        options.users,
        leeway=options.leeway,
        access_ttl=math.ceil(options.leeway * 4 / 3),
        synchronous=not options.asynchronous,
        lag=options.lag,
    )
    with passable_folder() as folder:
        ledger = run(plan, folder, show if is_watched() else say, phases)
    print(f"\n\n{table(ledger.table_rows())}\n\n{ledger.table()}\n")
    if options.write:
        write(ledger.table_rows())
    return verdict(ledger, ledger.broken, "Everything held.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.nodes", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--short", action="store_true", help=f"{SHORT:.0f} seconds for each phase")
    parser.add_argument("--only", nargs="+", default=[""], help="the phases with these words in their names")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=NodesPlan.users, help="each with two browsers")
    parser.add_argument("--leeway", type=float, default=NodesPlan.leeway, help="longer on a slow machine")
    parser.add_argument("--asynchronous", action="store_true", help="commits do not wait for the standby")
    parser.add_argument("--lag", type=float, default=NodesPlan.lag, help="seconds the standby is behind")
    parser.add_argument("--write", action="store_true", help="put the table into docs/scaling.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
