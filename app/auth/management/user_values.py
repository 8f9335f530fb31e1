"""Turns a row of a file into the attributes of a user, or says why it cannot be one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy.types import TypeEngine

from ..errors import InvalidRequest
from ..passwords.authentication import Authenticator
from ..passwords.formats import name_of
from ..storage.primary_keys import is_text, python_type
from ..user import canonical, check_identifier

NAMES = ("email", "username")
MAX_WHOLE = 2**63
"""The numbers of the widest column; the driver of SQLite raises an error of its own for one beyond."""

WORDS = {"true": True, "t": True, "yes": True, "1": True, "false": False, "f": False, "no": False, "0": False}


class Refused(ValueError):
    """A row that cannot be imported; the message says why and holds no value of the row."""


def _truth(text: str) -> bool:
    return WORDS[text.lower()]


def _whole(text: str) -> int:
    number = int(text)
    if not -MAX_WHOLE <= number < MAX_WHOLE:
        raise ValueError
    return number


READERS: Mapping[type, Callable[[str], Any]] = {
    str: str,
    bool: _truth,
    int: _whole,
    float: float,
    Decimal: Decimal,
    uuid.UUID: uuid.UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
}
"""How the text of a field becomes a value, by the Python type of its column."""


class RowReader:
    """Makes the attributes of users of one model.

    Without ``hashing`` passwords are checked, and no hash is made of them.
    """

    def __init__(
        self, columns: Mapping[str, TypeEngine[Any]], authenticator: Authenticator, *, hashing: bool = True
    ) -> None:
        self._readers = {name: READERS.get(python_type(kind)) for name, kind in columns.items()}
        self._authenticator, self._hashing = authenticator, hashing

    def unreadable(self, names: Iterable[str]) -> list[str]:
        """Those of these fields that are no column which a file can fill."""
        return [name for name in names if name != "password" and self._readers.get(name) is None]

    def read(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of a user; an empty field is left to the defaults of the model. Raises Refused."""
        known = {"password", *self._readers}
        given = {name: value for name, value in fields.items() if name in known and value not in (None, "")}
        if not any(name in given for name in NAMES):
            raise Refused("it has neither an e-mail address nor a user name")
        password = given.pop("password", None)
        values = {name: self._value(name, value) for name, value in given.items()}
        values |= {name: _name(name, values[name]) for name in NAMES if name in values}
        if password is not None:
            values["password_hash"] = self._hash(password, values.get("password_hash"))
        elif "password_hash" in values:
            self._check_hash(values["password_hash"])
        return values

    def _value(self, name: str, value: Any) -> Any:
        reader, text = self._readers[name], str(value)
        if not is_text(text):
            raise Refused(f"its {name} is not text in UTF-8")
        if reader is None or (reader is str and not isinstance(value, str)):
            raise Refused(f"its {name} is not text")
        try:
            return reader(text.strip() if reader is not str else text)
        except (ArithmeticError, LookupError, ValueError):
            raise Refused(f"its {name} is not what the column holds") from None

    def _hash(self, password: Any, stored: str | None) -> str:
        if stored is not None:
            raise Refused("it has both a password and a password_hash")
        if not isinstance(password, str) or not is_text(password):
            raise Refused("its password is not text in UTF-8")
        try:
            self._authenticator.check_new(password)
        except InvalidRequest as error:
            raise Refused(f"its password is refused: {error.description}") from None
        return self._authenticator.hash_new(password) if self._hashing else ""

    def _check_hash(self, stored: str) -> None:
        if self._authenticator.formats.is_unknown(stored):
            raise Refused(f"the format of its password_hash is not known here ({name_of(stored)})")


def _name(field: str, value: str) -> str:
    spelling = canonical(value)
    try:
        check_identifier(value)
    except InvalidRequest as error:
        raise Refused(f"its {field} is too long: {error.description}") from None
    if ("@" in spelling) != (field == "email"):
        raise Refused(f"its {field} {'is not an e-mail address' if field == 'email' else 'has an @'}")
    return spelling
