"""What happened in each phase of a run, when the database was away, and whether everything held."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.campaigns.soak.ledger import Ledger

HEAD = (
    "while",
    "requests",
    "refreshes",
    "503",
    "false sign-outs",
    "thefts",
    "found",
    "sign-outs",
    "late",
    "longest without service",
)


NOT_HERE = ("kills", "key rotations")
"""What the soak breaks at random moments; here each has its phase."""

SIGN_OUTS = ("sign-outs", "late sign-outs", "sign-outs undone", "sign-outs while the database was away")

RECOVERY = 2.0
"""Seconds after the return of the database by which every process has asked it again."""


class Outages:
    """The spans in which the database was away: then no node learns that a session has ended."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []
        self._since: float | None = None

    @contextmanager
    def one(self) -> Iterator[None]:
        """The database may be away during this block."""
        self._since = began = time.monotonic()
        try:
            yield
        finally:
            self._spans.append((began, time.monotonic() + RECOVERY))
            self._since = None

    def touch(self, since: float, until: float) -> bool:
        """Whether the database was away at some moment between these."""
        open_now = [] if self._since is None else [(self._since, until)]
        return any(began <= until and since <= ended for began, ended in [*self._spans, *open_now])


class Phase(NamedTuple):
    """One row of the closing table."""

    name: str
    counts: Counter[str]
    thefts: int
    found: int
    longest_gap: float

    @property
    def row(self) -> tuple[str, ...]:
        """Its cells, under ``HEAD``."""
        names = ("requests", "refreshes", "503", "false sign-outs")
        counted = [str(self.counts[name]) for name in names]
        signed_out = [str(self.counts[name]) for name in ("sign-outs", "late sign-outs")]
        thefts = (str(self.thefts), str(self.found))
        return (self.name, *counted, *thefts, *signed_out, f"{self.longest_gap:.1f} s")


@dataclass
class NodesLedger(Ledger):
    """The ledger of a soak, cut into phases; it also knows for how long nobody was served."""

    phases: list[Phase] = field(default_factory=list)
    now: str = "starting"
    _served_at: float = field(default_factory=time.monotonic)
    _longest_gap: float = 0

    def add(self, what: str, oddity: str = "") -> None:
        """Count something; an oddity is told at the end, with its phase."""
        super().add(what, oddity and f"{oddity} ({self.now})")
        if what == "cut connections":
            super().add("requests")
        elif what == "refreshes":
            self._note_service(time.monotonic())

    def took(self, seconds: float) -> None:
        """Note how long a reply took."""
        super().took(seconds)
        super().add("requests")

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens in this block as one row."""
        before, thefts, found = Counter(self.counts), len(self.thefts), self.found
        self.now, self._longest_gap = name, 0
        try:
            yield
        finally:
            self._note_service(time.monotonic(), is_served=False)
            counts, gap = Counter(self.counts) - before, self._longest_gap
            self.phases.append(Phase(name, counts, len(self.thefts) - thefts, self.found - found, gap))

    @property
    def broken(self) -> list[str]:
        """What did not hold, in words."""
        forbidden = {
            "sign-outs took longer than a second": self.counts["late sign-outs"],
            "sessions were back after a sign-out": self.counts["sign-outs undone"],
            "times the old primary was written to": self.counts["writes to the old primary"],
        }
        never = [
            f"refreshes in the phase: {phase.name}" for phase in self.phases if not phase.counts["refreshes"]
        ]
        return [
            *super().broken,
            *(f"{count} {what}" for what, count in forbidden.items() if count),
            *(f"no {what}" for what in never),
        ]

    def rows(self) -> list[tuple[str, str]]:
        """What the soak counts and happens here, and what became of the sign-outs."""
        kept = [row for row in super().rows() if row[0] not in NOT_HERE]
        return [*kept, *((name, str(self.counts[name])) for name in SIGN_OUTS)]

    def line(self, elapsed: float) -> str:
        """Where things stand."""
        shown = ("refreshes", "503", "false sign-outs", "sign-outs", "late sign-outs")
        counted = "  ".join(f"{self.counts[name]} {name}" for name in shown)
        return f"{self.now}: {elapsed:.0f} s  {counted}  {self.found} of {len(self.thefts)} thefts found"

    def table_rows(self) -> list[tuple[str, ...]]:
        """The closing table: a row for each phase, and one for all of them."""
        gaps = max((phase.longest_gap for phase in self.phases), default=0.0)
        whole = Phase("all of it", self.counts, len(self.thefts), self.found, gaps)
        return [phase.row for phase in (*self.phases, whole)]

    def _note_service(self, now: float, *, is_served: bool = True) -> None:
        with self._lock:
            self._longest_gap = max(self._longest_gap, now - self._served_at)
            if is_served:
                self._served_at = now
