"""Types that hosts give to the keys of their users."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BINARY, CHAR, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import UUID as POSTGRESQL_UUID
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class Guid(TypeDecorator[uuid.UUID]):
    """The strictest of the usual recipes: it takes a UUID and nothing else."""

    impl = CHAR(32)
    cache_ok = True

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's way
        """32 digits."""
        return None if value is None else value.hex

    def process_result_value(self, value: str | None, dialect: Dialect) -> uuid.UUID | None:  # noqa: ARG002  # SQLAlchemy's way
        """The UUID that was written."""
        return None if value is None else uuid.UUID(value)


class AnyGuid(TypeDecorator[uuid.UUID]):
    """The recipe of SQLAlchemy's documentation: PostgreSQL's own type there, text elsewhere."""

    impl = CHAR
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type in one kind of database."""
        own: TypeEngine[Any] = POSTGRESQL_UUID() if dialect.name == "postgresql" else CHAR(32)
        return dialect.type_descriptor(own)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Text for the database."""
        if value is None or dialect.name == "postgresql":
            return None if value is None else str(value)
        return (value if isinstance(value, uuid.UUID) else uuid.UUID(value)).hex

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:  # noqa: ARG002  # SQLAlchemy's way
        """The UUID that was written."""
        return value if value is None or isinstance(value, uuid.UUID) else uuid.UUID(value)


class Binary(TypeDecorator[uuid.UUID]):
    """A UUID in 16 bytes."""

    impl = LargeBinary(16).with_variant(BINARY(16), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002  # SQLAlchemy's way
        """The bytes."""
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> uuid.UUID | None:  # noqa: ARG002  # SQLAlchemy's way
        """The UUID that was written."""
        return None if value is None else uuid.UUID(bytes=bytes(value))


SIXTEEN_BYTES = LargeBinary(16).with_variant(BINARY(16), "mysql", "mariadb")


class Wrapping(TypeDecorator[bytes]):
    """Bytes that the type leaves as they are."""

    impl = SIXTEEN_BYTES
    cache_ok = True


class Around(TypeDecorator[uuid.UUID]):
    """A type around another type of the host."""

    impl = Binary
    cache_ok = True


@dataclass(frozen=True)
class Serial:
    """A class of a host's own for its keys."""

    number: int

    def __str__(self) -> str:
        return f"S{self.number:09}"


class SerialType(TypeDecorator[Serial]):
    """A type for these that takes their text, too."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Serial | str | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's way
        """The number."""
        return None if value is None else int(str(value).removeprefix("S"))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Serial | None:  # noqa: ARG002  # SQLAlchemy's way
        """The value that was written."""
        return None if value is None else Serial(value)


class StrictSerialType(SerialType):
    """One that takes no text, and only serials that were given out."""

    cache_ok = True

    def process_bind_param(self, value: Serial | str | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's way
        """The number."""
        if value is not None and (not isinstance(value, Serial) or value.number < 1000):
            raise ValueError(value)
        return None if value is None else value.number


class Obscured(TypeDecorator[str]):
    """Numbers in the table that the site sees as text."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's way
        """The number."""
        return None if value is None else int(value.removeprefix("u-"), 16)

    def process_result_value(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's way
        """The text."""
        return None if value is None else f"u-{value:x}"


class Wrapped(TypeDecorator[int]):
    """A number that the type leaves as it is."""

    impl = Integer
    cache_ok = True
