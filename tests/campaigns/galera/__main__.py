"""``make galera ARGS="--minutes 5"``: a live line, a closing table; fails where a promise is broken."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.generator import DOCS
from docs.generator.parts import markdown, with_parts
from tests.campaigns.progress import is_watched, say, show
from tests.campaigns.soak.plan import Plan
from tests.campaigns.soak.verdict import verdict

from .cluster import NotWholeError
from .member import lacking
from .run import run

PAGE = DOCS / "scaling.md"
REMEDY = "apt-get install mariadb-server galera-4 rsync (Debian, Ubuntu)"
NO_CLUSTER = "The database nodes did not find together: this machine is too busy for the run."


def main() -> int:
    """The exit status: 1 where a promise is broken, 2 where the machine cannot tell."""
    options = _options()
    if missing := lacking():
        print(f"A cluster needs what is not on this machine: {', '.join(missing)}.\nGet it with: {REMEDY}")
        return 2
    plan = Plan("", options.minutes * 60, options.seed, users=4, leeway=6, access_ttl=10)
    try:
        with TemporaryDirectory(prefix="galera") as folder:
            outcome = run(plan, Path(folder), options.sync_wait, show if is_watched() else say)
    except NotWholeError as error:
        print(f"\n\n{error}\n{NO_CLUSTER}")
        return 2
    rows = outcome.rows()
    width = max(len(what) for what, _ in rows)
    print("\n\n" + "\n".join(f"{what:<{width}}  {number}" for what, number in rows) + "\n")
    if options.write:
        PAGE.write_text(with_parts(PAGE.read_text(), {"galera": markdown(("what", "how much"), rows)}))
    return verdict(outcome.ledger, outcome.broken, "Every promise was kept.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.galera", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--sync-wait",
        type=int,
        choices=(0, 1, 7),
        default=1,
        help="wsrep_sync_wait of the nodes; with 0 a read can be older than a commit on another node",
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/scaling.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
