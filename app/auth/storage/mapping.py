"""How the host's user model is mapped to its tables, and which mappings Ratchet refuses.

A model may inherit from another table (joined, single or concrete), be mapped to a join, or call its columns
by other names. All that Ratchet writes has to be in one table, under the user's key. What ``public_fields``
names has to be a column, and one that the user may see.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NoReturn

from sqlalchemy import JSON, BinaryExpression, Column, ColumnElement, Table, inspect
from sqlalchemy.orm import ColumnProperty, Mapper, RelationshipProperty, SynonymProperty
from sqlalchemy.sql.operators import eq
from sqlalchemy.types import NullType, TypeDecorator

from ..errors import SettingsError
from ..user import RatchetUser, RowState
from .primary_keys import is_spelled, python_type

WRITTEN = ("sessions", "sessions_version", "ended", "ended_at", "password_hash", "blocked")
"""The columns that Ratchet changes, all in one UPDATE."""

KEPT_AS_JSON = ("sessions", "ended")

READ = ("confirmed",)
"""The attributes that it only reads, from any table."""

NAMES = ("email", "username")
"""The columns that a sign-in looks for a name in. A host can leave them out: ``username = None``."""

VALUES: dict[str, tuple[type[Any], ...]] = {
    "email": (str,),
    "username": (str,),
    "password_hash": (str,),
    "blocked": (bool, int),
    "confirmed": (bool, int, date),
    "sessions_version": (int,),
    "ended_at": (int,),
}
"""What the columns hold; a ``confirmed`` of a host may be the time of the confirmation."""

SECRET = RatchetUser.private_fields
"""What no reply may show: the hash of a password, and Ratchet's own record of sessions."""


class UserMapping:
    """The attributes and columns of one user model. Raises TypeError if the mapping cannot work.

    Raises SettingsError if ``public_fields`` names what no reply can show, or what none may show.

    Made while the host's models are still being defined, so nothing here may configure the mappers.
    """

    def __init__(self, user_model: type[RatchetUser]) -> None:
        self.model = user_model
        self._mapper = self._mapped()
        for name in (*WRITTEN, *READ):
            if not self.has(name):
                self._refuse_without(name)
        for name in NAMES:
            if not self.has(name) and getattr(user_model, name, None) is not None:
                self._refuse_other(name, f", or write {name} = None if nobody signs in by it")
        self._check_types()
        self._check_backrefs()
        if len(self._mapper.primary_key) != 1:
            self._refuse("needs a primary key of one column", "it is the sub of the tokens")
        (key,) = self._mapper.primary_key
        self.key_type = key.type
        self._check_key(key)
        self.key = getattr(user_model, self._mapper.get_property_by_column(key).key)
        self.columns = {name: self._column(name) for name in WRITTEN}
        for name in KEPT_AS_JSON:
            if not isinstance(self.columns[name].type, RowState | JSON):
                self._refuse_other(name)
        self.table = self._table()
        self.table_key = self._key_of_table(key)
        self.public_fields = self._public_fields()

    def has(self, name: str) -> bool:
        """Whether SQL can read this attribute of the model."""
        return self._mapper.has_property(name) and isinstance(self.property(name), ColumnProperty)

    def property(self, name: str) -> Any:
        """The property behind an attribute; a synonym is another name for it."""
        found, names = self._mapper.get_property(name), {name}
        while isinstance(found, SynonymProperty):
            if found.name in names or not self._mapper.has_property(found.name):
                self._refuse(f"has {name} as a synonym for {found.name}, which is no column", "name one")
            names.add(found.name)
            found = self._mapper.get_property(found.name)
        return found

    def attribute(self, name: str) -> Any:
        """The attribute of the model that SQL reads."""
        return getattr(self.model, self.property(name).key)

    def column_of(self, name: str) -> Column[Any] | None:
        """The column of that attribute in the table of ``sessions``, or None where it stands elsewhere."""
        found: Any = self.property(name).columns[0]
        return found if isinstance(found, Column) and found.table is self.table else None

    def _public_fields(self) -> tuple[str, ...]:
        """The names that a reply shows; without those of RatchetUser's own that the host has left out."""
        names: Any = self.model.public_fields
        if isinstance(names, str):
            self._refuse_public(repr(names), "is one text", f"write a tuple: public_fields = ({names!r},)")
        if not isinstance(names, Collection):
            told = f"public_fields of {self.model.__name__} is {names!r}"
            raise SettingsError(f"{told}: write a tuple of names; () shows the id.")
        for name in names:
            if not isinstance(name, str):
                self._refuse_public(repr(name), "is no text", "write the name of the column")
        shown = tuple(name for name in names if self.has(name) or name not in RatchetUser.public_fields)
        for name in shown:
            self._check_public(name)
        return shown

    def _check_public(self, name: str) -> None:
        if not self.has(name):
            self._refuse_public(
                repr(name),
                "is no column of the model",
                "take it out, or map it above Ratchet: a column, column_property or synonym is shown",
            )
        if not {self.columns[secret] for secret in SECRET}.isdisjoint(self.property(name).columns):
            self._refuse_public(
                repr(name),
                "is a secret that a browser would be sent",
                "take it out",
            )

    def _refuse_public(self, name: str, problem: str, remedy: str) -> NoReturn:
        raise SettingsError(f"public_fields of {self.model.__name__} has {name}, which {problem}: {remedy}.")

    def _mapped(self) -> Mapper[Any]:
        model: object = self.model
        if not isinstance(model, type):
            given = type(model).__name__
            raise TypeError(f"Ratchet(user_model=…) takes the class of your users, not an object of {given}")
        mapper = inspect(self.model, raiseerr=False)
        if not isinstance(mapper, Mapper):
            self._refuse("is not mapped to a table", "give Ratchet a model that is")
        return mapper

    def _check_types(self) -> None:
        """Refuse a column whose type cannot hold what Ratchet keeps there; types of the host's own may."""
        for name, kinds in VALUES.items():
            kind = self.property(name).columns[0].type if self.has(name) else NullType()
            held = object if isinstance(kind, TypeDecorator) else python_type(kind)
            if held is not object and not issubclass(held, kinds):
                self._refuse(
                    f"has {name} of type {kind!r}, which cannot hold what Ratchet keeps there",
                    f"give it a column whose values are {kinds[0].__name__} in Python",
                )

    def _check_backrefs(self) -> None:
        """Refuse a relationship of another model that would put an attribute in the place of a column.

        SQLAlchemy finds that at the first query. Models that are still to come are looked at by Statements.
        """
        for mapper in self._mapper.registry.mappers:
            for name in mapper.class_manager:
                found = mapper.get_property(name) if mapper.has_property(name) else None
                if isinstance(found, RelationshipProperty) and found.backref and self._is_meant(found):
                    backref = found.backref if isinstance(found.backref, str) else found.backref[0]
                    if backref in (*WRITTEN, *READ):
                        self._refuse_backref(backref, f"{mapper.class_.__name__}.{name}")

    def _is_meant(self, relationship: RelationshipProperty[Any]) -> bool:
        """Whether a relationship leads to this model, or to one above or below it; a text may name it."""
        target = relationship.argument
        if isinstance(target, str):
            return target.rpartition(".")[2] in {mapper.class_.__name__ for mapper in self._family()}
        return target in {mapper.class_ for mapper in self._family()}

    def _family(self) -> list[Mapper[Any]]:
        above = () if self._mapper.concrete else self._mapper.iterate_to_root()
        return [*above, *self._mapper.self_and_descendants]

    def _refuse_backref(self, backref: str, relationship: str) -> NoReturn:
        self._refuse(
            f"is given something else called {backref} by the backref of {relationship}, where Ratchet keeps "
            "its own column",
            "give that backref another name",
        )

    def _check_key(self, key: ColumnElement[Any]) -> None:
        """Refuse a key that no token can spell.

        One that refers to a table which is still to come has no type yet: Statements, made later, ask again.
        """
        if is_spelled(key.type) or (key.foreign_keys and isinstance(key.type, NullType)):
            return
        self._refuse(
            f"has a key of type {key.type!r}, which cannot be read back from the sub of a token",
            "give the column a TypeDecorator whose values are text, whole numbers, UUIDs or bytes, or whose "
            "process_bind_param takes the text of a value as well",
        )

    def _column(self, name: str) -> Column[Any]:
        (column, *more) = self.property(name).columns
        if more or not isinstance(column, Column) or column.computed is not None:
            self._refuse(f"maps {name} to more than a column", "Ratchet writes it: map it to one column")
        return column

    def _table(self) -> Table:
        """The one table that Ratchet writes to."""
        table = self.columns["sessions"].table
        if not isinstance(table, Table):
            self._refuse("is mapped to a query", "map it to the table that holds sessions")
        strangers = [name for name, column in self.columns.items() if column.table is not table]
        if strangers:
            self._refuse(
                f"has {', '.join(strangers)} in another table than sessions",
                "put them in one table: Ratchet writes them in one UPDATE",
            )
        return table

    def _key_of_table(self, key: ColumnElement[Any]) -> Column[Any]:
        """The column of that table that has the user's key.

        The mapping says which columns are equal: those of one attribute, and those that inheritance joins.
        """
        same = {key, *self._mapper.get_property_by_column(key).columns}
        for mapper in reversed(list(self._mapper.iterate_to_root())):
            on = mapper.inherit_condition
            if isinstance(on, BinaryExpression) and on.operator is eq and same & {on.left, on.right}:
                same |= {on.left, on.right}
        found = next((column for column in self.table.columns if column in same), None)
        if found is None:
            self._refuse(
                f"has sessions in {self.table.name}, which does not hold the user's key",
                "map the key columns of both tables to one attribute",
            )
        return found

    def _refuse_without(self, name: str) -> NoReturn:
        if getattr(self.model, name, ...) is None:
            self._refuse(f"has {name} = None, and Ratchet needs that column", "take this line out")
        if issubclass(self.model, RatchetUser):
            self._refuse_other(name)
        self._refuse(f"has no column {name}", "mix RatchetUser into it or into a class it inherits from")

    def _refuse_other(self, name: str, further: str = "") -> NoReturn:
        """A column, relationship or attribute of the host stands where a column of ours has to be."""
        self._refuse(
            f"has something else called {name}, where Ratchet keeps its own column",
            f"give yours another name{further}",
        )

    def _refuse(self, problem: str, remedy: str) -> NoReturn:
        raise TypeError(f"{self.model.__name__} {problem}: {remedy}")
