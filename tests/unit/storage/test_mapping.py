"""User models that cannot be kept are refused at start, with the model's name and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    backref,
    column_property,
    mapped_column,
    relationship,
    synonym,
)
from sqlalchemy.types import NullType, TypeDecorator, UserDefinedType

from app.auth.errors import SettingsError
from app.auth.storage.mapping import READ, WRITTEN, UserMapping
from app.auth.storage.statements import Statements
from app.auth.user import RatchetUser

Make = Callable[[type[DeclarativeBase]], Any]


def fresh_base() -> type[DeclarativeBase]:
    """A base with a registry of its own."""

    class Base(DeclarativeBase):
        pass

    return Base


def unmapped(_base: type[DeclarativeBase]) -> Any:
    """The mixin itself."""
    return RatchetUser


def above(base: type[DeclarativeBase]) -> Any:
    """The base, where RatchetUser is mixed into a subclass."""

    class Party(base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "parties"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Member(RatchetUser, Party):
        __tablename__ = "members"
        id: Mapped[int] = mapped_column(ForeignKey(Party.id), primary_key=True)

    return Party


def two_keys(base: type[DeclarativeBase]) -> Any:
    """A key of two columns."""

    class Tenant(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "tenants"
        id: Mapped[int] = mapped_column(primary_key=True)
        site: Mapped[int] = mapped_column(primary_key=True)

    return Tenant


def computed(base: type[DeclarativeBase]) -> Any:
    """``blocked`` is worked out of something else."""

    class Player(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "players"
        id: Mapped[int] = mapped_column(primary_key=True)
        level: Mapped[int] = mapped_column()
        blocked = column_property(level.column < 0)  # type: ignore[attr-defined]  # of a MappedColumn

    return Player


def twice(base: type[DeclarativeBase]) -> Any:
    """Base and subclass both have a column ``blocked``."""

    class Party(base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "parties"
        id: Mapped[int] = mapped_column(primary_key=True)
        blocked: Mapped[bool] = mapped_column(Boolean)

    class Member(RatchetUser, Party):
        __tablename__ = "members"
        id: Mapped[int] = mapped_column(ForeignKey(Party.id), primary_key=True)
        blocked = column_property(Column("blocked", Boolean), Party.__table__.c.blocked)

    return Member


def scattered(base: type[DeclarativeBase]) -> Any:
    """The password is in the base table, the sessions are in the subclass's."""

    class Party(base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "parties"
        id: Mapped[int] = mapped_column(primary_key=True)
        secret: Mapped[str | None] = mapped_column(String(255))

    class Member(RatchetUser, Party):
        __tablename__ = "members"
        id: Mapped[int] = mapped_column(ForeignKey(Party.id), primary_key=True)
        password_hash = synonym("secret")

    return Member


def queried(base: type[DeclarativeBase]) -> Any:
    """The model is mapped to a query."""

    class Login(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "logins"
        id: Mapped[int] = mapped_column(primary_key=True)

    rows = select(Login.__table__).where(Login.blocked.is_(False)).subquery()

    class Active(base):  # type: ignore[misc,valid-type]  # made at run time
        __table__ = rows
        __mapper_args__ = {"primary_key": [rows.c.id]}  # noqa: RUF012  # SQLAlchemy's way

    return Active


def unconnected(base: type[DeclarativeBase]) -> Any:
    """The table with the sessions hangs on something else than the user's key."""

    class Party(base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "parties"
        id: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[int] = mapped_column(unique=True)

    class Member(RatchetUser, Party):
        __tablename__ = "members"
        party_number: Mapped[int] = mapped_column(ForeignKey(Party.number), primary_key=True)

    return Member


def with_work(base: type[DeclarativeBase]) -> Any:
    """The host calls a relationship of its own ``sessions``."""

    class Work(base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "works"
        id: Mapped[int] = mapped_column(primary_key=True)
        trainer_id: Mapped[int] = mapped_column(ForeignKey("trainers.id"))

    class Trainer(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "trainers"
        id: Mapped[int] = mapped_column(primary_key=True)
        sessions = relationship(Work)

    return Trainer


def with_a_backref(target: Any, name: Any) -> Make:
    """Another model gives the user model an attribute of that name."""

    def make(base: type[DeclarativeBase]) -> Any:
        class Trainer(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
            __tablename__ = "trainers"
            id: Mapped[int] = mapped_column(primary_key=True)

        class Lesson(base):  # type: ignore[misc,valid-type]  # made at run time
            __tablename__ = "lessons"
            id: Mapped[int] = mapped_column(primary_key=True)
            trainer_id: Mapped[int] = mapped_column(ForeignKey(Trainer.id))
            trainer = relationship(target or Trainer, backref=name)

        return Trainer

    return make


def with_a_count(base: type[DeclarativeBase]) -> Any:
    """The host has a column of its own called ``sessions``."""

    class Trainer(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "trainers"
        id: Mapped[int] = mapped_column(primary_key=True)
        sessions: Mapped[int] = mapped_column()  # type: ignore[assignment]  # what is tested

    return Trainer


def keyed(kind: Any, *more: Any) -> Make:
    """The key has this type."""

    def make(base: type[DeclarativeBase]) -> Any:
        class Device(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
            __tablename__ = "devices"
            id = Column(kind, *more, primary_key=True)

        return Device

    return make


class OwnSql(UserDefinedType[str]):
    """A type of which SQLAlchemy does not know what its values are in Python."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return "OWN"


class Tag:
    """A class of the host's for its keys."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __str__(self) -> str:
        return f"<{self.number}>"


class TagType(TypeDecorator[Tag]):
    """It takes nothing else."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Tag | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's way
        """The number."""
        return None if value is None else value.number

    def process_result_value(self, value: int | None, dialect: Dialect) -> Tag | None:  # noqa: ARG002  # SQLAlchemy's way
        """The tag."""
        return None if value is None else Tag(value)


class Braced(TypeDecorator[str]):
    """What it reads is not what was written."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's way
        """The text in braces."""
        return None if value is None else f"{{{value}}}"


class Numbered(TypeDecorator[str]):
    """It takes certain words only, and none of the samples."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's way
        """The word itself."""
        if not isinstance(value, str) or not value.startswith("No. "):
            raise ValueError(value)
        return value


def having(**attributes: Any) -> Make:
    """The model also has these attributes."""

    def make(base: type[DeclarativeBase]) -> Any:
        own = {"__tablename__": "guests", "id": Column(Integer, primary_key=True)}
        return type("Guest", (RatchetUser, base), own | attributes)

    return make


REFUSED: list[Any] = [
    *(
        pytest.param(
            having(**{name: None}),
            f"Guest has {name} = None, and Ratchet needs that column: take this line out",
            id=f"{name} left out",
        )
        for name in (*WRITTEN, *READ)
    ),
    *(
        pytest.param(having(**{name: made}), f"Guest has something else called {name}", id=f"{name}, {kind}")
        for name in ("email", "blocked", "confirmed")
        for kind, made in {
            "a property": property(str),
            "a hybrid": hybrid_property(str),
            "a value": True,
        }.items()
    ),
    pytest.param(having(email="ada"), "or write email = None if nobody signs in by it", id="a fixed address"),
    *(
        pytest.param(
            having(**{name: synonym(target)}),
            f"Guest has {name} as a synonym for {target}, which is no column: name one",
            id=f"{name}, a synonym for {target}",
        )
        for name, target in (("blocked", "nothing"), ("email", "nothing"), ("blocked", "blocked"))
    ),
    *(
        pytest.param(
            having(**{name: Column(kind)}),
            f"Guest has {name} of type {kind.__name__}.* whose values are {wanted}",
            id=f"{name}, a column for {kind.__name__}",
        )
        for name, kind, wanted in (
            ("blocked", String, "bool"),
            ("blocked", DateTime, "bool"),
            ("confirmed", String, "bool"),
            ("password_hash", Integer, "str"),
            ("password_hash", LargeBinary, "str"),
            ("sessions_version", String, "int"),
            ("ended_at", DateTime, "int"),
            ("email", Integer, "str"),
        )
    ),
    pytest.param(
        having(blocked=Column(Boolean, Computed("false"))),
        "maps blocked to more than",
        id="a computed column",
    ),
    pytest.param(keyed(Boolean()), "Device has a key of type Boolean", id="a key of two values"),
    pytest.param(with_work, "Trainer has something else called sessions", id="a relationship of that name"),
    pytest.param(
        with_a_backref(None, "sessions"),
        r"Trainer is given something else called sessions by the backref of Lesson.trainer.* another name",
        id="a backref of that name",
    ),
    pytest.param(
        with_a_backref("Trainer", backref("ended", lazy="select")),
        r"Trainer is given something else called ended by the backref of Lesson.trainer",
        id="a backref of another such name",
    ),
    pytest.param(with_a_count, "Trainer has something else called sessions", id="a column of that name"),
    pytest.param(
        keyed(DateTime()), "Device has a key of type .* TypeDecorator", id="a key that is not spelled"
    ),
    pytest.param(keyed(OwnSql()), "Device has a key of type OwnSql", id="a key of an unknown type"),
    pytest.param(keyed(TagType), "TagType.* takes the text", id="a class of keys that takes no text"),
    pytest.param(keyed(Braced), "Device has a key of type Braced", id="a type that reads something else"),
    pytest.param(keyed(NullType()), "Device has a key of type NullType", id="a key without a type"),
    pytest.param(unmapped, "RatchetUser is not mapped", id="no model at all"),
    pytest.param(
        above, "Party has no column sessions: mix RatchetUser into it", id="the base of the user model"
    ),
    pytest.param(two_keys, "Tenant needs a primary key of one column", id="a key of two columns"),
    pytest.param(
        computed, "Player maps blocked to more than a column", id="an expression that is to be written"
    ),
    pytest.param(twice, "Member maps blocked to more than a column", id="one attribute for two columns"),
    pytest.param(scattered, "Member has password_hash in another table", id="what is written in two tables"),
    pytest.param(queried, "Active is mapped to a query", id="a query"),
    pytest.param(
        unconnected, "members, which does not hold the user's key", id="tables joined by something else"
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_cannot_be_kept_is_refused(make: Make, message: str) -> None:
    """Each row is a mapping that would be written or read wrongly, and what its owner is told."""
    model = make(fresh_base())
    with pytest.raises(TypeError, match=message):
        UserMapping(model)


def showing(names: Any) -> Any:
    """A model whose replies are to show these; ``pw`` is another name of the hash, ``books`` no column."""
    base = fresh_base()

    class Reader(RatchetUser, base):  # type: ignore[misc,valid-type]  # made at run time
        __tablename__ = "readers"
        public_fields = names
        username = None
        id: Mapped[int] = mapped_column(primary_key=True)
        mail = synonym("email")
        pw = synonym("password_hash")
        shout = column_property(RatchetUser.email.column + "!")
        books: Mapped[list[Any]] = relationship("Book")

        @property
        def initials(self) -> str:
            """Computed in Python."""
            return self.email[:1]

    return Reader


@pytest.mark.parametrize(
    "secret", ["password_hash", "pw", "sessions", "sessions_version", "ended", "ended_at"]
)
def test_no_secret_is_public(secret: str) -> None:
    """What Ratchet keeps for itself is not sent to a browser, by any name."""
    with pytest.raises(SettingsError, match=f"public_fields of Reader has '{secret}', .*secret.*take it out"):
        UserMapping(showing(("email", secret)))


@pytest.mark.parametrize("name", ["emial", "books", "initials", "metadata", ""])
def test_a_public_field_is_a_column(name: str) -> None:
    """A misspelt name, a relationship and a Python property were left out of replies without a word."""
    with pytest.raises(SettingsError, match=f"public_fields of Reader has '{name}', which is no column"):
        UserMapping(showing(("email", name)))


def test_public_fields_are_no_text() -> None:
    """The comma of a tuple of one name is easily forgotten."""
    with pytest.raises(SettingsError, match=r"write a tuple: public_fields = \('email',\)"):
        UserMapping(showing("email"))


@pytest.mark.parametrize("names", [None, 5, True, iter(["email"])], ids=["none", "five", "true", "iterator"])
def test_public_fields_are_several_names(names: Any) -> None:
    """One that is read only once would show nothing at the second reading."""
    with pytest.raises(SettingsError, match=r"public_fields of Reader is .*: write a tuple of names"):
        UserMapping(showing(names))


@pytest.mark.parametrize("names", [("email", 5), ("email", None), [["email"]], b"email"])
def test_a_public_field_is_named_by_text(names: Any) -> None:
    """Anything else would fail at the first reply."""
    with pytest.raises(
        SettingsError, match=r"public_fields of Reader has .*, which is no text: write the name"
    ):
        UserMapping(showing(names))


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        pytest.param(("email", "mail", "shout"), ("email", "mail", "shout"), id="columns and synonyms"),
        pytest.param(("email", "username"), ("email",), id="a name of RatchetUser that the host leaves out"),
        pytest.param(["blocked", "confirmed"], ("blocked", "confirmed"), id="the flags, in a list"),
        pytest.param((), (), id="none"),
    ],
)
def test_public_fields_that_a_reply_shows(names: Any, shown: tuple[str, ...]) -> None:
    """What SQL reads of the model may be shown."""
    assert UserMapping(showing(names)).public_fields == shown


def test_a_model_is_accepted_before_the_others_are_there() -> None:
    """Ratchet may be made while a class that the user model refers to is still to come."""

    class Writer(RatchetUser, fresh_base()):  # type: ignore[misc]  # made at run time
        __tablename__ = "writers"
        id: Mapped[int] = mapped_column(primary_key=True)
        books: Mapped[list[Any]] = relationship("Book")

    assert Statements(Writer).shown == ("id", "email", "username")


KEPT: list[Any] = [
    pytest.param(keyed(LargeBinary(16)), id="bytes"),
    pytest.param(with_a_backref("Trainer", "lessons"), id="a backref of another name"),
    pytest.param(with_a_backref("Elsewhere", "sessions"), id="a backref of another model"),
    pytest.param(keyed(Numbered), id="words of which none is tried"),
    pytest.param(keyed(None, ForeignKey("still_to_come.id")), id="a reference to a later table"),
    pytest.param(having(username=None), id="no user names"),
    pytest.param(having(username=None, email=None), id="no names: the host signs people in itself"),
    pytest.param(having(confirmed=Column(DateTime)), id="the time of the confirmation"),
    pytest.param(having(blocked=Column(Integer)), id="a flag that is a number"),
    pytest.param(having(blocked=synonym("shut"), shut=Column(Boolean)), id="a synonym for a column"),
]


@pytest.mark.parametrize("make", KEPT)
def test_what_can_be_kept_is_accepted(make: Make) -> None:
    """As far as can be told at start."""
    assert UserMapping(make(fresh_base())).key is not None


def test_a_later_table_is_looked_at_when_it_is_there() -> None:
    """Its key may be of a type that no token can spell."""
    base = fresh_base()
    model = keyed(None, ForeignKey("still_to_come.id"))(base)
    UserMapping(model)
    Table("still_to_come", base.metadata, Column("id", DateTime, primary_key=True))
    with pytest.raises(TypeError, match="Device has a key of type DateTime"):
        Statements(model)


def test_a_model_without_an_address_is_accepted() -> None:
    """A host whose people have user names only leaves the column out."""

    class Sailor(RatchetUser, fresh_base()):  # type: ignore[misc]  # made at run time
        __tablename__ = "sailors"
        email = None  # type: ignore[assignment]  # as the documentation has it of username
        id: Mapped[int] = mapped_column(primary_key=True)

    assert list(Statements(Sailor).by_identifier) == ["username"]


def test_a_swap_writes_the_columns_it_names_and_no_others() -> None:
    """A column that an operation does not change is not written back as it was read."""
    written, _, _ = swap("sessions", "blocked").partition(" WHERE ")
    assert written.count("=") == 3, written
    assert "password_hash" not in written


@pytest.mark.parametrize("same_hash", [True, False])
def test_a_swap_compares_the_hash_where_that_is_asked(*, same_hash: bool) -> None:
    """Else the statement does not name the column at all; the version and the block count always."""
    _, _, condition = swap("sessions", same_hash=same_hash).partition(" WHERE ")
    assert ("password_hash" in condition) is same_hash
    assert "sessions_version" in condition
    assert "blocked" in condition


def swap(*names: str, same_hash: bool = False) -> str:
    """The compare-and-swap of these columns, as SQL."""
    return str(Statements(two_columns()).compare_and_swap(*names, same_hash=same_hash).compile())


def two_columns() -> Any:
    """An ordinary model."""

    class Reader(RatchetUser, fresh_base()):  # type: ignore[misc]  # made at run time
        __tablename__ = "readers"
        id: Mapped[int] = mapped_column(primary_key=True)

    return Reader
