"""The numbers of a run, in one place. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass

from tests.campaigns.soak.plan import Plan

NODES = ("north", "east", "south")

SHORT = 12.0
"""Seconds for each phase of a short run."""


@dataclass(frozen=True)
class NodesPlan(Plan):
    """A soak on several nodes: how long each phase takes at least, and how PostgreSQL replicates.

    The clocks of the nodes are ``skew`` apart. A standby has been cut off for ``lag`` when its primary dies.
    """

    users: int = 4
    browsers_per_user: int = 2
    most_tabs: int = 3
    leeway: float = 8
    access_ttl: float = 11
    skew: float = 2
    watchers: int = 2
    synchronous: bool = True
    lag: float = 0.6
    redis_gone: float = 3
