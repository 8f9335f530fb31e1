"""The worlds of a session with a device, and what is seen there."""

from __future__ import annotations

from dataclasses import dataclass

from tests.campaigns.proof.bound.browser import Browser, prove_browser
from tests.campaigns.proof.bound.faults import BINDING_FAULTS
from tests.campaigns.proof.bound.model import BoundServer, Functions
from tests.campaigns.proof.bound.thief import Thief, prove_thief
from tests.campaigns.proof.exploration.graph import Explored

LIVES = ("access token", "first one", "time to register")
"""Heads of the numbers of a run, in ticks."""

HONEST, STOLEN = "an honest browser", "a thief beside it"


@dataclass(frozen=True)
class BoundRun:
    """One exploration; all times in ticks. The leeway is three exchanges."""

    what: str
    tabs: int
    access: int
    first: int
    registration: int

    def server(self, functions: Functions = Functions()) -> BoundServer:  # noqa: B008  # a frozen value
        """The server of this world."""
        return BoundServer(functions, access=self.access, first=self.first, registration=self.registration)

    def explored(self, functions: Functions | None = None) -> Explored:
        """What is seen with these functions."""
        browser = Browser(self.server(functions or Functions()), self.tabs)
        return prove_browser(browser) if self.what == HONEST else prove_thief(Thief(browser))

    def row(self) -> tuple[str, ...]:
        """Explore, and say how much there was to see and what was seen."""
        found = self.explored()
        saw = "all promises hold" if found.trace is None else f"broken in {len(found.trace)} steps"
        numbers = (self.tabs, self.access, self.first, self.registration)
        return self.what, *map(str, numbers), f"{found.states:,}", saw


BOUND_RUNS = {
    f"{run.what} {run.tabs} {run.access}": run
    for run in (
        BoundRun(HONEST, 1, 8, 2, 4),
        BoundRun(HONEST, 2, 4, 1, 3),
        BoundRun(STOLEN, 1, 4, 1, 2),
    )
}
"""Every world, by name."""

FINDING = (
    BoundRun(HONEST, 1, 4, 1, 2),
    BoundRun(HONEST, 2, 4, 1, 2),
    BoundRun(STOLEN, 1, 4, 1, 2),
)
"""Where a fault is looked for, the quickest world first."""


def binding_fault_row(name: str) -> tuple[str, ...]:
    """The first world that shows the fault, and what is seen at the end of the shortest run there."""
    for run in FINDING:
        found = run.explored(BINDING_FAULTS[name])
        if found.trace is not None:
            seen = "refused" if run.what == HONEST else found.trace[-1]
            return name, run.what, f"{seen}, in {len(found.trace)} steps"
    return name, "**nothing**", ""
