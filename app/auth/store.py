"""User row to sessions value and back: load, compare-and-swap. The only file that knows SQL.

Every statement runs in autocommit on the host's engine, on a connection of its own: nothing that the host
has pending in ``db.session`` is committed, rolled back or flushed. A change is one ``UPDATE`` that names the
version it was decided on; zero rows means that somebody else moved first.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CursorResult, Engine, Executable, Row, Select, bindparam, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from .account import Account, Ended
from .errors import Unavailable
from .rotation import Session, Sessions
from .user import RatchetUser

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
IDENTIFIER_FIELDS = ("email", "username")
LARGEST_INTEGER = 2**63 - 1
_T = TypeVar("_T")
_SESSION_FIELDS = tuple(field.name for field in dataclasses.fields(Session))


class Store:
    """Loads and swaps the state of one user model on the host's database."""

    def __init__(self, db: SQLAlchemy, user_model: type[RatchetUser]) -> None:
        self._db, self._model = db, user_model
        mapper = inspect(user_model)
        columns = mapper.columns
        self._table = columns["sessions"].table
        if len(mapper.primary_key) != 1:
            raise TypeError(f"{user_model.__name__} needs a primary key of one column: it is a token's sub")
        self._primary_key = mapper.primary_key[0]
        self._public = ("id", *(name for name in user_model.public_fields if name in columns))
        kept = ("password_hash", "blocked", "confirmed", "sessions", "sessions_version", "ended")
        shown = [self._primary_key, *(columns[name] for name in self._public[1:])]
        everything = select(*shown, *(columns[name] for name in kept))
        self._by_key = everything.where(self._primary_key == bindparam("row_key"))
        self._by = {
            name: everything.where(columns[name] == bindparam("wanted"))
            for name in IDENTIFIER_FIELDS
            if name in columns
        }
        self._keys = select(self._primary_key).order_by(self._primary_key)
        of_this_version = update(self._table).where(
            self._primary_key == bindparam("row_key"), columns["sessions_version"] == bindparam("version")
        )
        changed = {
            columns["sessions"]: bindparam("next"),
            columns["sessions_version"]: columns["sessions_version"] + 1,
        }
        self._swap = of_this_version.values(changed)
        self._swap_more = of_this_version.values(
            {
                **changed,
                columns["password_hash"]: bindparam("next_hash"),
                columns["blocked"]: bindparam("next_blocked"),
                columns["ended"]: bindparam("next_ended"),
                columns["ended_at"]: bindparam("next_ended_at"),
            }
        )
        self._ended = select(columns["ended"]).where(columns["ended_at"] > bindparam("since"))

    def load(self, subject: str) -> Account | None:
        """The account a token speaks of, or None; one SELECT."""
        key = self.key_of(subject)
        return None if key is None else self._one(self._by_key, {"row_key": key})

    def find(self, field: str, identifier: str) -> Account | None:
        """The account that signs in under this e-mail address or user name, or None; one SELECT."""
        statement = self._by.get(field)
        if statement is None or "\0" in identifier:
            return None
        return self._one(statement, {"wanted": identifier})

    def swap(
        self,
        account: Account,
        sessions: Sessions,
        *,
        password_hash: str | None = None,
        ended: tuple[Ended, ...] = (),
        blocked: bool | None = None,
    ) -> bool:
        """Write ``sessions`` if the row is still as ``account``; whether it was.

        With them a new ``password_hash``, what the row remembers of ``ended`` sessions, and whether the
        user is ``blocked``, where given.
        """
        values = {
            "row_key": account.key,
            "version": account.version,
            "next": [dataclasses.asdict(session) for session in sessions],
        }
        if password_hash is None and blocked is None and not ended:
            return self._run(self._swap, values, lambda result: result.rowcount) == 1
        latest = max((entry.ended_at for entry in ended or account.ended), default=None)
        more = {
            "next_hash": account.password_hash if password_hash is None else password_hash,
            "next_blocked": account.blocked if blocked is None else blocked,
            "next_ended": ended or account.ended,
            "next_ended_at": None if latest is None else _milliseconds(latest),
        }
        return self._run(self._swap_more, values | more, lambda result: result.rowcount) == 1

    def ended_since(self, since: float) -> list[Ended]:
        """The sessions of all users that ended after ``since``, and a few of the same users' before."""
        rows: Sequence[Any] = self._run(
            self._ended, {"since": _milliseconds(since)}, lambda result: result.scalars().all()
        )
        return [Ended(*entry) for row in rows for entry in row or ()]

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this host."""
        return self._engine.dialect.name == "sqlite"

    def clock_difference(self, now: float) -> float:
        """Seconds by which ``now`` is ahead of the database's clock."""
        name = self._engine.dialect.name
        theirs = _EPOCHS.get(name, "EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)")
        return now - float(self._run(text(f"SELECT {theirs}"), {}, lambda result: result.scalar_one()))

    def missing_columns(self) -> list[str]:
        """The columns of the model that the table does not have."""
        with self._faults(), self._engine.connect() as connection:
            inspector = inspect(connection)
            if not inspector.has_table(self._table.name, self._table.schema):
                return [column.name for column in self._table.columns]
            there = {column["name"] for column in inspector.get_columns(self._table.name, self._table.schema)}
        return [column.name for column in self._table.columns if column.name not in there]

    def subjects(self) -> Iterator[str]:
        """The subject of every user, for a command that visits them all."""
        with self._faults(), self._engine.connect() as connection:
            yield from (str(key) for key in connection.execute(self._keys).scalars())

    def user(self, subject: str) -> Any:
        """The host's own user object in ``db.session``, or None."""
        key = self.key_of(subject)
        if key is None:
            return None
        with self._faults():
            return self._db.session.get(self._model, key)

    def subject_of(self, user: Any) -> str:
        """The subject of a user object of the host."""
        (key,) = inspect(self._model).primary_key_from_instance(user)
        return str(key)

    def key_of(self, subject: str) -> Any:
        """The primary key that ``subject`` spells, or None where no row can have it."""
        kind = self._primary_key.type.python_type
        if kind is int:
            plain = subject.isascii() and subject.removeprefix("-").isdigit() and len(subject) < 20
            key = int(subject) if plain else None
            return key if key is not None and abs(key) <= LARGEST_INTEGER else None
        if kind is uuid.UUID:
            try:
                return uuid.UUID(subject)
            except ValueError:
                return None
        return None if "\0" in subject else kind(subject)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """A database that is down, busy or gone is Unavailable; a mistake in our SQL is not."""
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
            self._engine.dispose()
            raise Unavailable from error

    @cached_property
    def _driver_error(self) -> type[Exception]:
        driver = self._engine.dialect.loaded_dbapi
        return cast("type[Exception]", driver.Error)

    @cached_property
    def _engine(self) -> Engine:
        engine = self._db.engines[self._table.metadata.info.get("bind_key")]
        return engine.execution_options(isolation_level="AUTOCOMMIT")

    def _one(self, statement: Select[Any], values: Mapping[str, Any]) -> Account | None:
        row = self._run(statement, values, lambda result: result.first())
        return None if row is None else self._account(row)

    def _account(self, row: Row[Any]) -> Account:
        values: tuple[Any, ...] = tuple(row)
        *shown, password_hash, blocked, confirmed, sessions, version, ended = values
        return Account(
            key=row[0],
            profile=dict(zip(self._public, shown, strict=True)),
            password_hash=password_hash,
            blocked=blocked,
            confirmed=confirmed,
            sessions=tuple(_session(item) for item in sessions or ()),
            version=version,
            ended=tuple(Ended(*entry) for entry in ended or ()),
        )

    def _run(
        self, statement: Executable, values: Mapping[str, Any], take: Callable[[CursorResult[Any]], _T]
    ) -> _T:
        """Run one statement. Sending it again is safe: a swap that did land then finds another version."""
        for left in reversed(range(TRIES)):
            try:
                with self._faults(), self._engine.connect() as connection:
                    return take(connection.execute(statement, values))
            except Unavailable as error:
                if not left or not _is_transient(error.__cause__):
                    raise
        raise AssertionError("the last try returns or raises")


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _session(item: Mapping[str, Any]) -> Session:
    """A session of the row; a field that another release added is passed over."""
    return Session(**{name: item[name] for name in _SESSION_FIELDS if name in item})


def _is_transient(error: BaseException | None) -> bool:
    if not isinstance(error, DBAPIError):
        return not isinstance(error, SQLAlchemyError)  # a driver's own: the connection was dead
    original = error.orig
    state = getattr(original, "sqlstate", None)
    code = original.args[0] if original is not None and original.args else None
    return error.connection_invalidated or state in TRANSIENT_STATES or code in TRANSIENT_CODES
