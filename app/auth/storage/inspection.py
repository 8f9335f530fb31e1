"""What the doctor asks a database: its clock, its migrations, and how the user table differs from the model.

A host's table can be older than Ratchet, and its migrations written by hand. Each public function
is a ``look`` of ``Database.inspect``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Connection, Integer, String, Table, inspect, text
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..user import Identifier, Internal, RowState

MIN_HASH_LENGTH = 84
"""Characters of the hashes that are written."""

EXACT_COLLATIONS = ("utf8mb4_bin", "utf8mb4_nopad_bin", "utf8mb4_0900_bin")
"""The collations of MariaDB and MySQL that treat different names as different and store every character."""

ONE_INTEGER = frozenset({"cockroachdb"})
"""The dialects that report every whole number as INTEGER. One of 64 bits is what INTEGER is there."""

SYNC_WAIT_READS = 1
"""The bit of wsrep_sync_wait with which a SELECT waits for what other nodes have committed."""

_GALERA = "SHOW VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_sync_wait')"
_EPOCHS = {
    "sqlite": "strftime('%s', 'now')",
    "mysql": "UNIX_TIMESTAMP(CURRENT_TIMESTAMP(6))",
    "mariadb": "UNIX_TIMESTAMP(CURRENT_TIMESTAMP(6))",
}
_MYSQL_COLLATIONS = """
SELECT column_name, collation_name FROM information_schema.columns
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name AND collation_name IS NOT NULL
"""
_POSTGRESQL_COLLATIONS = """
SELECT attname, collname FROM pg_attribute JOIN pg_collation ON pg_collation.oid = attcollation
WHERE attrelid = to_regclass(:path) AND NOT collisdeterministic
"""


def clock_difference(connection: Connection, _table: Table, now: float) -> float:
    """Seconds by which ``now`` is ahead of the database's clock."""
    theirs = _EPOCHS.get(connection.dialect.name, "EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)")
    return now - float(connection.execute(text(f"SELECT {theirs}")).scalar_one())


def reads_old_rows(connection: Connection, _table: Table) -> bool:
    """Whether this is a node of a Galera cluster, and a SELECT on it can miss a commit of another node."""
    if connection.dialect.name not in ("mysql", "mariadb"):
        return False
    told = {str(name): str(value) for name, value in connection.execute(text(_GALERA))}
    return told.get("wsrep_on") == "ON" and not int(told["wsrep_sync_wait"]) & SYNC_WAIT_READS


def prepares_behind_pooler(connection: Connection, _table: Table) -> bool:
    """Whether psycopg prepares statements, and something between here and PostgreSQL pools its connections.

    A pooler cannot hand the process id of its server connection on to a client, as that changes.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.driver != "psycopg" or driver.prepare_threshold is None:
        return False
    return bool(driver.info.backend_pid != connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def run_migrations(connection: Connection, _table: Table, options: Mapping[str, Any]) -> frozenset[str]:
    """The newest revisions that Alembic has run here, with the site's ``options`` for it."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415  # where a site migrates by it

    return frozenset(MigrationContext.configure(connection, opts=dict(options)).get_current_heads())


def missing_columns(connection: Connection, table: Table) -> list[str]:
    """The columns of the model that the table does not have."""
    there = _types(connection, table)
    return [column.name for column in table.columns if column.name not in there]


def unfit_columns(connection: Connection, table: Table, own: Mapping[str, Column[Any]]) -> list[str]:
    """What is wrong with the types of ``own`` columns, a sentence each."""
    there, dialect = _types(connection, table), connection.dialect
    return [
        f"The column {column.name} is {found.compile(dialect)}, but Ratchet needs {wanted}."
        for name, column in own.items()
        if (found := there.get(column.name)) is not None
        and (wanted := _misfit(name, column.type, found, dialect.name))
    ]


def loose_columns(
    connection: Connection, table: Table, own: Mapping[str, Column[Any]]
) -> list[tuple[str, str]]:
    """The name columns whose collation treats different names as equal, each with that collation."""
    collations = _collations(connection, table)
    return [
        (column.name, collation)
        for column in own.values()
        if isinstance(column.type, Identifier)
        and (collation := collations.get(column.name))
        and collation not in EXACT_COLLATIONS
    ]


def _types(connection: Connection, table: Table) -> dict[str, TypeEngine[Any]]:
    inspector = inspect(connection)
    if not inspector.has_table(table.name, table.schema):
        return {}
    return {column["name"]: column["type"] for column in inspector.get_columns(table.name, table.schema)}


def _collations(connection: Connection, table: Table) -> dict[str, str]:
    """The collations of columns; in PostgreSQL only nondeterministic ones: they can treat names as equal."""
    query = {"mysql": _MYSQL_COLLATIONS, "mariadb": _MYSQL_COLLATIONS, "postgresql": _POSTGRESQL_COLLATIONS}
    statement = query.get(connection.dialect.name)
    if statement is None:
        return {}
    path = connection.dialect.identifier_preparer.format_table(table)
    told = {"schema": table.schema, "name": table.name, "path": path}
    wanted = text(statement)
    values = {name: value for name, value in told.items() if name in wanted.compile().params}
    return {str(column): str(collation) for column, collation in connection.execute(wanted, values)}


def _misfit(name: str, wanted: TypeEngine[Any], found: TypeEngine[Any], dialect: str) -> str:
    """What a column should be, or "" if it is suitable. Types that the host defines are not checked."""
    if dialect == "sqlite" or (
        isinstance(wanted, TypeDecorator) and not isinstance(wanted, Identifier | Internal)
    ):
        return ""  # SQLite keeps any value in any column
    strict = dialect == "postgresql"
    if isinstance(wanted, RowState):
        return "" if isinstance(found, JSON) or (not strict and _is_endless_text(found)) else "JSON"
    if isinstance(wanted, Internal):
        wanted = wanted.impl_instance
    if isinstance(wanted, Boolean):
        return "" if isinstance(found, Boolean if strict else Boolean | Integer) else "a boolean"
    if isinstance(wanted, Integer):
        suitable = Integer if dialect in ONE_INTEGER else type(wanted)
        return "" if isinstance(found, suitable) else "a whole number" + _of_width(wanted)
    if name == "password_hash" and not _has_room(found):
        return f"text of {MIN_HASH_LENGTH} characters or more"
    return "" if isinstance(found, String) else "text"


def _of_width(wanted: TypeEngine[Any]) -> str:
    return " of 64 bits" if isinstance(wanted, BigInteger) else ""


def _is_endless_text(found: TypeEngine[Any]) -> bool:
    """Whether this is TEXT of some size: MariaDB's JSON is one."""
    return isinstance(found, String) and found.length is None


def _has_room(found: TypeEngine[Any]) -> bool:
    return not isinstance(found, String) or found.length is None or found.length >= MIN_HASH_LENGTH
