"""The first request of a site that starts, and the memory of a worker that has served some."""

from __future__ import annotations

import time
from statistics import median
from typing import NamedTuple

from tests.campaigns import progress

from .client import exchange
from .server import SETTINGS, Serving, serving
from .stage import CONNECTIONS, Stage
from .subjects import AT_ONCE, BLOCKLIST, FLOOR, RATCHET, SECURITY, SIMPLEJWT, STATELESS, VIEWS, Site

SITES = [FLOOR, RATCHET, STATELESS, BLOCKLIST, SECURITY, SIMPLEJWT]
REQUESTS = 60
ALONE = ["--config", "/dev/null", "--worker-class", "gthread", "--workers", "1", "--threads", "4"]
ALONE += ["--no-control-socket"]
"""One worker that loads the site itself, so that the memory of the site is its own."""

WAYS = {site.name: (site, ALONE) for site in SITES}
WAYS[f"{RATCHET.name}, as gunicorn.conf.py has it"] = RATCHET, SETTINGS
"""Each site by itself, and ours with two workers that share what the master has loaded."""


class Start(NamedTuple):
    """Seconds from the start of gunicorn to its first reply, and megabytes that the worker has for itself."""

    seconds: float
    memory: float


def starting(stage: Stage, rounds: int) -> dict[str, Start]:
    """Every site by name, started alternately."""
    measured: dict[str, list[Start]] = {name: [] for name in WAYS}
    for number in range(1, rounds + 1):
        for name, (site, options) in WAYS.items():
            progress.show(f"starts: round {number} of {rounds}, {name}")
            began = time.perf_counter()
            with stage.log.open("ab") as log, serving(stage.prepared[site], log, options) as server:
                took = time.perf_counter() - began
                use(server, site)
                measured[name].append(Start(took, server.unique_memory()))
    return {
        name: Start(median(one.seconds for one in rounds_), median(one.memory for one in rounds_))
        for name, rounds_ in measured.items()
    }


def use(server: Serving, site: Site) -> None:
    """Ask for a guarded view and refresh, over eight connections, so that what is loaded late is there."""
    view = [view for view in VIEWS if view.site is site][-1]
    for reply in exchange(server.port, [view.request(server.tokens["access"][0])] * REQUESTS, CONNECTIONS):
        reply.checked()
    for refresh in (refresh for refresh in AT_ONCE if refresh.site is site):
        tokens = server.tokens[refresh.delivery]
        asked = [refresh.request(token) for token in tokens[:CONNECTIONS]]
        for number, reply in enumerate(exchange(server.port, asked, CONNECTIONS)):
            tokens[number] = refresh.renewed(reply.checked())
