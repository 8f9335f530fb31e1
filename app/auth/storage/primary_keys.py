"""A user's key as the ``sub`` of tokens and back, through the type of its column.

A token can be older than the type of the key, or signed by another app with the same secret. A key
that no row can have is refused before the database is asked, because PostgreSQL would raise an error.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import TypeDecorator
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from ..lifecycle.account import subject_of

MAX_INTEGER = 2**63 - 1
PLAIN = (int, str, uuid.UUID, Decimal, bytes)
"""The Python types of keys without a TypeDecorator: a token has the text, and the key is read from it."""

SAMPLES = (1, "1", uuid.UUID(int=1), str(uuid.UUID(int=1)), bytes(range(16)), "01ARZ3NDEKTSV4RRFFQ69G5FAV")
"""What is tried on a TypeDecorator, as a key and as what the database gives back; the last is a ULID."""

DIALECTS: tuple[Callable[[], Dialect], ...] = (sqlite.dialect, postgresql.dialect, mysql.dialect)
"""The databases that it is tried for: at start nobody knows which one it is."""


def key_of(subject: str, kind: TypeEngine[Any], dialect: Callable[[], Dialect]) -> Any:
    """The key that ``subject`` is the text of in a column of this type, or None if no row can have it."""
    if not is_text(subject):
        return None
    if not isinstance(kind, TypeDecorator):
        return _same(_read(python_type(kind), subject), subject)
    values = (_read(read_as, subject) for read_as in (python_type(kind), str, uuid.UUID, int, bytes))
    found = (_kept(value, subject, kind, dialect()) for value in values)
    return next((key for key in found if key is not None), None)


def is_text(value: str) -> bool:
    """Whether databases take ``value``: it has no NUL and no half of a surrogate pair."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)


def is_spelled(kind: TypeEngine[Any]) -> bool:
    """Whether keys of this type can be read back from text.

    A TypeDecorator is tried. One that takes none of the samples may take only the keys of its own table:
    ``check`` looks at each of these.
    """
    if not isinstance(kind, TypeDecorator):
        held = python_type(kind)
        return issubclass(held, PLAIN) and not issubclass(held, bool)
    dialects = [make() for make in DIALECTS]
    tried = [is_kept(key, kind, dialect) for dialect in dialects for key in _sample_keys(kind, dialect)]
    return any(tried) or not tried


def is_kept(key: Any, kind: TypeEngine[Any], dialect: Dialect) -> bool:
    """Whether this key is read back from its spelling in a token."""
    return bool(key_of(subject_of(key), kind, lambda: dialect) == key)


def check(key: Any, kind: TypeEngine[Any], dialect: Dialect) -> None:
    """Raise RuntimeError for a key that is not kept: no session may start that cannot be refreshed."""
    if not is_kept(key, kind, dialect):
        raise RuntimeError(
            f"the key {key!r} of a user is {subject_of(key)!r} in a token, and its column cannot read that: "
            f"let process_bind_param of {kind!r} take the text of a value as well"
        )


def shown(key: Any) -> Any:
    """The key as JSON shows it."""
    return key if isinstance(key, (int, str, uuid.UUID)) else subject_of(key)


def _sample_keys(kind: TypeDecorator[Any], dialect: Dialect) -> Iterator[Any]:
    """Values that the type gives for a sample, and takes."""
    for sample in SAMPLES:
        for key in (_through(sample, kind, dialect), _tried(_given_back, sample, kind, dialect)):
            if key is not None and _through(key, kind, dialect) is not None:
                yield key


def _kept(value: Any, subject: str, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    """The key that the column gives back for ``value``, if it is spelled so and the column takes it, too."""
    key = _same(_through(value, kind, dialect), subject)
    return key if _same(_through(key, kind, dialect), subject) is not None else None


def _through(value: Any, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    """What the column gives back for ``value``; None where its type does not take it."""
    return _tried(_given_back, _tried(_stored, value, kind, dialect), kind, dialect)


def _tried(work: Callable[..., Any], value: Any, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    try:
        return None if value is None else work(value, kind, dialect)
    except Exception:  # noqa: BLE001  # a host's type can raise anything for a value of another kind
        return None


def _stored(value: Any, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    """What the database is sent. TypeError where that is no bytes and has to be."""
    is_own = type(kind).process_bind_param is not TypeDecorator.process_bind_param
    sent = kind.process_bind_param(value, dialect) if is_own else value
    inner = kind.load_dialect_impl(dialect)
    if isinstance(inner, TypeDecorator):
        return _stored(sent, inner, dialect)
    return bytes(memoryview(sent)) if python_type(inner) is bytes else sent


def _given_back(value: Any, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    inner = kind.load_dialect_impl(dialect)
    read = _given_back(value, inner, dialect) if isinstance(inner, TypeDecorator) else value
    is_own = type(kind).process_result_value is not TypeDecorator.process_result_value
    return kind.process_result_value(read, dialect) if is_own else read


def python_type(kind: TypeEngine[Any]) -> type[Any]:
    """What values of this type are in Python; ``object`` where SQLAlchemy does not know it."""
    if isinstance(kind, TypeDecorator):
        return python_type(kind.impl_instance)
    try:
        return kind.python_type
    except NotImplementedError:  # SQLAlchemy raises this for a type that does not name its Python type
        return object


def _read(kind: type[Any], subject: str) -> Any:
    try:
        if issubclass(kind, bytes):
            return bytes.fromhex(subject)
        return _integer(subject) if kind is int else kind(subject)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _same(key: Any, subject: str) -> Any:
    """The key if its text is exactly ``subject``, otherwise None. So a row has only one ``sub``."""
    return key if key is not None and subject_of(key) == subject else None


def _integer(subject: str) -> int:
    if len(subject) > len(str(-MAX_INTEGER)) or abs(int(subject)) > MAX_INTEGER:
        raise ValueError("no database has a key so large")
    return int(subject)
