"""``make fuzz``: 100,000 cases and a live line; fails where a reply is not as described."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.campaigns.progress import say, show
from tests.support.databases import KINDS

from .findings import Findings
from .raw import throw
from .run import fuzz, served

EXAMPLES = 100
"""Of each route in a round; each round has a seed of its own."""

RAW = 1_000
"""Raw requests in a round."""


def main() -> int:
    """The exit status: 1 where something is wrong."""
    options = _options()
    findings, started = Findings(), time.monotonic()

    def line() -> str:
        return f"{findings.generated / (time.monotonic() - started):.0f} a second, {findings.line()}"

    with TemporaryDirectory() as name, served(options.database, Path(name)) as stage:
        for seed in range(options.seed, sys.maxsize):
            throw(stage.base_url, RAW, seed, findings)
            fuzz(stage, findings, EXAMPLES, seed, lambda: show(line()))
            say(line())
            if findings.generated >= options.cases or not findings.kept:
                break
    return _report(findings)


def _report(findings: Findings) -> int:
    print(f"\n\n{findings.line()}\n")
    for check, number in findings.checks.most_common():
        print(f"{number:>10,} x {check}")
    for failure, example in findings.failures.items():
        print(f"\nWRONG: {failure}\n{example}")
    for error in findings.errors:
        print(f"\nERROR: {error}")
    return 0 if findings.kept else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
