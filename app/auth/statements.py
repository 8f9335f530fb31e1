"""The SQL that Ratchet sends, made once per user model."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table, Update, bindparam, inspect, select, update
from sqlalchemy.sql import ColumnElement

from .user import RatchetUser

IDENTIFIER_FIELDS = ("email", "username")
STATE_FIELDS = ("password_hash", "blocked", "confirmed", "sessions", "sessions_version", "ended")
"""What follows the shown columns in a row, in this order."""


class Statements:
    """The statements on the table of one user model."""

    def __init__(self, user_model: type[RatchetUser]) -> None:
        mapper = inspect(user_model)
        if len(mapper.primary_key) != 1:
            raise TypeError(f"{user_model.__name__} needs a primary key of one column: it is a token's sub")
        self._columns = mapper.columns
        self.primary_key = mapper.primary_key[0]
        self.table: Table = self._columns["sessions"].table
        self.shown = ("id", *(name for name in user_model.public_fields if name in self._columns))
        self.by_key = self._account(self.primary_key == bindparam("row_key"))
        self.by_identifier = {
            name: self._account(self._columns[name] == bindparam("wanted"))
            for name in IDENTIFIER_FIELDS
            if name in self._columns
        }
        self.keys = select(self.primary_key).order_by(self.primary_key)
        self.ended = select(self._columns["ended"]).where(self._columns["ended_at"] > bindparam("since"))
        self.swap = self._update("sessions")
        self.swap_all = self._update("sessions", "password_hash", "blocked", "ended", "ended_at")

    def _account(self, condition: ColumnElement[bool]) -> Select[Any]:
        names = (*self.shown[1:], *STATE_FIELDS)
        return select(self.primary_key, *(self._columns[name] for name in names)).where(condition)

    def _update(self, *names: str) -> Update:
        """Compare-and-swap: write ``next_…`` of these columns where the version is still the same."""
        version = self._columns["sessions_version"]
        values: dict[Any, Any] = {self._columns[name]: bindparam(f"next_{name}") for name in names}
        return (
            update(self.table)
            .where(self.primary_key == bindparam("row_key"), version == bindparam("version"))
            .values({**values, version: version + 1})
        )
