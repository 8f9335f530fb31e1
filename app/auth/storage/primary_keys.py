"""A user's key as the ``sub`` of tokens and back, through the type of its column.

A token can be older than the type of the key, or signed by another app with the same secret. A key
that no row can have is refused before the database is asked, because PostgreSQL would raise an error.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

MAX_INTEGER = 2**63 - 1
PLAIN = (int, str, uuid.UUID, Decimal)
"""The Python types of keys without a TypeDecorator: a token has the text, and the key is read from it."""


def key_of(subject: str, kind: TypeEngine[Any], dialect: Callable[[], Dialect]) -> Any:
    """The key that ``subject`` is the text of in a column of this type, or None if no row can have it."""
    if not is_text(subject):
        return None
    if not isinstance(kind, TypeDecorator):
        return _same(_read(kind.python_type, subject), subject)
    readers = (partial(_read, kind.impl_instance.python_type), str, uuid.UUID, _integer)
    found = (_same(_through(read, subject, kind, dialect()), subject) for read in readers)
    return next((key for key in found if key is not None), None)


def is_text(value: str) -> bool:
    """Whether databases take ``value``: it has no NUL and no half of a surrogate pair."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)


def is_spelled(kind: TypeEngine[Any]) -> bool:
    """Whether keys of this type can be read back from text. A TypeDecorator is assumed to do this."""
    return isinstance(kind, TypeDecorator) or issubclass(kind.python_type, PLAIN)


def shown(key: Any) -> Any:
    """The key as JSON shows it."""
    return key if isinstance(key, (int, str, uuid.UUID)) else str(key)


def _through(read: Callable[[str], Any], subject: str, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    """The key as the column would give it back; None where its type does not take it."""
    try:
        return _given_back(_stored(read(subject), kind, dialect), kind, dialect)
    except Exception:  # noqa: BLE001  # a host's type can raise anything for a value of another kind
        return None


def _stored(value: Any, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    is_own = type(kind).process_bind_param is not TypeDecorator.process_bind_param
    return kind.process_bind_param(value, dialect) if is_own else value


def _given_back(value: Any, kind: TypeDecorator[Any], dialect: Dialect) -> Any:
    is_own = type(kind).process_result_value is not TypeDecorator.process_result_value
    return kind.process_result_value(value, dialect) if is_own else value


def _read(kind: type[Any], subject: str) -> Any:
    try:
        return _integer(subject) if kind is int else kind(subject)
    except (ValueError, ArithmeticError):
        return None


def _same(key: Any, subject: str) -> Any:
    """The key if its text is exactly ``subject``, otherwise None. So a row has only one ``sub``."""
    return key if key is not None and str(key) == subject else None


def _integer(subject: str) -> int:
    if len(subject) > len(str(-MAX_INTEGER)) or abs(int(subject)) > MAX_INTEGER:
        raise ValueError("no database has a key so large")
    return int(subject)
