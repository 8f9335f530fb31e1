"""``make soak ARGS="--minutes 3"``: a live line, a closing table; fails where a promise is broken."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.generator import DOCS
from docs.generator.parts import markdown, with_parts
from tests.campaigns.progress import is_watched, say, show
from tests.support.databases import fresh_database

from .plan import Plan
from .run import soak
from .verdict import verdict

NAME = "ratchet_soak"
PAGE = DOCS / "soak.md"


def main() -> int:
    """The exit status: 1 where a promise is broken, 2 where the machine is too slow to tell."""
    options = _options()
    with TemporaryDirectory() as name, _database(options.database, Path(name)) as url:
        plan = Plan(url, options.minutes * 60, options.seed)
        ledger = soak(plan, Path(name), show if is_watched() else say)
    print(f"\n\n{ledger.table()}\n")
    if options.write:
        write(ledger.rows())
    return verdict(ledger, ledger.broken, "Every promise was kept.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--database", help="URL of an empty database; else one is made on PostgreSQL")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into docs/soak.md")
    return parser.parse_args()


def write(rows: Sequence[tuple[str, str]]) -> None:
    """Put the closing table of a run into its page."""
    PAGE.write_text(with_parts(PAGE.read_text(), {"run": markdown(("what", "how much"), rows)}))


@contextmanager
def _database(url: str | None, folder: Path) -> Iterator[str]:
    if url:
        yield url
    else:
        with fresh_database("postgresql", NAME, folder) as fresh:
            yield fresh


if __name__ == "__main__":
    sys.exit(main())
