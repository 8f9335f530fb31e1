"""``python -m tests.fuzz``: 100,000 cases and a live line; fails where a reply is not as described."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.databases import KINDS
from tests.support.progress import say, show

from .ledger import Ledger
from .raw import throw
from .run import fuzz, served

EXAMPLES = 100
"""Of each route in a round; each round has a seed of its own."""

RAW = 1_000
"""Raw requests in a round."""


def main() -> int:
    """The exit status: 1 where something is wrong."""
    options = _options()
    ledger, started = Ledger(), time.monotonic()

    def line() -> str:
        return f"{ledger.generated / (time.monotonic() - started):.0f} a second, {ledger.line()}"

    with TemporaryDirectory() as name, served(options.database, Path(name)) as stage:
        for seed in range(options.seed, sys.maxsize):
            throw(stage.base_url, RAW, seed, ledger)
            fuzz(stage, ledger, EXAMPLES, seed, lambda: show(line()))
            say(line())
            if ledger.generated >= options.cases or not ledger.kept:
                break
    return _report(ledger)


def _report(ledger: Ledger) -> int:
    print(f"\n\n{ledger.line()}\n")
    for check, number in ledger.checks.most_common():
        print(f"{number:>10,} x {check}")
    for failure, example in ledger.failures.items():
        print(f"\nWRONG: {failure}\n{example}")
    for error in ledger.errors:
        print(f"\nERROR: {error}")
    return 0 if ledger.kept else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
