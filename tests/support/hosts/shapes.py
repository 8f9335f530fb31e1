"""User models of every shape: they inherit, span tables, and call their columns by other names."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from itertools import count
from secrets import token_bytes, token_hex
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, column_property, mapped_column, synonym
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.auth import RatchetUser
from app.auth.user import Identifier, RowState

from .key_types import (
    SIXTEEN_BYTES,
    AnyGuid,
    Around,
    Binary,
    Guid,
    Obscured,
    Serial,
    SerialType,
    StrictSerialType,
    Wrapped,
    Wrapping,
)
from .strangers import MODELS, Model


def joined(db: SQLAlchemy) -> Model:
    """A base table of all parties; those who sign in have a table of their own beside it."""

    class Party(db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_parties"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(20))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "party"}  # noqa: RUF012  # SQLAlchemy's way

    class Member(RatchetUser, Party):
        __tablename__ = "shape_members"
        id: Mapped[int] = mapped_column(ForeignKey(Party.id), primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "member"}  # noqa: RUF012  # SQLAlchemy's way

    return Member


def joined_by_another_name(db: SQLAlchemy) -> Model:
    """The same over three tables, each of which calls its key otherwise."""

    class Party(db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_parties"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Person(Party):
        __tablename__ = "shape_persons"
        party_id: Mapped[int] = mapped_column(ForeignKey(Party.id), primary_key=True)

    class Member(RatchetUser, Person):
        __tablename__ = "shape_members"
        person_id: Mapped[int] = mapped_column(ForeignKey(Person.party_id), primary_key=True)

    return Member


def joined_above(db: SQLAlchemy) -> Model:
    """RatchetUser is in the base; what signs in is a class two tables below it, with columns of its own."""

    class Account(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_accounts"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Employee(Account):
        __tablename__ = "shape_employees"
        id: Mapped[int] = mapped_column(ForeignKey(Account.id), primary_key=True)

    class Manager(Employee):
        __tablename__ = "shape_managers"
        public_fields = ("email", "level")
        id: Mapped[int] = mapped_column(ForeignKey(Employee.id), primary_key=True)
        level: Mapped[str | None] = mapped_column(String(80))

    return Manager


def above_others(db: SQLAlchemy) -> Model:
    """The base is the user model, and some users are of a class below it."""

    class Account(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_accounts"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(20))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "plain"}  # noqa: RUF012  # SQLAlchemy's way

    class Employee(Account):
        __tablename__ = "shape_employees"
        id: Mapped[int] = mapped_column(ForeignKey(Account.id), primary_key=True)
        level: Mapped[str | None] = mapped_column(String(80))
        __mapper_args__ = {"polymorphic_identity": "employee"}  # noqa: RUF012  # SQLAlchemy's way

    return Account


def single(db: SQLAlchemy) -> Model:
    """One table of customers and admins, of whom the admins may sign in."""

    class Person(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_persons"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(20))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "customer"}  # noqa: RUF012  # SQLAlchemy's way

    class Admin(Person):
        public_fields = ("email", "level")
        level: Mapped[str | None] = mapped_column(String(80))
        __mapper_args__ = {"polymorphic_identity": "admin"}  # noqa: RUF012  # SQLAlchemy's way

    return Admin


def concrete(db: SQLAlchemy) -> Model:
    """A class that inherits, with a whole table of its own."""

    class Contact(db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_contacts"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Client(RatchetUser, Contact):
        __tablename__ = "shape_clients"
        id: Mapped[int] = mapped_column(primary_key=True)
        __mapper_args__ = {"concrete": True}  # noqa: RUF012  # SQLAlchemy's way

    return Client


def spanning(db: SQLAlchemy) -> Model:
    """A model that is mapped to a join: the account is in one table, the person's data in another."""

    class Login(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_logins"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Profile(db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_profiles"
        login_id: Mapped[int] = mapped_column(ForeignKey(Login.id), primary_key=True)
        level: Mapped[str | None] = mapped_column(String(80))

    login, profile = Login.__table__, Profile.__table__

    class Whole(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __table__ = login.join(profile)
        public_fields = ("email", "level")
        id = column_property(login.c.id, profile.c.login_id)
        for _name in (column.name for column in login.columns if column.name != "id"):
            locals()[_name] = login.c[_name]
        level = profile.c.level

    return Whole


def renamed(db: SQLAlchemy) -> Model:
    """Columns, and what SQL reads of them, by other names than the attributes."""

    class Reader(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_readers"
        public_fields = ("email", "mail", "shout")
        username = None
        number: Mapped[int] = mapped_column("reader_no", primary_key=True)
        email: Mapped[str] = mapped_column("e_mail", Identifier, unique=True)
        mail = synonym("email")
        pw: Mapped[str | None] = mapped_column("pw_hash", String(255))
        password_hash = synonym("pw")
        sessions: Mapped[Any] = mapped_column("signed_in", RowState(), deferred=True)
        shout = column_property("!" + email.column)  # type: ignore[attr-defined]  # of a MappedColumn

    return Reader


def not_unique(db: SQLAlchemy) -> Model:
    """A table in which neither the key of the mapping nor the address is unique."""

    class Copy(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_copies"
        username = None
        id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
        site: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
        email: Mapped[str] = mapped_column(Identifier)
        __mapper_args__ = {"primary_key": ["id"]}  # noqa: RUF012  # SQLAlchemy's way

    return Copy


class Encrypted(TypeDecorator[str]):
    """Stands for a type that encrypts with a random nonce: no value is written twice as the same text."""

    impl = String(255)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # the shape of what it replaces
        """The text for the database, different each time."""
        return None if value is None else token_hex(8) + value[::-1]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # the shape of what it replaces
        """The text that was written."""
        return None if value is None else value[16:][::-1]


def of_a_later_table(db: SQLAlchemy) -> Model:
    """The key refers to a table that is defined after Ratchet is made."""

    class Delegate(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_delegates"
        id: Mapped[Any] = mapped_column(ForeignKey("shape_groups.id"), primary_key=True)

    return Delegate


def plain_text(db: SQLAlchemy) -> Model:
    """A host that kept its own column of addresses, as they are typed."""

    class Subscriber(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_subscribers"
        username = None
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str] = mapped_column(String(190))

    return Subscriber


def encrypted(db: SQLAlchemy) -> Model:
    """A host that encrypts the hashes of its users."""

    class Patient(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "shape_patients"
        id: Mapped[int] = mapped_column(primary_key=True)
        password_hash: Mapped[str | None] = mapped_column(Encrypted)

    return Patient


def keyed(
    kind: type[TypeEngine[Any]] | TypeEngine[Any], make_key: Callable[[], Any]
) -> Callable[[SQLAlchemy], Model]:
    """A model whose key has a type of the host's own."""

    def make(db: SQLAlchemy) -> Model:
        class Holder(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
            __tablename__ = "shape_holders"
            id: Mapped[Any] = mapped_column(kind, primary_key=True, autoincrement=False, default=make_key)

        return Holder

    return make


KEYS: dict[str, Callable[[SQLAlchemy], Model]] = {
    "guid": keyed(Guid, uuid.uuid4),
    "any guid": keyed(AnyGuid, uuid.uuid4),
    "binary": keyed(Binary, uuid.uuid4),
    "bytes": keyed(SIXTEEN_BYTES, partial(token_bytes, 16)),
    "wrapped bytes": keyed(Wrapping, partial(token_bytes, 16)),
    "around": keyed(Around, uuid.uuid4),
    "serial": keyed(SerialType, partial(next, map(Serial, count(1)))),
    "obscured": keyed(Obscured, partial(next, (f"u-{number:x}" for number in count(1)))),
    "wrapped": keyed(Wrapped, partial(next, count(1))),
}

SHAPES: dict[str, Callable[[SQLAlchemy], Model]] = {
    "joined": joined,
    "joined by another name": joined_by_another_name,
    "joined above": joined_above,
    "above others": above_others,
    "single": single,
    "concrete": concrete,
    "spanning": spanning,
    "renamed": renamed,
    **KEYS,
}

ALL_MODELS = {
    **MODELS,
    **SHAPES,
    "not unique": not_unique,
    "encrypted": encrypted,
    "plain text": plain_text,
    "strict serial": keyed(StrictSerialType, partial(next, map(Serial, count(1000)))),
    "of a later table": of_a_later_table,
}
"""Every kind of user model that a test can ask for."""
