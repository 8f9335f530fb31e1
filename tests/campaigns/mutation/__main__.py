"""Put faults into the modules that the plan names, one at a time, and count those that no test notices.

``make mutation`` fails where a module's tests kill less than 95 % of its mutants, or where
survivors.toml is out of date. Names of modules choose among them; ``--write`` rewrites their
parts of docs/mutation.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from docs.generator import DOCS
from docs.generator.parts import with_parts
from tests.campaigns.progress import show

from . import page
from .become import path_of, source_of
from .mutants import Mutant, mutants
from .plan import FLOOR, TESTS, reasons
from .run import try_all
from .score import Score

PAGE = DOCS / "mutation.md"


def main() -> int:
    """The exit status: 1 where something is wrong."""
    options = _options()
    score, started = Score(reasons()), time.monotonic()

    def tell(mutant: Mutant, killed: bool) -> None:
        score.enter(mutant, killed)
        tried, killed_in_all, _ = score.counts[mutant.module]
        seconds = time.monotonic() - started
        show(f"{mutant.module}: {killed_in_all} of {tried} killed, {seconds:.0f} s")

    for module in options.modules or TESTS:
        made = list(mutants(module, source_of(module).read_text()))
        try_all(made, TESTS[module], options.workers, tell)
    return _report(score, write=options.write)


def _report(score: Score, *, write: bool) -> int:
    for mutant in score.survivors:
        place = f"app/auth/{path_of(mutant.module)}:{mutant.line}"
        print(f"\n{place}: {mutant.change}\n    {score.reason(mutant) or 'NO REASON LISTED'}")
    print(f"\n{page.counts(score)}\n")
    if write:
        PAGE.write_text(with_parts(PAGE.read_text(), page.parts(score)))
    faults = list(score.faults(FLOOR))
    print("\n".join(faults) or "Every module's tests kill what they have to.")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", choices=[*TESTS, []], metavar="module")
    parser.add_argument("--write", action="store_true", help="rewrite the parts of docs/mutation.md")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
