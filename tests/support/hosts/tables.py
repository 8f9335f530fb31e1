"""Tables of users as hosts made them before Ratchet: with a collation, a type or a spelling of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine

COLUMNS = {
    "id": "INTEGER PRIMARY KEY",
    "email": "VARCHAR(190) NOT NULL UNIQUE",
    "password_hash": "VARCHAR(255)",
    "sessions": "JSON",
    "ended": "JSON",
    "ended_at": "BIGINT",
    "sessions_version": "INTEGER DEFAULT 0",
    "blocked": "BOOLEAN NOT NULL DEFAULT FALSE",
    "confirmed": "BOOLEAN NOT NULL DEFAULT TRUE",
}
"""A table of customers, made by hand."""

ACCENTS_DO_NOT_COUNT = {"postgresql": "COLLATE as_in_german", "mariadb": "COLLATE utf8mb4_general_ci"}
"""What makes a column take ``jose`` for ``josé``; SQLite has no such collation of its own."""

WITHOUT_ACCENTS = (
    "CREATE COLLATION as_in_german (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
)


@contextmanager
def own_connection(url: str) -> Iterator[Connection]:
    """A connection that commits each statement."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def create_customers(url: str, **columns: str) -> None:
    """Make the table of customers, with some columns otherwise."""
    definitions = ", ".join(f"{name} {definition}" for name, definition in (COLUMNS | columns).items())
    with own_connection(url) as connection:
        if "as_in_german" in definitions:
            connection.exec_driver_sql(WITHOUT_ACCENTS)
        connection.exec_driver_sql(f"CREATE TABLE customers ({definitions})")


def add_row(url: str, number: int, email: str | None = None, **values: object) -> None:
    """A row that the host wrote, without a word of Ratchet."""
    row = {"id": number, "email": email, **values}
    names = ", ".join(row)
    marks = ", ".join(f"%({name})s" for name in row)
    with own_connection(url) as connection:
        if connection.dialect.paramstyle == "qmark":
            connection.exec_driver_sql(
                f"INSERT INTO customers ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values())
            )
        else:
            connection.exec_driver_sql(f"INSERT INTO customers ({names}) VALUES ({marks})", row)
