"""The house, open: gunicorn in front of it, and the ways to steer it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app.db import db
from app.models import User
from tests.support.clock import FileClock
from tests.support.server import gunicorn
from tests.support.server.servers import environment_for, site_on
from tests.support.sites import add_user, renew_connections

from .house import __name__ as house


@dataclass(frozen=True)
class House:
    """A house that is open: its port on loopback, the folder that steers it, gunicorn's master process."""

    port: int
    folder: Path
    site: Flask
    process: int

    def turn_clock(self, seconds: float) -> None:
        """Turn the clock of the server ahead."""
        FileClock(self.folder).advance(seconds)

    @property
    def ahead(self) -> float:
        """How far ahead the clock of the server is, in seconds."""
        return FileClock(self.folder).ahead

    def add_user(self, name: str, **columns: object) -> None:
        """Let somebody move in, with the usual password."""
        add_user(self.site, f"{name}@example.org", name, **columns)

    def writes(self, name: str) -> int:
        """How often Ratchet has written the row of somebody who lives here."""
        with self.site.app_context():
            version = db.select(User.sessions_version).where(User.username == name)
            return int(db.session.execute(version).scalar_one())


@contextmanager
def open_house(
    url: str, folder: Path, seen_as: str | None = None, app: str = house, workers: int = 1, /, **settings: str
) -> Iterator[House]:
    """Open a house on the database at ``url``, where the server sees it as ``seen_as``.

    ``app`` is the module that makes it. ``settings`` are added to the environment of the server.
    """
    FileClock(folder).start()
    environment = environment_for(seen_as or url, HOUSE_FOLDER=str(folder), **settings)
    with site_on(url) as site:
        pass
    options = ["--workers", str(workers), "--threads", "8", "--graceful-timeout", "1"]
    try:
        with gunicorn.running(f"{app}:create_app()", environment, options) as server:
            yield House(server.port, folder, site, server.process.pid)
    finally:
        renew_connections(site)
