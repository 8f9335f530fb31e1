"""What breaks, one after the other, while the load runs. Each phase leaves the site whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

from .cluster import Cluster
from .ledger import NodesLedger, Outages
from .plan import NodesPlan
from .services import PgBouncer, Redis
from .site import Site

SETTLED = 3.0
"""Seconds to let go by between two faults of one phase."""


@dataclass(frozen=True)
class World:
    """Everything that can break."""

    plan: NodesPlan
    cluster: Cluster
    redis: Redis
    pooler: PgBouncer
    site: Site
    outages: Outages
    ledger: NodesLedger


def nothing(_world: World) -> None:
    """Nothing breaks: to compare with."""


def rolling_release(world: World) -> None:
    """Each node is restarted in turn."""
    world.site.roll()


def node_killed(world: World) -> None:
    """A node dies with all its workers, stays away and comes back."""
    node = world.site.nodes[0]
    node.kill()
    time.sleep(SETTLED)
    world.site.start(node)


def new_secret(world: World) -> None:
    """SECRET_KEY is changed in two rolling steps."""
    world.site.change_secret()


def clocks_apart(world: World) -> None:
    """From now on the clocks of the nodes differ."""
    half = world.plan.skew / 2
    for node, ahead in zip(world.site.nodes, cycle((half, -half, 0.0)), strict=False):
        node.clock.advance(ahead)


def database_restarted(world: World) -> None:
    """The primary is restarted."""
    world.cluster.restart()


def failed_over(world: World) -> None:
    """The primary dies, the standby is promoted; the old one comes back read-only, then as a standby."""
    cluster = world.cluster
    cluster.fail_over(world.plan.lag)
    before = cluster.return_old_primary()
    time.sleep(SETTLED)
    if cluster.rejoin() != before:
        world.ledger.add("writes to the old primary", "a session was written there")
    cluster.replicate(synchronous=world.plan.synchronous)


def pooled(world: World) -> None:
    """The nodes move to PgBouncer in a rolling release; it is restarted, then PostgreSQL behind it."""
    pooler, primary = world.pooler, world.cluster.primary
    pooler.start(primary.port)
    world.site.move_to(world.cluster.url_of(f"127.0.0.1:{pooler.port}"), FLASK_DATABASE_POOLER="true")
    with world.outages.one():
        pooler.kill()
        pooler.start(primary.port)
    time.sleep(SETTLED)
    world.cluster.restart()


def throttle_gone(world: World) -> None:
    """The Redis that counts failed sign-ins is away for a moment."""
    world.redis.stop()
    time.sleep(world.plan.redis_gone)
    world.redis.start()


PHASES: dict[str, Callable[[World], None]] = {
    "nothing breaks": nothing,
    "a rolling release": rolling_release,
    "a node is killed": node_killed,
    "`SECRET_KEY` is changed": new_secret,
    "clocks are apart (from here on)": clocks_apart,
    "PostgreSQL is restarted": database_restarted,
    "PostgreSQL fails over": failed_over,
    "PgBouncer comes between (from here on)": pooled,
    "Redis is gone for a moment": throttle_gone,
}
