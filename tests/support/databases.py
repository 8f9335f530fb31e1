"""The databases the tests run on: SQLite in a file, and real PostgreSQL and MariaDB servers.

Where a server listens can be told with POSTGRESQL_URL and MARIADB_URL; a test run makes databases of its
own there and takes them away again. By themselves the tests speak without TLS: on loopback it hides nothing,
and its handshakes would be a good part of what the tests wait for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

SERVERS = {
    "postgresql": os.environ.get(
        "POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres?sslmode=disable"
    ),
    "mariadb": os.environ.get("MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306/test?ssl_disabled=true"),
}
KINDS = ("sqlite", *SERVERS)
REMEDY = "start it with .ci/services, or say where it is with {}_URL"


def missing(service: str, remedy: str) -> None:
    """Skip a test whose real server is not there; with REQUIRE_SERVICES=1 that is a failure."""
    message = f"{service} is not there: {remedy}"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(message)
    pytest.skip(message)  # a developer without this server runs the rest; CI requires every server


@contextmanager
def fresh_database(kind: str, name: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of that kind, gone again afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / name}.sqlite"
        return
    server = make_url(SERVERS[kind])
    _run(kind, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    if kind == "postgresql":
        _run(kind, f"ALTER DATABASE {name} SET synchronous_commit = off")  # it need not outlive a power cut
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(kind, f"DROP DATABASE IF EXISTS {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))


def _run(kind: str, *statements: str) -> None:
    engine = create_engine(SERVERS[kind], isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    except OperationalError:
        missing(kind, REMEDY.format(kind.upper()))
    finally:
        engine.dispose()


def tables(url: str) -> set[str]:
    """The tables that are in the database."""
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def terminate_backends(url: str) -> int:
    """End every other connection to that database; how many there were."""
    name = make_url(url).database
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                statement = text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = :name AND pid <> pg_backend_pid()"
                )
                return int(connection.execute(statement, {"name": name}).scalar_one())
            listed = text(
                "SELECT id FROM information_schema.processlist WHERE db = :name AND id <> connection_id()"
            )
            ids = connection.execute(listed, {"name": name}).scalars().all()
            for one in ids:
                connection.execute(text(f"KILL {one}"))
            return len(ids)
    finally:
        engine.dispose()
