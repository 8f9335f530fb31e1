"""What happened, counted by many threads, and whether the promises were kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from threading import Lock
from typing import NamedTuple

MAX_BEYOND = 0.1
"""Exchanges beyond the bound for each refresh, above which a machine is too slow for a soak."""


class Theft(NamedTuple):
    """How a theft ended: found or not, after how many hand-overs, how long after the thief's first use."""

    found: bool
    hand_overs: int
    delay: float


@dataclass
class Ledger:
    """Counts under their names in the closing table, and the thefts."""

    counts: Counter[str] = field(default_factory=Counter)
    thefts: list[Theft] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    slowest: float = 0
    _lock: Lock = field(default_factory=Lock)

    def add(self, what: str, oddity: str = "") -> None:
        """Count something; an oddity is told at the end."""
        with self._lock:
            self.counts[what] += 1
            if oddity:
                self.oddities.append(f"{what}: {oddity}")

    def took(self, seconds: float) -> None:
        """Note how long a reply took."""
        self.slowest = max(self.slowest, seconds)

    def close(self, theft: Theft) -> None:
        """Note how a theft ended."""
        with self._lock:
            self.thefts.append(theft)

    @property
    def found(self) -> int:
        """Thefts that ended the session."""
        return sum(theft.found for theft in self.thefts)

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept, in words."""
        missed = len(self.thefts) - self.found
        forbidden = {
            "honest browsers signed out": self.counts["false sign-outs"],
            "thefts not found": missed,
            "thefts found after more than two hand-overs": sum(theft.hand_overs > 2 for theft in self.thefts),
            "replies 5xx other than 503": self.counts["5xx other than 503"],
            "replies that nothing explains": self.counts["unexplained replies"],
            "browsers signed out at the end": self.counts["signed out at the end"],
        }
        return [f"{count} {what}" for what, count in forbidden.items() if count]

    @property
    def too_slow(self) -> bool:
        """Whether so much went beyond the bound that the run says little."""
        return self.counts["beyond the bound"] > MAX_BEYOND * self.counts["refreshes"]

    def line(self, elapsed: float) -> str:
        """Where things stand."""
        shown = ("refreshes", "false sign-outs", "lost replies", "kills", "key rotations")
        counted = "  ".join(f"{self.counts[name]} {name}" for name in shown)
        return f"{elapsed:4.0f} s  {counted}  {self.found} of {len(self.thefts)} thefts found"

    def rows(self) -> list[tuple[str, str]]:
        """The closing table: what, and how much of it."""
        delays = [theft.delay for theft in self.thefts if theft.found] or [0.0]
        hand_overs = Counter(theft.hand_overs for theft in self.thefts)
        spread = ", ".join(f"{number}: {hand_overs[number]}" for number in sorted(hand_overs))
        count = {name: str(self.counts[name]) for name in NAMES}
        return [
            ("refreshes", count["refreshes"]),
            ("false sign-outs (must be 0)", count["false sign-outs"]),
            ("thefts", str(len(self.thefts))),
            ("thefts found (must be all)", str(self.found)),
            ("hand-overs until found (2 at most)", spread or "none"),
            ("detection delay, median", f"{median(delays):.1f} s"),
            ("detection delay, longest", f"{max(delays):.1f} s"),
            ("5xx other than 503 (must be 0)", count["5xx other than 503"]),
            *((name, count[name]) for name in NAMES[3:]),
            ("slowest reply", f"{self.slowest:.2f} s"),
        ]

    def table(self) -> str:
        """The closing table as text."""
        rows = self.rows()
        width = max(len(what) for what, _ in rows)
        return "\n".join(f"{what:<{width}}  {number}" for what, number in rows)


NAMES = (
    "refreshes",
    "false sign-outs",
    "5xx other than 503",
    "503",
    "kills",
    "key rotations",
    "lost replies",
    "late replies",
    "cut connections",
    "naps",
    "sign-ins",
    "beyond the bound",
    "sign-outs beyond the bound",
    "thefts called off",
    "signed in at the end",
)
