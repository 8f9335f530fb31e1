"""The shop, open: gunicorn with two workers on SQLite, and the ways to steer it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from tests.support import ROOT
from tests.support.clock import FileClock, write_whole
from tests.support.server import gunicorn
from tests.support.sites import HASH

from .shop import db

KEEP_ALIVE_SECONDS = 90
"""Longer than a wire holds a request: Chromium sends one again whose connection was closed for idleness."""


@dataclass(frozen=True)
class Shop:
    """A shop that is open: its port on loopback, and the folder that steers it."""

    port: int
    folder: Path

    def turn_clock(self, seconds: float) -> None:
        """Turn the clock of the server ahead."""
        FileClock(self.folder).advance(seconds)

    @contextmanager
    def refusing(self, status: int, body: str = "", **headers: str) -> Iterator[None]:
        """Answer every refresh like this; ``Retry_After="1"`` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        write_whole(self.folder / "refused", "")
        write_whole(self.folder / "refusal", json.dumps([status, named, body]))
        try:
            yield
        finally:
            (self.folder / "refusal").unlink()

    @property
    def refusals(self) -> int:
        """How often it was answered like that."""
        return len((self.folder / "refused").read_text())

    def serve_worker(self, script: str) -> None:
        """Serve this service worker at /worker.js."""
        write_whole(self.folder / "worker.js", script)

    @property
    def turned_away(self) -> list[str]:
        """The paths of all requests that were refused for their access token."""
        written = self.folder / "turned_away"
        return written.read_text().splitlines() if written.exists() else []

    def execute(self, statement: str, **values: object) -> None:
        """Change the shop's database."""
        engine = create_engine(database_of(self.folder))
        with engine.begin() as connection:
            connection.execute(text(statement), values)
        engine.dispose()


@contextmanager
def open_shop(folder: Path, **environment: str) -> Iterator[Shop]:
    """Open a shop whose customers are ada and bob; ``environment`` is added to that of the server."""
    FileClock(folder).start()
    _add_customers(folder)
    outer = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    settings = {
        "FLASK_SECRET_KEY": "the secret of the shop, also forty characters",
        "FLASK_RATCHET_BCRYPT_ROUNDS": "10",
        "SHOP_FOLDER": str(folder),
    }
    options = ["--workers", "2", "--threads", "4", "--keep-alive", str(KEEP_ALIVE_SECONDS)]
    options += ["--pythonpath", str(ROOT)]
    with gunicorn.running(
        f"{__package__}.shop:create_app()",
        {**outer, **settings, **environment},
        options,
        first_page=f"{environment.get('SCRIPT_NAME', '')}/plain",
        folder=folder,  # not the settings of the reference site
    ) as server:
        yield Shop(server.port, folder)


def database_of(folder: Path) -> URL:
    """Where the shop's database is."""
    return URL.create("sqlite", database=str(folder / "shop.sqlite"))


def _add_customers(folder: Path) -> None:
    engine = create_engine(database_of(folder))
    db.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("PRAGMA journal_mode = WAL"))
        for name in ("ada", "bob"):
            connection.execute(
                text("INSERT INTO customers (email, username, password_hash) VALUES (:email, :name, :hash)"),
                {"email": f"{name}@example.org", "name": name, "hash": HASH},
            )
    engine.dispose()
