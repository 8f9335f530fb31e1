"""Runs statements on the host's database, each in autocommit, on connections of the host's pool.

The statements of a refresh go through the driver (see driver.py); SQLAlchemy executes all others. The tests
of a host can replace the engine by one connection, to roll back a test. Then that connection is used and
nothing is committed.

Nothing that the host has pending in ``db.session`` is committed, rolled back or flushed. A database that is
down, busy, gone or not migrated is Unavailable; a deadlock, a dead connection or one to a node that no longer
writes is tried again first, a bounded number of times. An error in our SQL is raised unchanged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from typing import Any, TypeVar, cast

from flask import current_app, has_app_context
from sqlalchemy import (
    Connection,
    CursorResult,
    Dialect,
    Engine,
    Executable,
    PoolProxiedConnection,
    Select,
    Table,
    Update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.interfaces import ORMOption

from ..errors import Unavailable
from ..log import log_safely
from . import faults
from .driver import DriverStatement, Lease, is_direct, one_connection, shared_lease
from .host_database import HostDatabase

TRIES = 3
"""How often a statement is sent if a deadlock or a dead connection stops it."""

FETCHED_AT_ONCE = 1000
"""Rows of a table that is read from end to end."""

Rows = Sequence[Sequence[Any]]
_Often = Select[Any] | Update
_T = TypeVar("_T")


class Database:
    """The database that holds one table of the host."""

    def __init__(self, host: HostDatabase, mapper: Mapper[Any], table: Table) -> None:
        self._host, self._mapper, self._table = host, mapper, table
        self._last_bind: Engine | Connection | None = None
        self._prepared: dict[tuple[_Often, Dialect], DriverStatement | None] = {}

    def run(
        self, statement: Executable, values: Mapping[str, Any], take: Callable[[CursorResult[Any]], _T]
    ) -> _T:
        """Run one statement; ``take`` converts its result.

        Sending it again is safe: a compare-and-swap whose first attempt was written finds another version.
        """
        return self.attempt(partial(self._execute, statement, values, take))

    def rows(self, statement: Select[Any], values: Mapping[str, Any]) -> Rows:
        """The rows of a SELECT that is sent often."""
        return self._send(statement, values, DriverStatement.rows, lambda result: result.all())

    def count(self, statement: Update, values: Mapping[str, Any]) -> int:
        """How many rows an UPDATE that is sent often has changed."""
        return self._send(statement, values, DriverStatement.count, lambda result: result.rowcount)

    def rows_for_host(
        self, statement: Select[Any], values: Mapping[str, Any], criteria: Sequence[ORMOption]
    ) -> Rows:
        """The rows of a SELECT as ``db.session`` would find them, without those that the host hides.

        If the host hides any, the statement runs in a session of the host's class, so that ``do_orm_execute``
        listeners (soft delete, tenants) add their criteria, and on our own connection, so that it does not
        read old data from a replica.
        """
        if not criteria and not self._hides_rows:
            return self.rows(statement, values)

        def once() -> Rows:
            with self._connect() as connection, self._session_on(connection) as own:
                return own.execute(statement.options(*criteria), values).all()

        return self.attempt(once)

    def attempt(self, work: Callable[[], _T]) -> _T:
        """Run ``work``, again after a deadlock or on a dead connection; it must be safe to repeat."""
        for left in reversed(range(TRIES)):
            try:
                with self.faults():
                    return work()
            except Unavailable as error:
                if not left or not faults.is_transient(error.__cause__):
                    told = faults.with_remedy(error.__cause__)
                    log_safely(logging.WARNING, "the database failed: %s", told)
                    raise
        raise AssertionError("the last try returns or raises")

    def scan(self, statement: Executable, take: Callable[[CursorResult[Any]], _T]) -> _T:
        """Run a SELECT of a whole table, of which only FETCHED_AT_ONCE rows are in memory at a time.

        A cursor on the server lives in a transaction, so this is not in autocommit.
        """
        with self.faults(), self._connect(autocommit=False) as connection:
            return take(connection.execution_options(yield_per=FETCHED_AT_ONCE).execute(statement))

    @contextmanager
    def session_apart(self) -> Iterator[Session]:
        """A session of the host's class beside ``db.session``. It reads what is on disk and never flushes."""
        bind = self._bind
        if isinstance(bind, Engine):
            bind = bind.execution_options(isolation_level="AUTOCOMMIT")
        with self.faults(), self._session_on(bind, autoflush=False, expire_on_commit=False) as own:
            yield own

    def faults(self) -> AbstractContextManager[None]:
        """Turn a fault of the database into Unavailable, and a text that it cannot hold into ForeignText."""
        return faults.Renamed(self._named)

    def _named(self, error: BaseException) -> Exception | None:
        """What is raised in place of a fault; None for any other error."""
        if isinstance(error, PoolTimeoutError):
            return Unavailable()
        if isinstance(error, UnicodeEncodeError):  # the driver cannot encode the text
            return faults.ForeignText()
        if isinstance(error, DBAPIError):
            return self._named_by_sqlalchemy(error)
        if isinstance(error, self._driver_error):
            # Some drivers raise their own error for a dead pooled connection while it is prepared, and
            # SQLAlchemy does not convert that one.
            self._give_up_connections()
            return Unavailable()
        return None

    def _named_by_sqlalchemy(self, error: DBAPIError) -> Exception | None:
        if faults.is_foreign_text(error):
            return faults.ForeignText()
        if not faults.is_fault(error):
            return None
        if faults.is_of_connection(error):
            self._give_up_connections()
        return Unavailable(_for_a_developer(error))

    @property
    def translates_schemas(self) -> bool:
        """Whether the engine replaces the schema names of the tables (``schema_translate_map``)."""
        return bool(self._bind.get_execution_options().get("schema_translate_map"))

    @property
    def dialect(self) -> Dialect:
        """The SQLAlchemy dialect of the database."""
        return self._bind.dialect

    def inspect(self, look: Callable[[Connection, Table], _T]) -> _T:
        """What ``look`` (see inspection.py) finds out about the table."""
        with self.faults(), self._connect() as connection:
            return look(connection, self._table)

    @cached_property
    def _driver_error(self) -> type[Exception]:
        driver = self.dialect.loaded_dbapi
        return cast("type[Exception]", driver.Error)

    @property
    def _bind(self) -> Engine | Connection:
        """The engine of the table, or the connection that tests replaced it with.

        Outside an app context: the one that was used last.
        """
        if self._last_bind is None or has_app_context():
            self._last_bind = self._host.bind(self._mapper, self._table)
        return self._last_bind

    def _send(
        self,
        statement: _Often,
        values: Mapping[str, Any],
        direct: Callable[[DriverStatement, PoolProxiedConnection, Mapping[str, Any]], _T],
        take: Callable[[CursorResult[Any]], _T],
    ) -> _T:
        """Send a statement by the driver; by SQLAlchemy where the host needs that."""

        def once() -> _T:
            bind = self._bind
            if is_direct(bind) and (prepared := self._prepare(statement, bind, lease)):
                return direct(prepared, lease.connection(bind), values)
            return self._execute(statement, values, take)

        with one_connection() as lease:
            return self.attempt(once)

    def _prepare(self, statement: _Often, engine: Engine, lease: Lease) -> DriverStatement | None:
        """The statement for the driver, made at its first use: by then the dialect knows the server."""
        known = statement, engine.dialect
        if known not in self._prepared:
            lease.connection(engine)
            self._prepared[known] = DriverStatement.prepare(statement, engine.dialect)
        return self._prepared[known]

    def _execute(
        self, statement: Executable, values: Mapping[str, Any], take: Callable[[CursorResult[Any]], _T]
    ) -> _T:
        with self._connect() as connection:
            return take(connection.execute(statement, values))

    @contextmanager
    def _connect(self, *, autocommit: bool = True) -> Iterator[Connection]:
        bind = self._bind
        if isinstance(bind, Connection):
            yield bind
            return
        shared_lease().end()  # as a host's pool may have no second connection
        options = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
        with bind.connect().execution_options(**options) as connection:
            yield connection

    def _give_up_connections(self) -> None:
        """Close every pooled connection: like the failed one, each was opened before the fault."""
        shared_lease().discard()
        self._bind.engine.dispose()

    def _session_on(self, bind: Engine | Connection | None, **options: bool) -> Session:
        """A session of the host's class that always uses this bind, despite any ``get_bind`` of it."""
        kept = self._host.factory.kw
        return self._own_class(**kept | {"bind": bind, "binds": None} | options)

    @property
    def _hides_rows(self) -> bool:
        """Whether sessions of the host add something to a SELECT: a listener, or a method of its class."""
        own, heard = self._own_class.execute, self._idle_session.dispatch
        return bool(heard.do_orm_execute or heard.after_begin or own is not Session.execute)

    @cached_property
    def _idle_session(self) -> Session:
        """A session of the host's class that is only asked for its listeners."""
        return self._session_on(None)

    @cached_property
    def _own_class(self) -> type[Session]:
        """The host's class of sessions, with its listeners, for one bind."""
        hosts = self._host.factory.class_
        return type("OwnSession", (hosts,), {"get_bind": lambda self, *_, **__: self.bind})


def _for_a_developer(error: DBAPIError) -> str | None:
    """In debug mode: what is missing. In production the response does not say it."""
    if not (current_app.debug and faults.is_not_there(error)):
        return None
    return f"The database lacks what Ratchet needs: {faults.with_remedy(error)}."
