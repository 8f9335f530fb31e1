"""Sends a statement through the pooled connection of the driver, in SQL that SQLAlchemy has made once.

What SQLAlchemy does at each execution (it looks the compiled form up, and makes an object for the connection,
the execution and the result) costs several times as much as the driver itself. SQLAlchemy still compiles the
statement, converts each value by the type of its column, keeps the pool and names the errors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeGuard, cast

from sqlalchemy import Connection, Dialect, Engine, PoolProxiedConnection, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler


class _Autocommit(NamedTuple):
    """How a connection of a driver says whether each statement is a transaction of its own."""

    read: Callable[[Any], Any]
    write: Callable[[Any, Any], object]
    on: Any


_AUTOCOMMIT: Mapping[str, _Autocommit] = {
    "pysqlite": _Autocommit(
        lambda driver: driver.isolation_level,
        lambda driver, level: setattr(driver, "isolation_level", level),
        on=None,
    ),
    "psycopg": _Autocommit(
        lambda driver: driver.autocommit, lambda driver, value: driver.set_autocommit(value), on=True
    ),
    "pymysql": _Autocommit(
        lambda driver: driver.get_autocommit(), lambda driver, value: driver.autocommit(value), on=True
    ),
}
"""The drivers that are used directly. With another driver, every statement is executed by SQLAlchemy."""

_HEARD_ON_ENGINE = (
    "before_execute",
    "after_execute",
    "before_cursor_execute",
    "after_cursor_execute",
    "engine_connect",
    "set_connection_execution_options",
    "begin",
    "commit",
    "rollback",
)
_HEARD_ON_DIALECT = ("do_execute", "handle_error")
"""The events with which a host watches or changes statements, prepares connections or converts errors."""


def is_direct(bind: Engine | Connection) -> TypeGuard[Engine]:
    """Whether nobody misses what SQLAlchemy does at each execution: a listener, a log, an option."""
    return (
        isinstance(bind, Engine)
        and bind.driver in _AUTOCOMMIT
        and not any(getattr(bind.dispatch, name) for name in _HEARD_ON_ENGINE)
        and not any(getattr(bind.dialect.dispatch, name) for name in _HEARD_ON_DIALECT)
        and not bind.get_execution_options()
        and not bind.logger.isEnabledFor(logging.INFO)
    )


class DriverStatement:
    """A statement in the SQL of one driver, and how its values and those of its rows are converted."""

    def __init__(self, statement: Select[Any] | Update, compiled: SQLCompiler, dialect: Dialect) -> None:
        self._dialect, self._sql, self._names = dialect, str(compiled), compiled.positiontup
        self._constants = dict(compiled.params)
        converted = {
            name: bound.type.dialect_impl(dialect).bind_processor(dialect)
            for bound, name in compiled.bind_names.items()
        }
        self._converted = {name: convert for name, convert in converted.items() if convert}
        described = statement.column_descriptions if isinstance(statement, Select) else ()
        self._types = [column["type"].dialect_impl(dialect) for column in described]
        self._read: list[tuple[int, Callable[[Any], Any]]] | None = None

    @classmethod
    def prepare(cls, statement: Select[Any] | Update, dialect: Dialect) -> DriverStatement | None:
        """The statement; None where only SQLAlchemy can execute it.

        That is where its SQL depends on the values, such as the length of a list, or where values are found
        at each execution: a default of the host for every UPDATE, a function in place of a value.
        """
        compiled = statement.compile(dialect=dialect)
        found_later = any(bound.callable for bound in compiled.bind_names)
        if found_later or any(getattr(compiled, name) for name in _DEPENDS_ON_EXECUTION):
            return None
        return cls(statement, compiled, dialect)

    def rows(self, connection: PoolProxiedConnection, values: Mapping[str, Any]) -> list[list[Any]]:
        """The rows of a SELECT."""
        with _NamedErrors(self._dialect, connection, self._sql):
            cursor = self._executed(connection, values)
            rows = [list(row) for row in cursor.fetchall()]
            if self._read is None:
                self._read = list(self._processors(cursor.description))
            cursor.close()
        for row in rows:
            for index, convert in self._read:
                row[index] = convert(row[index])
        return rows

    def count(self, connection: PoolProxiedConnection, values: Mapping[str, Any]) -> int:
        """How many rows an UPDATE has changed."""
        with _NamedErrors(self._dialect, connection, self._sql):
            cursor = self._executed(connection, values)
            changed = int(cursor.rowcount)
            cursor.close()
        return changed

    def _processors(self, description: Any) -> Iterator[tuple[int, Callable[[Any], Any]]]:
        for index, (kind, column) in enumerate(zip(self._types, description, strict=True)):
            convert = kind.result_processor(self._dialect, column[1])
            if convert:
                yield index, convert

    def _executed(self, connection: PoolProxiedConnection, values: Mapping[str, Any]) -> Any:
        given = {**self._constants, **values}
        for name, convert in self._converted.items():
            given[name] = convert(given[name])
        cursor = connection.cursor()
        cursor.execute(self._sql, given if self._names is None else [given[name] for name in self._names])
        return cursor


_DEPENDS_ON_EXECUTION = (
    "post_compile_params",
    "literal_execute_params",
    "update_prefetch",
    "escaped_bind_names",
)
"""What SQLAlchemy's compiler lists if a statement is not the same SQL and values at each execution."""


class Lease:
    """A connection of the host's pool for the statements of one operation, each a transaction of its own.

    The first statement takes it.
    """

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._connection: PoolProxiedConnection | None = None
        self._before: Any = None

    def connection(self, engine: Engine) -> PoolProxiedConnection:
        """The connection, if it is one of this engine and is alive, or else another."""
        if self._engine is not engine or self._connection is None or not self._connection.is_valid:
            self.end()
            with _NamedErrors(engine.dialect):
                self._engine, self._connection = engine, engine.raw_connection()
            autocommit = _AUTOCOMMIT[engine.driver]
            self._before = autocommit.read(self._connection.dbapi_connection)
            if self._before != autocommit.on:
                autocommit.write(self._connection.dbapi_connection, autocommit.on)
        return self._connection

    def discard(self) -> None:
        """Close the connection; the next statement takes another."""
        if self._connection is not None and self._connection.is_valid:
            self._connection.invalidate()
        self._connection = None

    def end(self) -> None:
        """Return the connection as it was. One that cannot be reset is closed: its statements are done."""
        engine, connection = self._engine, self._connection
        self._connection = None
        if engine is None or connection is None or not connection.is_valid:
            return
        autocommit = _AUTOCOMMIT[engine.driver]
        try:
            if self._before != autocommit.on:
                autocommit.write(connection.dbapi_connection, self._before)
        except engine.dialect.loaded_dbapi.Error as error:
            connection.invalidate(error)
        else:
            connection.close()


_lease: ContextVar[Lease | None] = ContextVar("ratchet_lease", default=None)


class one_connection:  # noqa: N801  # used as a function, like contextlib.suppress
    """Let the statements inside share a connection, which the outermost block returns."""

    _own: Lease | None

    def __enter__(self) -> Lease:
        self._own, outer = None, _lease.get()
        if outer is not None:
            return outer
        self._own = Lease()
        self._token = _lease.set(self._own)
        return self._own

    def __exit__(self, *_: object) -> None:
        if self._own:
            _lease.reset(self._token)
            self._own.end()


def shared_lease() -> Lease:
    """The lease of the running operation; an empty one outside of an operation."""
    return _lease.get() or Lease()


class _NamedErrors:
    """Raise the errors of the driver as SQLAlchemy names them, without the values.

    A connection that has died is not used again, and neither is one on which a statement was interrupted (by
    a time limit of the server that runs the site): the reply may still come, and would answer another one.
    """

    def __init__(
        self, dialect: Dialect, connection: PoolProxiedConnection | None = None, sql: str | None = None
    ) -> None:
        self._dialect, self._connection, self._sql = dialect, connection, sql

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        dialect, connection = self._dialect, self._connection
        if isinstance(error, dialect.loaded_dbapi.Error):
            is_dead = dialect.is_disconnect(error, cast("Any", connection), None)
            if is_dead and connection is not None:
                connection.invalidate(error)
            raise DBAPIError.instance(
                self._sql,
                None,
                error,
                dialect.loaded_dbapi.Error,
                connection_invalidated=is_dead,
                dialect=dialect,
            ) from error
        if connection is not None and not isinstance(error, Exception):
            connection.invalidate(error)
