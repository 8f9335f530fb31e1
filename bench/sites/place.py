"""Where a site's database is, and how it is opened: the same for every site that uses SQLAlchemy."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event

URL = os.environ.get("BENCH_URL", "sqlite://")
SECRET = os.environ.get("BENCH_SECRET", "a secret of no site, only for imports of it")
VIEW = "Dear Ada,"
"""What the bare views and the guarded ones answer."""


def site(name: str, **config: Any) -> tuple[Flask, SQLAlchemy]:
    """An app with a database and a bare view."""
    app = Flask(name)
    app.config.update(SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI=URL, **config)
    app.add_url_rule("/bare", "bare", view)
    return app, SQLAlchemy(app)


def view() -> str:
    """The view."""
    return VIEW


@event.listens_for(Engine, "connect")
def write_ahead(connection: Any, _record: object) -> None:
    """Let SQLite write ahead of its file."""
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
