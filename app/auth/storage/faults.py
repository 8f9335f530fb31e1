"""Classifies database errors: transient, read-only node, missing table, text that cannot be stored.

Drivers report the kind as an SQLSTATE (PostgreSQL), a number (MariaDB, MySQL) or only a message (SQLite).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError, SQLAlchemyError

TRANSIENT = frozenset({"40001", "40003", "40P01", "55P03", 1205, 1213})
"""Serialization failure, a commit whose result is not known (CockroachDB), deadlock, lock not available; in
MariaDB lock wait timeout, and deadlock, which is also what Galera calls a failed certification.
"""

NOT_WRITABLE = frozenset({"25006", 1047, 1290, 1792, 1836})
"""The node behind this connection does not write: it was demoted, made read-only, or has left its cluster.

A pooled connection to such a node stays open, so it has to be given up; a new one leads to the new primary.
"""

NOT_THERE = frozenset({"42P01", "42703", 1146, 1054})
"""No such table, no such column."""

PREPARED_ELSEWHERE = frozenset({"26000", "42P05"})
"""A prepared statement is not there, or already is: a pooler has changed the connection behind the driver."""

FOREIGN_TEXT = frozenset({"22P05", 1267, 1270, 1271, 3854})
"""A text has a letter that the column's character set does not have. So no row holds that text."""

SQLITE_NOT_THERE = ("no such table", "no such column")
MIGRATE = "run the pending migrations (flask db upgrade)"
UNPREPARED = "behind a pooler of transactions prepare no statements (psycopg: prepare_threshold=None)"


class ForeignText(ValueError):
    """A text that the database cannot hold was asked for."""


class Renamed(AbstractContextManager[None]):
    """Raises, in place of an error, what ``named`` makes of it, if that is not None."""

    def __init__(self, named: Callable[[BaseException], Exception | None]) -> None:
        self._named = named

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        named = error and self._named(error)
        if named:
            raise named from error


def is_transient(error: BaseException | None) -> bool:
    """Whether the same statement may succeed a moment later, or on another connection."""
    if not isinstance(error, DBAPIError):
        return not isinstance(error, SQLAlchemyError)  # a driver's own: the connection was dead
    return error.connection_invalidated or not _codes(error).isdisjoint(TRANSIENT | NOT_WRITABLE)


def is_not_writable(error: DBAPIError) -> bool:
    """Whether the connection leads to a node that does not write."""
    return not _codes(error).isdisjoint(NOT_WRITABLE)


def is_of_connection(error: DBAPIError) -> bool:
    """Whether the pooled connections are of no use any more, and new ones may be."""
    return error.connection_invalidated or is_not_writable(error) or is_prepared_elsewhere(error)


def is_not_there(error: BaseException | None) -> bool:
    """Whether a table or a column is missing."""
    codes = _codes(error)
    return not codes.isdisjoint(NOT_THERE) or any(str(code).startswith(SQLITE_NOT_THERE) for code in codes)


def is_prepared_elsewhere(error: BaseException | None) -> bool:
    """Whether a pooler between here and the server breaks the driver's prepared statements."""
    return not _codes(error).isdisjoint(PREPARED_ELSEWHERE)


def is_foreign_text(error: DBAPIError) -> bool:
    """Whether the database has no way to write a text that was asked for."""
    return not _codes(error).isdisjoint(FOREIGN_TEXT)


def is_fault(error: DBAPIError) -> bool:
    """Whether the database is down, busy or not prepared; anything else is a mistake in our SQL."""
    kinds = (OperationalError, InterfaceError, InternalError)
    return isinstance(error, kinds) or is_of_connection(error) or is_not_there(error)


def in_short(error: BaseException | None) -> str:
    """What the driver says, in one line, and without the statement and its values."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).partition(chr(10))[0]}"


def with_remedy(error: BaseException | None) -> str:
    """The same, with what to do about it where that is known."""
    remedies = (MIGRATE, is_not_there(error)), (UNPREPARED, is_prepared_elsewhere(error))
    return "; ".join([in_short(error), *(remedy for remedy, applies in remedies if applies)])


def _codes(error: BaseException | None) -> frozenset[object]:
    """The SQLSTATE, the number or, in SQLite, the message. There can be several."""
    original = error.orig if isinstance(error, DBAPIError) else None
    states = getattr(original, "sqlstate", None), getattr(original, "pgcode", None)
    arguments = original.args[:1] if original is not None else ()
    return frozenset(code for code in (*states, *arguments) if isinstance(code, str | int))
