"""Statements to the host's database and back, each in autocommit on a connection of its own.

Where the host's tests have put one connection in the place of the engine, to roll back what a test has
written, that connection is used, and nothing is committed.

Nothing that the host has pending in ``db.session`` is committed, rolled back or flushed. A database that is
down, busy or gone is Unavailable; a deadlock or a dead connection is tried again first, a bounded number of
times. A mistake in our SQL stays what it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Connection,
    CursorResult,
    Dialect,
    Engine,
    Executable,
    Row,
    Select,
    Table,
    inspect,
    text,
)
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from ..errors import Unavailable
from ..log import log_safely

TRIES = 3
"""How often a statement is sent that a deadlock or a dead connection stopped."""

TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATE of PostgreSQL: serialization failure, deadlock, lock not available."""

TRANSIENT_CODES = frozenset({1205, 1213})
"""Error codes of MariaDB: lock wait timeout, deadlock."""

_EPOCHS = {
    "sqlite": "strftime('%s', 'now')",
    "mysql": "UNIX_TIMESTAMP(CURRENT_TIMESTAMP(6))",
    "mariadb": "UNIX_TIMESTAMP(CURRENT_TIMESTAMP(6))",
}
_T = TypeVar("_T")


class Database:
    """The database that holds one table of the host."""

    def __init__(self, db: SQLAlchemy, table: Table) -> None:
        self._db, self._table = db, table

    def run(
        self, statement: Executable, values: Mapping[str, Any], take: Callable[[CursorResult[Any]], _T]
    ) -> _T:
        """Run one statement and ``take`` what is wanted of its result.

        Sending it again is safe: a compare-and-swap that did land then finds another version.
        """

        def once() -> _T:
            with self._connect() as connection:
                return take(connection.execute(statement, values))

        return self.attempt(once)

    def rows_for_host(self, statement: Select[Any], values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of a SELECT as ``db.session`` would find them, without those that the host hides.

        It runs in a session of the host's class, so that ``do_orm_execute`` listeners (soft delete, tenants)
        add their criteria, and on our own connection, so that no replica answers that lags behind.
        """

        def once() -> Sequence[Row[Any]]:
            with self._connect() as connection, self._session_on(connection) as own:
                return own.execute(statement, values).all()

        return self.attempt(once)

    def attempt(self, work: Callable[[], _T]) -> _T:
        """Do what is safe to do again, and do it again where a deadlock or a dead connection stopped it."""
        for left in reversed(range(TRIES)):
            try:
                with self.faults():
                    return work()
            except Unavailable as error:
                if not left or not _is_transient(error.__cause__):
                    log_safely(logging.WARNING, "the database does not do it: %s", in_short(error.__cause__))
                    raise
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn a fault of the database into Unavailable."""
        try:
            yield
        except (OperationalError, InterfaceError, InternalError, PoolTimeoutError) as error:
            raise Unavailable from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable from error
            raise
        except self._driver_error as error:
            # Some drivers find a pooled connection dead while it is being prepared, where SQLAlchemy does
            # not look: whatever else is in the pool is as old.
            self._bind.engine.dispose()
            raise Unavailable from error

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this host."""
        return self.dialect.name == "sqlite"

    @property
    def translates_schemas(self) -> bool:
        """Whether the engine puts other schemas in the place of those that the tables name."""
        return bool(self._bind.get_execution_options().get("schema_translate_map"))

    @property
    def dialect(self) -> Dialect:
        """What SQLAlchemy knows of this kind of database."""
        return self._bind.dialect

    def clock_difference(self, now: float) -> float:
        """Seconds by which ``now`` is ahead of the database's clock."""
        theirs = _EPOCHS.get(self.dialect.name, "EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)")
        return now - float(self.run(text(f"SELECT {theirs}"), {}, lambda result: result.scalar_one()))

    def missing_columns(self) -> list[str]:
        """The columns of the model that the table does not have."""
        name, schema = self._table.name, self._table.schema
        with self.faults(), self._connect() as connection:
            inspector = inspect(connection)
            is_available = inspector.has_table(name, schema)
            there = (
                {column["name"] for column in inspector.get_columns(name, schema)} if is_available else set()
            )
        return [column.name for column in self._table.columns if column.name not in there]

    def run_migrations(self, options: Mapping[str, Any]) -> frozenset[str]:
        """The newest revisions that Alembic has run here, with the site's ``options`` for it."""
        from alembic.runtime.migration import MigrationContext  # noqa: PLC0415  # where a site migrates by it

        with self.faults(), self._connect() as connection:
            context = MigrationContext.configure(connection, opts=dict(options))
            return frozenset(context.get_current_heads())

    @cached_property
    def _driver_error(self) -> type[Exception]:
        driver = self.dialect.loaded_dbapi
        return cast("type[Exception]", driver.Error)

    @property
    def _bind(self) -> Engine | Connection:
        """The engine of the table, or what the host's tests have put in its place."""
        return cast("Engine | Connection", self._db.engines[self._table.metadata.info.get("bind_key")])

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        bind = self._bind
        if isinstance(bind, Connection):
            yield bind
            return
        with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    def _session_on(self, connection: Connection) -> Session:
        """A session like the host's, but for its connection, whatever ``get_bind`` of its class says."""
        kept = self._db.session.session_factory.kw
        return self._own_class(**kept | {"bind": connection, "binds": None})

    @cached_property
    def _own_class(self) -> type[Session]:
        """The host's class of sessions, with its listeners, for one connection."""
        hosts = self._db.session.session_factory.class_
        return type("OwnSession", (hosts,), {"get_bind": lambda self, *_, **__: self.bind})


def in_short(error: BaseException | None) -> str:
    """What the driver says, in one line, and without the statement and its values."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).partition(chr(10))[0]}"


def _is_transient(error: BaseException | None) -> bool:
    if not isinstance(error, DBAPIError):
        return not isinstance(error, SQLAlchemyError)  # a driver's own: the connection was dead
    original = error.orig
    state = getattr(original, "sqlstate", None)
    code = original.args[0] if original is not None and original.args else None
    return error.connection_invalidated or state in TRANSIENT_STATES or code in TRANSIENT_CODES
