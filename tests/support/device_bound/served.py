"""The room behind nginx with TLS, with two workers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.auth.lifecycle.rotation import Session
from app.auth.web.services import services
from tests.support import DOCS

from ..chromium.house_opening import House, open_house
from ..chromium.tabs import eventually
from ..chromium.wire import Wire, wire_to
from ..product.documents import blocks_of
from ..server.nginx import nginx
from .room import __name__ as room

REGISTER, REFRESH = "POST /auth/dbsc/register", "POST /auth/dbsc/refresh"


@dataclass(frozen=True)
class Room:
    """The house, the wire between nginx and it, and the port of nginx on localhost."""

    house: House
    wire: Wire
    port: int

    def address(self, path: str) -> str:
        """The address of a page."""
        return f"https://localhost:{self.port}{path}"

    def sessions(self, name: str) -> tuple[Session, ...]:
        """The sessions of somebody, from the row."""
        with self.house.site.app_context():
            account = services().store.find("username", name)
        assert account is not None
        return account.sessions

    def is_bound(self, name: str) -> bool:
        """Whether the newest session of somebody is bound, as the row says."""
        device = self.newest(name).device
        return device is not None and device.is_bound

    def newest(self, name: str) -> Session:
        """The session of somebody that started last."""
        return max(self.sessions(name), key=lambda one: one.started_at)

    def restart(self, **secrets: str) -> None:
        """Replace the workers by new ones with these variables; the port stays."""
        (self.house.folder / "secrets").write_text(json.dumps(secrets))
        before = self._workers()
        os.kill(self.house.process, signal.SIGHUP)
        eventually(lambda: len(self._workers()) == len(before) and not self._workers() & before)

    def _workers(self) -> set[str]:
        children = Path(f"/proc/{self.house.process}/task/{self.house.process}/children")
        return set(children.read_text().split())


@contextmanager
def serve_room(url: str, folder: Path, seen_as: str | None = None, **settings: str) -> Iterator[Room]:
    """Open the room on the database at ``url``, behind the nginx of docs/deploying.md."""
    blocks = blocks_of(DOCS / "deploying.md")
    servers = next(block.text for block in blocks if block.language == "nginx")
    servers = servers.replace("server_name example.org;", "server_name localhost;")
    further = {"FLASK_PROXY_HOPS": "1", **settings}
    with (
        open_house(url, folder, seen_as, room, 2, **further) as house,
        wire_to(house.port) as wire,
        nginx(servers, ("127.0.0.1:8000", f"127.0.0.1:{wire.port}"), folder) as port,
    ):
        yield Room(house, wire, port)
