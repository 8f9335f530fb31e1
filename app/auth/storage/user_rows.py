"""Adds users for an operator, and reads all of them; says what the host's model or the database lacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Column, CursorResult, String, bindparam, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

from ..lifecycle.account import subject_of
from ..user import RatchetUser, canonical, case_folded
from . import primary_keys
from .database import Database
from .faults import ForeignText, in_short
from .host_database import HostDatabase
from .mapping import READ, WRITTEN, UserMapping
from .statements import IDENTIFIER_FIELDS

FLAGS = ("blocked", "confirmed")

SCANNED = ("password_hash", "sessions_version")
"""What the doctor reads of every row, beside the names."""

OWN = frozenset({"sessions", "sessions_version", "ended", "ended_at"})
"""The columns that nobody but Ratchet writes."""


class RowRefused(ValueError):
    """The host's model or the database does not take such a user; the message says why."""


class UserRows:
    """The rows of one user model."""

    def __init__(self, host: HostDatabase, user_model: type[RatchetUser], database: Database) -> None:
        self._host, self._model, self._database = host, user_model, database

    @cached_property
    def names(self) -> Mapping[str, bool]:
        """The names that the model has, ``email`` and ``username``, and whether every user needs one."""
        return {
            name: not getattr(self._mapping.property(name).columns[0], "nullable", True)
            for name in IDENTIFIER_FIELDS
            if self._mapping.has(name)
        }

    def add(self, values: Mapping[str, Any]) -> None:
        """Insert a user with these attributes, in a transaction of its own. Raises RowRefused.

        It is not tried again: if the reply to the COMMIT is lost, the row may be there. A ValueError of the
        model's validators is raised unchanged.
        """
        user = self._make(values)
        try:
            with self._database.faults(), self._host.factory() as own:
                own.add(user)
                own.commit()
        except SQLAlchemyError as error:
            lacking = ", ".join(_lacking(user))
            problem = f"needs {lacking}" if lacking else f"is refused by the database ({in_short(error)})"
            raise self._refused(problem) from error

    def add_all(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Insert users in one transaction; returns whether the database took them all, otherwise it has none.

        Raises Unavailable; then they may be there or not.
        """
        try:
            with self._database.faults(), self._host.factory() as own:
                own.add_all([self._model(**values) for values in rows])
                own.commit()
        except (SQLAlchemyError, ForeignText):
            return False
        return True

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise RowRefused, or the ValueError of a validator, for a user that the model does not take."""
        if lacking := ", ".join(_lacking(self._make(values))):
            raise self._refused(f"needs {lacking}")

    def taken(self, names: Iterable[str]) -> frozenset[str]:
        """Those of these names, in canonical form, that somebody has, also somebody whom the host hides."""
        spellings = {form(name) for name in names for form in (str, canonical, case_folded)}
        stored = (one for field in self.names for one in self._stored_names(field, spellings))
        return frozenset(form(one) for one in stored for form in (canonical, case_folded))

    def subjects(self) -> list[str]:
        """The subject of every user, for a command that changes all of them."""
        statement = select(self._mapping.key).order_by(self._mapping.key)
        return [subject_of(key) for key in self._database.run(statement, {}, _first_of_each)]

    def count_hashes(self, patterns: Iterable[str]) -> int:
        """How many users have a password hash like one of these patterns; reads the whole table for each."""
        pattern = bindparam("pattern", type_=String())
        statement = select(func.count()).where(self._mapping.attribute("password_hash").like(pattern))
        return sum(
            self._database.run(statement, {"pattern": one}, lambda result: int(result.scalar_one()))
            for one in patterns
        )

    def scan(self, look: Callable[[Mapping[str, Any]], object]) -> None:
        """Show ``look`` the names, the password hash and the version of every row; a few rows at a time."""
        scanned = {name: self._mapping.attribute(name) for name in (*self.names, *SCANNED)}

        def take(result: CursorResult[Any]) -> None:
            for row in result:
                look(dict(zip(scanned, row, strict=True)))

        self._database.scan(select(*scanned.values()), take)

    def show_all(self, look: Callable[[Mapping[str, Any]], object]) -> int:
        """Show ``look`` the id, the names and the flags of every row; returns how many there are."""
        fields = {name: self._mapping.attribute(name) for name in (*self.names, *FLAGS)}
        statement = select(self._mapping.key, *fields.values()).order_by(self._mapping.key)

        def take(result: CursorResult[Any]) -> int:
            number = 0
            for number, row in enumerate(result, 1):  # noqa: B007  # the last one is returned
                look({"id": primary_keys.shown(row[0]), **dict(zip(fields, row[1:], strict=True))})
            return number

        return self._database.scan(statement, take)

    @cached_property
    def _mapping(self) -> UserMapping:
        """Made at first use: until then, more may be mapped."""
        return UserMapping(self._model)

    @cached_property
    def own_columns(self) -> dict[str, Column[Any]]:
        """The columns of RatchetUser in the table of ``sessions``, by the names of their attributes."""
        names = (name for name in (*IDENTIFIER_FIELDS, *WRITTEN, *READ) if self._mapping.has(name))
        found = {name: self._mapping.column_of(name) for name in names}
        return {name: column for name, column in found.items() if column is not None}

    @cached_property
    def columns(self) -> Mapping[str, TypeEngine[Any]]:
        """The columns of the model that belong to the host or to both, with their types."""
        found = inspect(self._model).column_attrs
        return {
            one.key: one.columns[0].type
            for one in found
            if one.key not in OWN and isinstance(one.columns[0], Column)
        }

    def _stored_names(self, field: str, spellings: Collection[str]) -> Sequence[str]:
        column = self._mapping.attribute(field)
        statement = select(column).where(column.in_(spellings))
        return self._database.run(statement, {}, _first_of_each)

    def _make(self, values: Mapping[str, Any]) -> Any:
        try:
            return self._model(**values)
        except TypeError as error:
            raise self._refused(f"cannot be made of name and password alone ({error})") from error

    def _refused(self, problem: str) -> RowRefused:
        return RowRefused(f"{self._model.__name__} {problem}")


def _first_of_each(result: CursorResult[Any]) -> Sequence[Any]:
    return result.scalars().all()


def _lacking(user: Any) -> list[str]:
    """The attributes that must have a value and have none, neither of the caller nor of the model."""
    state = inspect(user)
    return [
        attribute.key
        for attribute in state.mapper.column_attrs
        if state.dict.get(attribute.key) is None
        and any(isinstance(one, Column) and not one.nullable for one in attribute.columns)
        and not any(_makes_itself(one) for one in attribute.columns)
    ]


def _makes_itself(column: Any) -> bool:
    sources = ("default", "server_default", "computed", "identity")
    is_counted = column is getattr(column.table, "autoincrement_column", None)
    return is_counted or any(getattr(column, source, None) is not None for source in sources)
