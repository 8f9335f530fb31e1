"""The site on three nodes behind nginx: each has its own gunicorn, port and clock."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support import ROOT
from tests.support.product.documents import blocks_of
from tests.support.server.nginx import nginx
from tests.support.server.servers import environment_for
from tests.support.server.wrong_clock import WrongClock

from .daemon import Daemon
from .plan import NODES, NodesPlan

DEPLOYING = ROOT / "docs" / "deploying.md"


class Node(Daemon):
    """One gunicorn and its workers, on a clock of their own."""

    def __init__(self, folder: Path, name: str, plan: NodesPlan) -> None:
        super().__init__(folder, name)
        self.clock = WrongClock(self.folder / "clock")
        self._size = ["--workers", str(plan.workers), "--threads", str(plan.threads)]

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it as it is started in production, on its own port."""
        address = ["--bind", f"127.0.0.1:{self.port}"]
        gunicorn = [sys.executable, "-m", "gunicorn", *address, *self._size, "wsgi:app"]
        self.launch(gunicorn, {**environment, **self.clock.environment})


class Site:
    """All nodes, and the release that they run: its settings."""

    def __init__(self, folder: Path, plan: NodesPlan, url: str, throttle: str) -> None:
        self.nodes = [Node(folder, name, plan) for name in NODES]
        self._url = url
        self._keys = [secrets.token_hex(32)]
        self._settings = {
            "FLASK_PROXY_HOPS": "1",
            "FLASK_RATCHET_LEEWAY": f"{plan.leeway}s",
            "FLASK_RATCHET_ACCESS_TTL": f"{plan.access_ttl}s",
            "FLASK_RATCHET_MAX_SESSIONS": "20",
            "FLASK_RATCHET_THROTTLE_STORAGE": throttle,
            **plan.environment,
        }

    def start(self, node: Node) -> None:
        """Start a node that does not run, with the release of now."""
        keys = {
            "FLASK_SECRET_KEY": self._keys[0],
            "FLASK_SECRET_KEY_FALLBACKS": json.dumps(self._keys[1:]),
        }
        node.start(environment_for(self._url, **self._settings, **keys))

    def roll(self) -> None:
        """Restart one node after the other, with the release of now."""
        for node in self.nodes:
            node.stop()
            self.start(node)

    def change_secret(self) -> None:
        """A new SECRET_KEY in the two steps of docs/keys.md, each on every node before the next one."""
        old, new = self._keys[0], secrets.token_hex(32)
        for self._keys in ([old, new], [new, old]):
            self.roll()

    def move_to(self, url: str, **further: str) -> None:
        """Another way to the database, in a rolling release."""
        self._url = url
        self._settings |= further
        self.roll()


@contextmanager
def site_in(folder: Path, plan: NodesPlan, url: str, throttle: str) -> Iterator[Site]:
    """The nodes, running; stopped afterwards."""
    site = Site(folder, plan, url, throttle)
    try:
        for node in site.nodes:
            site.start(node)
        yield site
    finally:
        for node in site.nodes:
            node.stop()


@contextmanager
def balanced(site: Site, folder: Path) -> Iterator[int]:
    """The port of an nginx before the nodes, configured by docs/deploying.md except for TLS."""
    (servers,) = (block.text for block in blocks_of(DEPLOYING) if block.role == "nodes")
    servers = servers.replace("listen 443 ssl;", "listen 443;")
    for number, node in enumerate(site.nodes, 1):
        there = f"10.0.0.{number}:8000"
        assert there in servers
        servers = servers.replace(there, f"127.0.0.1:{node.port}")
    folder.mkdir()
    servers = f"error_log {folder / 'error.log'};\n{servers}"  # it tells of each node that is away
    with nginx(servers, ("10.0.0.1:8000", ""), folder) as port:
        yield port
