"""The SQL that Ratchet sends for sessions, made once per user model.

A SELECT goes through the model, so that SQLAlchemy adds the joins and the discriminator of the mapping. An
UPDATE goes to the one table that holds ``sessions``, by the key of that table. A mapping that does not
allow both is refused at start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, String, Update, bindparam, literal_column, or_, select, update
from sqlalchemy.sql import ColumnElement

from ..user import Identifier, RatchetUser, likeness, likeness_as_typed
from .mapping import UserMapping

IDENTIFIER_FIELDS = ("email", "username")
STATE_FIELDS = ("password_hash", "blocked", "confirmed", "sessions", "sessions_version", "ended")
"""The columns that follow the public ones in a row, in this order."""

NEVER: ColumnElement[int] = literal_column(str(2**63 - 1))
"""Later than any ``ended_at``. PostgreSQL has no statistics of a column that a migration has just added.

It then expects a third of all rows above a limit and reads the whole table; between two limits it expects few
and uses the index.
"""


class Statements:
    """The statements on the table of one user model."""

    def __init__(self, user_model: type[RatchetUser]) -> None:
        self._mapping = mapping = UserMapping(user_model)
        self.table, self.key_type = mapping.table, mapping.key_type
        self.shown = ("id", *mapping.public_fields)
        wanted_key = mapping.key == bindparam("row_key", type_=mapping.key_type)
        self.by_key = self._account(wanted_key)
        self.by_identifier = {
            name: self._by_identifier(mapping.attribute(name))
            for name in IDENTIFIER_FIELDS
            if mapping.has(name)
        }
        self.likeness = {name: _likeness(mapping.attribute(name).type) for name in self.by_identifier}
        ended_at = mapping.attribute("ended_at")
        self.ended = select(mapping.attribute("ended")).where(ended_at > bindparam("since"), ended_at < NEVER)
        self._swaps: dict[tuple[frozenset[str], bool], Update] = {}

    def compare_and_swap(self, *names: str, same_hash: bool) -> Update:
        """Compare-and-swap: write ``next_…`` to these columns, and no others, if the row is as it was read.

        More than the version has to be equal: a host that blocks the user or changes the password does not
        increase it. The hash is compared only where ``same_hash`` asks for it. A host may encrypt that
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
        """The rows that may have a name; the last column is the stored name.

        The column's collation compares, so that its index can be used. It may treat ``josé`` and ``jose`` as
        equal; AccountStore then compares exactly. The form of older releases is searched for in the same
        statement, so that neither SQL nor time shows which form is stored. In a plain text column of the
        host so is the canonical form, beside the name as it was typed.
        """
        condition = column == bindparam("wanted")
        if isinstance(column.type, Identifier):
            condition = or_(condition, column == bindparam("wanted_before", type_=String()))
        elif isinstance(column.type, String):
            condition = or_(condition, column == bindparam("wanted_canonical"))
        return self._account(condition).add_columns(column)

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


def _likeness(kind: Any) -> Callable[[str, str], int | None]:
    """How a name in a column of this type is compared with one that was typed (see ``user.likeness``)."""
    if isinstance(kind, Identifier):
        return likeness
    if isinstance(kind, String):
        return likeness_as_typed
    return lambda _stored, _typed: 0  # a type of the host (one that encrypts names) has compared in SQL
