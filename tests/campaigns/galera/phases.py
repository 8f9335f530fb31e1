"""What happens to the database nodes during a run, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .cluster import Cluster


class Phase(NamedTuple):
    """What is done to the cluster when this share of the run is over."""

    begins: float
    name: str
    act: Callable[[Cluster], None]


PHASES = (
    Phase(0.0, "all three", lambda _cluster: None),
    Phase(0.15, "third node killed", lambda cluster: cluster.members[2].kill()),
    Phase(0.35, "third node rejoins", lambda cluster: cluster.members[2].start()),
    Phase(0.55, "first node cut off", lambda cluster: cluster.members[0].cut_off()),
    Phase(0.75, "first node heals", lambda cluster: cluster.members[0].heal()),
)


def phase_at(share: float) -> Phase:
    """The phase of a run of which this share is over."""
    return max((phase for phase in PHASES if phase.begins <= share), key=lambda phase: phase.begins)
