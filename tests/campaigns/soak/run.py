"""A soak from its first sign-in to its closing table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from tests.support.server.servers import site_on
from tests.support.sites import add_user

from .browsers import SoakBrowser
from .fleet import Fleet, fleet_of
from .ledger import Ledger
from .plan import Plan
from .thieves import Thief

Say = Callable[[str], None]


def soak(plan: Plan, folder: Path, say: Say = lambda _line: None) -> Ledger:
    """Serve the site, let everybody loose on it, and count; ``say`` is told now and then how it goes."""
    ledger = Ledger()
    with site_on(plan.url) as site:
        for number in range(plan.users):
            add_user(site, f"user-{number}@example.org")
    with fleet_of(plan, folder) as fleet:
        browsers = [
            SoakBrowser(plan, fleet.port, f"user-{number % plan.users}@example.org", ledger)
            for number in range(plan.users * plan.browsers_per_user)
        ]
        with busy(plan, browsers) as running, robbed(plan, fleet.port, browsers, ledger) as thieves:
            _watch(plan, fleet, ledger, say)
            check([*running, *thieves])
        check([*running, *thieves])
        for browser in browsers:
            browser.finish()
    return ledger


@contextmanager
def busy(plan: Plan, browsers: list[SoakBrowser]) -> Iterator[list[Future[None]]]:
    """All tabs of all browsers are at work in this block."""
    over, dice = Event(), plan.dice("tabs")
    tabs = [browser for browser in browsers for _ in range(dice.randint(1, plan.most_tabs))]
    with ThreadPoolExecutor(len(tabs)) as pool:
        try:
            yield [pool.submit(tab.tab, plan.dice(f"tab {place}"), over) for place, tab in enumerate(tabs)]
        finally:
            over.set()


@contextmanager
def robbed(
    plan: Plan, port: int, browsers: list[SoakBrowser], ledger: Ledger
) -> Iterator[list[Future[None]]]:
    """Thieves are at work in this block; at its end every theft is over."""
    over = Event()
    thieves = [Thief(plan, port, ledger, plan.dice(f"thief {number}")) for number in range(plan.thieves)]
    with ThreadPoolExecutor(len(thieves)) as pool:
        try:
            yield [pool.submit(thief.work, browsers, over) for thief in thieves]
        finally:
            over.set()


def _watch(plan: Plan, fleet: Fleet, ledger: Ledger, say: Say) -> None:
    """Kill workers and rotate keys until the time is up."""
    dice, began = plan.dice("crashes"), time.monotonic()
    next_kill, next_rotation = plan.kill_every, plan.rotate_every / 2
    while (elapsed := time.monotonic() - began) < plan.seconds:
        say(ledger.line(elapsed))
        if elapsed >= next_rotation:
            rotating_since = time.monotonic()
            fleet.rotate_key()
            ledger.add("key rotations")
            began += time.monotonic() - rotating_since  # its two restarts come on top of the time asked for
            next_rotation += plan.rotate_every
        elif elapsed >= next_kill and fleet.kill(dice):
            ledger.add("kills")
            next_kill = elapsed + dice.uniform(0.5, 1.5) * plan.kill_every
        time.sleep(0.25)
    say(ledger.line(elapsed))


def check(running: list[Future[None]]) -> None:
    """What a thread raised is raised here."""
    for one in running:
        if one.done():
            one.result()
