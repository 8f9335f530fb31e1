"""The database of the reference site."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Connection
from typing import Any

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Dialect, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase

from . import private

NAMING_CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraints have names, so that a migration can drop them on every database."""


class Base(DeclarativeBase):
    """The base of the site's models."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


@event.listens_for(Engine, "do_connect")
def _keep_sqlite_private(
    dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]
) -> None:
    """Create the file first: one that SQLite creates is readable by every account with a usual umask."""
    name = str(arguments[0]) if dialect.name == "sqlite" and arguments else ":memory:"
    if name not in ("", ":memory:") and not options.get("uri"):
        private.sqlite(Path(name))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let requests read SQLite while another one writes (write-ahead log)."""
    if isinstance(connection, Connection):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
