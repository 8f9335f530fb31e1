"""The tables of docs/proof.md, cut into rows that can be computed beside one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from app.auth.lifecycle.rotation import decide
from tests.campaigns.proof.bound.faults import BINDING_FAULTS
from tests.campaigns.proof.bound.worlds import BOUND_RUNS, LIVES, binding_fault_row
from tests.campaigns.proof.exploration.blind import GAMES, row
from tests.campaigns.proof.exploration.pollers import HABITS, told
from tests.campaigns.proof.faults import FAULTS
from tests.campaigns.proof.promises import PROMISES, Finding, caught
from tests.campaigns.proof.rivals import RULES
from tests.campaigns.proof.simulate import BAD, CHUNK, CONTENDERS, GOOD, LEEWAYS, LIGHTER, Counts
from tests.campaigns.proof.worlds import BOUNDS, RUNS, SUCCESSIONS, Row, measured_bound, succession_row


class Table(NamedTuple):
    """The head of a table, and how each row is found."""

    head: Row
    rows: Mapping[str, Callable[[], Row]]


def _promise(name: str) -> Row:
    return name, *(_cell(PROMISES[name](rule)) for rule in RULES.values())


def _cell(finding: Finding) -> str:
    saw = f", {finding.saw}" if finding.saw else ""
    return f"yes{saw}" if finding.kept else f"**no**{saw}"


def _fault(name: str) -> Row:
    promise, saw = caught(FAULTS[name]) or ("**nothing**", "")
    return name, promise, saw


EDITIONS = {name: RULES[name] for name in ("Ratchet", "its first edition")}


def _habit(name: str) -> Row:
    return name, *(told(rule, name) for rule in EDITIONS.values())


TABLES = {
    "promises": Table(("promise", *RULES), {name: partial(_promise, name) for name in PROMISES}),
    "worlds": Table(
        ("world", "tabs", "exchange", "time", "states", "seen"), {name: run.row for name, run in RUNS.items()}
    ),
    "succession": Table(
        ("tabs", "late replies", "exchange", "states", "with the spare", "a tick later", "without the spare"),
        {name: partial(succession_row, world) for name, world in SUCCESSIONS.items()},
    ),
    "binding": Table(
        ("world", "exchanges at once", *LIVES, "states", "seen"),
        {name: run.row for name, run in BOUND_RUNS.items()},
    ),
    "binding-faults": Table(
        ("left out", "seen with", "what"),
        {name: partial(binding_fault_row, name) for name in BINDING_FAULTS},
    ),
    "knowledge": Table(
        ("what the thief knows", "leeway", "pauses", "beliefs", "he"),
        {name: partial(row, decide, game) for name, game in GAMES.items()},
    ),
    "pollers": Table(
        ("the thief presents a token", *EDITIONS), {name: partial(_habit, name) for name in HABITS}
    ),
    "bounds": Table(
        ("leeway", "clocks apart", "formula", "longest exchange that holds", "first that does not"),
        {name: partial(measured_bound, *case) for name, case in BOUNDS.items()},
    ),
    "faults": Table(
        ("fault", "first promise it breaks", "seen"), {name: partial(_fault, name) for name in FAULTS}
    ),
}
"""The tables that exploration fills."""

CHUNKS = {BAD.name: 50, LIGHTER.name: 20, GOOD.name: 10}
"""How many chunks of wake-ups each network is simulated for."""

Rates = dict[tuple[str, int], tuple[int, int]]
"""False sign-outs and the wake-ups they were counted in, by rule and leeway."""


def rates(chunks: Iterable[Counts]) -> Rates:
    """The sum of chunks."""
    total: Rates = {}
    for counts in chunks:
        for key, refused in counts.items():
            before, lived = total.get(key, (0, 0))
            total[key] = before + refused, lived + CHUNK
    return total


def wake_up_rows(found: Rates) -> list[Row]:
    """False sign-outs per million, with twice the standard error."""
    return [(name, *(_per_million(*found[name, leeway]) for leeway in LEEWAYS)) for name in CONTENDERS]


def _per_million(refused: int, wake_ups: int) -> str:
    """A rate; where nothing was counted, what it is below with 95 % confidence (the rule of three)."""
    if refused == 0:
        return f"0 (< {3e6 / wake_ups:,.0f})"
    spread = 2 * (refused * (1 - refused / wake_ups)) ** 0.5
    return f"{refused / wake_ups * 1e6:,.0f} ± {spread / wake_ups * 1e6:,.0f}"
