"""The SQL that Ratchet sends, made once per user model.

A SELECT goes through the model, so that SQLAlchemy adds the joins and the discriminator of the mapping. An
UPDATE goes to the one table that holds ``sessions``, by the key of that table. A mapping with which one of
the two cannot work is refused at start.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, String, Update, bindparam, case, func, or_, select, update
from sqlalchemy.sql import ColumnElement

from ..user import Identifier, RatchetUser
from .mapping import UserMapping

IDENTIFIER_FIELDS = ("email", "username")
STATE_FIELDS = ("password_hash", "blocked", "confirmed", "sessions", "sessions_version", "ended")
"""What follows the shown columns in a row, in this order."""


class Statements:
    """The statements on the table of one user model."""

    def __init__(self, user_model: type[RatchetUser]) -> None:
        self._mapping = mapping = UserMapping(user_model)
        self.table, self.key_type = mapping.table, mapping.key_type
        self.shown = ("id", *(name for name in user_model.public_fields if mapping.has(name)))
        wanted_key = mapping.key == bindparam("row_key", type_=mapping.key_type)
        self.by_key = self._account(wanted_key)
        self.by_identifier = {
            name: self._by_identifier(mapping.attribute(name))
            for name in IDENTIFIER_FIELDS
            if mapping.has(name)
        }
        self.hashes_like = select(func.count()).where(
            mapping.attribute("password_hash").like(bindparam("pattern", type_=String()))
        )
        self.keys = select(mapping.key).order_by(mapping.key)
        ended_at = mapping.attribute("ended_at")
        self.ended = select(mapping.attribute("ended")).where(ended_at > bindparam("since"))
        self._swaps: dict[tuple[frozenset[str], bool], Update] = {}

    def compare_and_swap(self, *names: str, same_hash: bool) -> Update:
        """Compare-and-swap: write ``next_…`` of these columns, and no others, if the row is as it was seen.

        Not only the version has to be the same: a host that blocks the user or changes the password does
        not move it. The hash is compared only where ``same_hash`` asks for it. A host may encrypt that
        column with a random nonce, and then no comparison in SQL ever finds it equal.
        """
        wanted = frozenset(names), same_hash
        if wanted not in self._swaps:
            self._swaps[wanted] = self._update(*wanted)
        return self._swaps[wanted]

    def attribute_name(self, name: str) -> str:
        """What the model calls this column; a synonym is another name for it."""
        return str(self._mapping.property(name).key)

    def _account(self, condition: ColumnElement[bool]) -> Select[Any]:
        names = (*self.shown[1:], *STATE_FIELDS)
        attributes = (self._mapping.attribute(name) for name in names)
        return select(self._mapping.key, *attributes).where(condition)

    def _by_identifier(self, column: ColumnElement[Any]) -> Select[Any]:
        """The row of a name; one that is still stored in the old spelling yields to one in today's.

        Both are asked for at once, so that neither the statements nor the time tell which is there.
        """
        wanted = column == bindparam("wanted")
        if not isinstance(column.type, Identifier):
            return self._account(wanted)
        before = column == bindparam("wanted_before", type_=String())
        return self._account(or_(wanted, before)).order_by(case((wanted, 0), else_=1))

    def _update(self, names: frozenset[str], same_hash: bool) -> Update:
        columns = self._mapping.columns
        version = columns["sessions_version"]
        values: dict[Any, Any] = {columns[name]: bindparam(f"next_{name}") for name in sorted(names)}
        seen = ("blocked", "password_hash") if same_hash else ("blocked",)
        return (
            update(self.table)
            .where(
                self._mapping.table_key == bindparam("row_key", type_=self.key_type),
                version == bindparam("version"),
                *(columns[name].is_not_distinct_from(bindparam(f"seen_{name}")) for name in seen),
            )
            .values({**values, version: version + 1})
        )
