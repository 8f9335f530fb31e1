"""The numbers of a soak, in one place."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """How long, how many, how often. Times are seconds."""

    url: str
    seconds: float
    seed: int = 1
    users: int = 5
    browsers_per_user: int = 3
    most_tabs: int = 4
    thieves: int = 3
    workers: int = 2
    threads: int = 4
    leeway: float = 3
    access_ttl: float = 5
    kill_every: float = 4
    rotate_every: float = 45
    pause: float = 1.2
    """At most, between two exchanges of a tab."""

    skew: float = 0
    """How far the clocks of the nodes differ; a single node has one."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Of the server, beside what follows from the plan; what it says otherwise counts."""

    def dice(self, name: str) -> random.Random:
        """The luck of one part of the soak, by its name."""
        return random.Random(f"{self.seed} {name}")  # noqa: S311  # luck, not a secret

    @property
    def bound(self) -> float:
        """Within which an exchange completes or is given up (docs/proof.md, *The bound is exact*)."""
        return self.leeway / 3 - self.skew / 2

    @property
    def apart(self) -> float:
        """More than a leeway, by any clock: how far the uses of thief and victim are from each other."""
        return self.leeway * 1.1 + self.skew
