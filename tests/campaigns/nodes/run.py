"""A run from its first sign-in to its closing table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

from tests.campaigns.soak.browsers import SoakBrowser
from tests.campaigns.soak.run import Say, busy, check, robbed
from tests.support.browser import REFRESH_COOKIE
from tests.support.peers.insistent import await_that
from tests.support.server.servers import site_on
from tests.support.sites import add_user

from .cluster import cluster_in
from .ledger import NodesLedger, Outages
from .phases import PHASES, World
from .plan import NodesPlan
from .services import PgBouncer, Redis
from .site import balanced, site_in
from .watcher import Watcher

LINE_EVERY = 1.0


def run(plan: NodesPlan, folder: Path, say: Say, phases: tuple[str, ...] = tuple(PHASES)) -> NodesLedger:
    """Serve the site on three nodes, let everybody loose on it, break what ``phases`` name, and count."""
    with _world(plan, folder) as world, balanced(world.site, folder / "nginx") as port, ExitStack() as load:
        ledger = world.ledger
        browsers = [
            SoakBrowser(plan, port, f"user-{number % plan.users}@example.org", ledger)
            for number in range(plan.users * plan.browsers_per_user)
        ]
        watchers = [
            Watcher(port, world.site.nodes, f"watcher-{number}@example.org", ledger, world.outages)
            for number in range(plan.watchers)
        ]
        busy_tabs = load.enter_context(busy(plan, browsers))
        thieves = load.enter_context(robbed(plan, port, browsers, ledger))
        running = [*busy_tabs, *thieves, *load.enter_context(_watching(watchers))]
        await_that(lambda: all(REFRESH_COOKIE in browser.jar for browser in browsers))
        for name in phases:
            with ledger.phase(name):
                _go_through(world, PHASES[name], running, say)
        load.close()
        check(running)
        ledger.now = "at the end"
        for browser in browsers:
            browser.finish()
        for watcher in watchers:
            watcher.confirm()
    return ledger


def _go_through(world: World, fault: Callable[[World], None], running: list[Future[None]], say: Say) -> None:
    """Break something, and wait until it is whole again and the time of the phase is up."""
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        breaking = pool.submit(fault, world)
        while (elapsed := time.monotonic() - began) < world.plan.seconds or not breaking.done():
            say(world.ledger.line(elapsed))
            check([*running, breaking])
            time.sleep(LINE_EVERY)
    breaking.result()


@contextmanager
def _world(plan: NodesPlan, folder: Path) -> Iterator[World]:
    outages, redis = Outages(), Redis(folder)
    pooler = PgBouncer(folder)
    with ExitStack() as stack:
        stack.callback(redis.stop)
        redis.start()
        cluster = stack.enter_context(cluster_in(folder, outages))
        stack.callback(pooler.stop)
        with site_on(cluster.url) as site:
            for number in range(plan.users):
                add_user(site, f"user-{number}@example.org")
            for number in range(plan.watchers):
                add_user(site, f"watcher-{number}@example.org")
        cluster.replicate(synchronous=plan.synchronous)
        nodes = stack.enter_context(site_in(folder, plan, cluster.url, redis.url))
        yield World(plan, cluster, redis, pooler, nodes, outages, NodesLedger())


@contextmanager
def _watching(watchers: list[Watcher]) -> Iterator[list[Future[None]]]:
    """The watchers are at work in this block."""
    over = Event()
    with ThreadPoolExecutor(len(watchers)) as pool:
        try:
            yield [pool.submit(watcher.work, over) for watcher in watchers]
        finally:
            over.set()
