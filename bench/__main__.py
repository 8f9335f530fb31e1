"""python -m bench: what Ratchet costs, beside the floor and other packages, on each database that is there.

First in this process (guard.py, refresh.py), then over HTTP (served/): all sites run at once and are asked
alternately, so that what disturbs the machine disturbs all of them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import pytest
from sqlalchemy import create_engine

from docs.generator import DOCS
from docs.generator.parts import with_parts
from tests.campaigns import progress
from tests.support.databases import KINDS

from . import guard, refresh
from .chart import charts
from .report import parts
from .results import NAMES, Results
from .served.at_once import at_once
from .served.guarded import guarded, tokens_needed
from .served.renewing import renewing
from .served.sign_in import sign_in
from .served.stage import Stage, stage
from .served.starting import starting
from .served.subjects import BLOCKLIST, FLOOR, RATCHET, SECURITY, SHORT, SIMPLEJWT, STATELESS

PAGE = DOCS / "speed.md"
PICTURES = DOCS / "pictures"
PARTS = ("in-process", "guarded", "refresh", "sign-in", "starts")
REFRESHING = [FLOOR, RATCHET, SHORT, BLOCKLIST, SECURITY, SIMPLEJWT]


@dataclass(frozen=True)
class Plan:
    """How much is measured: rounds of each part, and requests or sessions in one."""

    guard: int = 40
    refresh: int = 20
    guarded: int = 20
    views: int = 400
    served: int = 12
    sessions: int = 100
    tabs: int = 30
    sign_in: int = 6
    samples: int = 500
    starts: int = 5


QUICK = Plan(
    guard=4,
    refresh=2,
    guarded=4,
    views=200,
    served=3,
    sessions=40,
    tabs=10,
    sign_in=2,
    samples=150,
    starts=1,
)
"""Enough to see that everything works, in three minutes; too little for figures."""


def main() -> None:
    """Measure and print; with ``--write`` also into docs/speed.md and its charts."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, three minutes")
    parser.add_argument("--write", action="store_true", help="put the figures and charts into docs/")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS, metavar="PART")
    options = parser.parse_args()
    plan = QUICK if options.quick else Plan()
    results, databases = Results(), dict[str, str]()
    if "in-process" in options.parts:
        progress.say("in this process")
        results.guard, results.refresh = guard.measured(plan.guard), refresh.measured(plan.refresh)
    served(results, databases, plan, options.parts)
    made = parts(results, databases, hasty=options.quick)
    for words in made.values():
        progress.say(f"\n{words}")
    if options.write:
        PAGE.write_text(with_parts(PAGE.read_text(), made))
        for name, drawn in charts(results).items():
            (PICTURES / name).write_text(drawn)


def served(results: Results, databases: dict[str, str], plan: Plan, wanted: list[str]) -> None:
    """What is measured over HTTP: all of it on the first database that is there, the refresh on each."""
    kinds = sorted(KINDS, key="postgresql sqlite mariadb".index)
    for kind in kinds if "refresh" in wanted else kinds[:1]:
        progress.say(f"over HTTP, on {kind}")
        sites = [*REFRESHING, STATELESS] if not databases else REFRESHING
        accesses = tokens_needed(plan.guarded, plan.views) if not databases else 1
        try:
            with stage(kind, sites, plan.sessions + plan.tabs, accesses) as here:
                first = not databases
                databases[kind] = server_version(here)
                if first and "guarded" in wanted:
                    results.guarded = guarded(here, plan.guarded, plan.views)
                if "refresh" in wanted:
                    refreshed(results, here, plan)
                if first and "sign-in" in wanted:
                    results.sign_in = sign_in(here, plan.sign_in, plan.samples)
                if first and "starts" in wanted:
                    results.starts = starting(here, plan.starts)
        except pytest.skip.Exception as missing:
            progress.say(str(missing))


def refreshed(results: Results, here: Stage, plan: Plan) -> None:
    """The refreshes on this database, what they leave where that can be told, and six at once."""
    kind = here.kind
    results.refreshes[kind], results.kept[kind] = renewing(here, plan.served, plan.sessions)
    results.at_once[kind] = at_once(here, plan.tabs)


def server_version(here: Stage) -> str:
    """The database and its version, such as ``PostgreSQL 15.19``."""
    engine = create_engine(here.urls[FLOOR])
    with engine.connect():
        numbers = engine.dialect.server_version_info or ()
    engine.dispose()
    return f"{NAMES[here.kind]} {'.'.join(map(str, numbers))}"


if __name__ == "__main__":
    main()
