"""RatchetUser: the mixin that adds Ratchet's columns to a host's user model."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Boolean, Integer, String, text
from sqlalchemy.dialects.mysql import VARCHAR
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, MappedAsDataclass, declared_attr, mapped_column, validates
from sqlalchemy.types import TypeDecorator, TypeEngine

from .errors import InvalidRequest

MAX_IDENTIFIER_LENGTH = 254
"""Characters of the longest e-mail address (RFC 5321, 4.5.3.1.3)."""


def check_identifier(identifier: str) -> None:
    """Raise InvalidRequest for an identifier that is longer than any e-mail address."""
    if len(identifier) > MAX_IDENTIFIER_LENGTH:
        raise InvalidRequest("A name has at most {count} characters.", count=MAX_IDENTIFIER_LENGTH)


def canonical(identifier: str) -> str:
    """The canonical form of an e-mail address or user name: no outer space, one width, lower case, NFC.

    These are the rules of RFC 8265, 3.3 (UsernameCaseMapped). Case folding is not among them: it turns
    ``straße`` into ``strasse``, and these can be two mail domains. A text that is longer than any identifier
    is returned unchanged and matches no user: the time for NFC grows with the square of the adjacent
    combining marks, and no other thread runs meanwhile.
    """
    if len(identifier) > MAX_IDENTIFIER_LENGTH:
        return identifier
    plain = unicodedata.normalize("NFC", "".join(map(_usual_width, identifier)).strip())
    return unicodedata.normalize("NFC", plain.lower())


def case_folded(identifier: str) -> str:
    """The form that older releases stored, by case folding: such rows are still found by it."""
    if len(identifier) > MAX_IDENTIFIER_LENGTH:
        return identifier
    folded = unicodedata.normalize("NFC", identifier.strip()).casefold()
    return unicodedata.normalize("NFC", folded)


def likeness(stored: str, typed: str) -> int | None:
    """How well a stored name matches a typed one: the lower, the better.

    0: it is the canonical form of the typed name. 1: both have the same canonical form. 2: it is the
    case-folded form. None: it is another name. A collation can treat ``jose`` and ``josé`` as equal, so that
    a SELECT returns both.
    """
    if stored == canonical(typed):
        return 0
    if canonical(stored) == canonical(typed):
        return 1
    return 2 if stored == case_folded(typed) else None


def likeness_as_typed(stored: str, typed: str) -> int | None:
    """The same for a plain text column: 0 as typed, 1 in canonical form, 2 but for case and space."""
    if stored == typed:
        return 0
    if canonical(stored) != canonical(typed):
        return None
    return 1 if stored == canonical(stored) else 2


def is_well_spelt(stored: str) -> bool:
    """Whether the stored form is one that a sign-in searches for, so that every database finds it."""
    return bool(stored) and stored in (canonical(stored), case_folded(stored))


def _usual_width(character: str) -> str:
    """The usual letter for a full-width or half-width one of East Asian keyboards (RFC 8264, 5.2.1)."""
    is_other = unicodedata.decomposition(character).startswith(("<wide>", "<narrow>"))
    return unicodedata.normalize("NFKC", character) if is_other else character


class _Text:
    """A base class by whose name a form generator, such as Flask-Admin, finds the field for a column."""


_Text.__name__ = String.__name__


class Identifier(TypeDecorator[str], _Text):
    """Text that is written and compared in its canonical form, equally on every database.

    The collation of a MySQL or MariaDB column would otherwise treat ``josé`` and ``jose`` as equal.
    """

    impl = String(MAX_IDENTIFIER_LENGTH).with_variant(
        VARCHAR(MAX_IDENTIFIER_LENGTH, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The canonical form, as it is sent to the database."""
        return None if value is None else canonical(value)


class Internal(TypeDecorator[Any]):
    """The type of a column that no form should show or write.

    A form generator that goes by the type, such as Flask-Admin, knows no field for it and leaves it out.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String
    cache_ok = True


class PasswordHash(Internal):
    """Text of the length that a stored hash needs."""

    impl = String(255)
    cache_ok = True


class Counter(Internal):
    """A whole number."""

    impl = Integer
    cache_ok = True


class Milliseconds(Internal):
    """A time in milliseconds since the epoch."""

    impl = BigInteger
    cache_ok = True


class RowState(Internal):
    """JSON; in PostgreSQL JSONB."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of this column on one kind of database."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())


def field_of(identifier: str) -> str:
    """The column that a name to sign in with is looked for in: one with an ``@`` is an e-mail address."""
    return "email" if "@" in identifier else "username"


class RatchetUser:
    """Everything Ratchet remembers of a user; mix it into the model that holds your users.

    ``public_fields`` names the columns that a reply shows as ``user`` beside the id. ``sessions``,
    ``sessions_version``, ``ended`` and ``ended_at`` belong to Ratchet: they are deferred, so that your own
    queries neither load nor write them. ``private_fields`` names them and ``password_hash``: no list, form or
    export of yours has to show these. Set ``username = None`` in your model if people sign in
    only with their e-mail address.

    The defaults in the database are words that SQLite, PostgreSQL and MariaDB all know: Alembic writes them
    into a migration as the database at hand spells them, and PostgreSQL takes no ``0`` for a boolean.
    """

    public_fields: ClassVar[tuple[str, ...]] = ("email", "username")
    private_fields: ClassVar[tuple[str, ...]] = (
        "password_hash",
        "sessions",
        "sessions_version",
        "ended",
        "ended_at",
    )

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a model that is a dataclass: SQLAlchemy then takes columns only from dataclasses."""
        if issubclass(cls, MappedAsDataclass):
            raise TypeError(
                f"{cls.__name__} is a dataclass (MappedAsDataclass), and RatchetUser cannot be mixed into "
                "one. Give this model a base of its own beside yours: class Plain(DeclarativeBase): "
                "registry = Base.registry"
            )
        super().__init_subclass__(**options)

    email: Mapped[str] = mapped_column(Identifier, unique=True)
    username: Mapped[str | None] = mapped_column(Identifier, unique=True)
    password_hash: Mapped[str | None] = mapped_column(PasswordHash)
    blocked: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    confirmed: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))

    @declared_attr
    @classmethod
    def sessions(cls) -> Mapped[list[dict[str, Any]] | None]:
        """The live sessions; NULL is none."""
        return mapped_column(RowState(), deferred=True)

    @declared_attr
    @classmethod
    def sessions_version(cls) -> Mapped[int]:
        """Counts the changes of ``sessions``; compare-and-swap compares it."""
        return mapped_column(Counter, default=0, server_default=text("0"), deferred=True)

    @declared_attr
    @classmethod
    def ended(cls) -> Mapped[list[tuple[str, float]] | None]:
        """The sessions that ended during the last access lifetime; NULL is none."""
        return mapped_column(RowState(), deferred=True)

    @declared_attr
    @classmethod
    def ended_at(cls) -> Mapped[int | None]:
        """When a session last ended, in milliseconds since the epoch; indexed to find new ends fast."""
        return mapped_column(Milliseconds, index=True, deferred=True)

    @validates("email", "username")
    def _check_identifier(self, key: str, identifier: str | None) -> str | None:
        """SQLite accepts any length. A user name with an ``@`` could be another user's e-mail address."""
        if identifier is None:
            return None
        if len(identifier) > MAX_IDENTIFIER_LENGTH:
            raise ValueError(f"{key} has at most {MAX_IDENTIFIER_LENGTH} characters")
        spelling = canonical(identifier)
        if key == "username" and ("@" in spelling or not spelling):
            raise ValueError("a username is not empty and holds no @")
        return identifier
