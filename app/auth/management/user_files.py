"""Reads files of users, CSV and JSON, one row at a time; each row knows its line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from io import BufferedReader, TextIOWrapper
from typing import Any, NamedTuple

CHUNK = 64 * 1024
MAX_ENTRY = 1024 * 1024
"""Characters of the longest JSON object; a longer one is no user."""

STRAPI_FIELDS = {
    "email": "email",
    "username": "username",
    "password": "password_hash",
    "confirmed": "confirmed",
    "blocked": "blocked",
}
"""What Strapi's users-permissions plug-in calls the columns; its ``password`` is a bcrypt hash."""

STRAPI_TYPE = "plugin::users-permissions.user"
DELIMITERS = ",;\t"
_BETWEEN = " \t\r\n,[]\ufeff"


class UserRow(NamedTuple):
    """One user of a file: the line it begins on, and its fields, or what is wrong with it."""

    line: int
    fields: Mapping[str, Any]
    problem: str = ""


class UserFile(NamedTuple):
    """An open file: the columns that a CSV file names, and the rows."""

    text: TextIOWrapper
    columns: tuple[str, ...]
    rows: Iterator[UserRow]


def read_users(file: BufferedReader) -> UserFile:
    """The users of a file: JSON if it begins with a bracket or brace, otherwise CSV with a header.

    Bytes that are not UTF-8 become lone surrogates, so that only their row is refused. Raises ValueError for
    a CSV file without a header.
    """
    begin = file.peek(CHUNK).decode("utf-8-sig", "replace").lstrip()
    text = TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    if begin[:1] in ("[", "{"):
        return UserFile(text, (), _strapi_rows(text))
    header = begin.partition("\n")[0]
    reader = csv.reader(text, delimiter=max(DELIMITERS, key=header.count), strict=True)
    try:
        columns = tuple(name.strip() for name in next(reader, ()))
    except csv.Error:
        columns = ()
    if columns.count("email") + columns.count("username") == 0 or len(set(columns)) < len(columns):
        raise ValueError(
            "its first line does not name the columns, each once, with email or username among them"
        )
    return UserFile(text, columns, _csv_rows(reader, columns))


def _csv_rows(reader: Any, names: tuple[str, ...]) -> Iterator[UserRow]:
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield UserRow(line, {}, f"the line cannot be read: {error}")
            continue
        if fields and len(fields) != len(names):
            yield UserRow(line, {}, f"it has {len(fields)} fields, and the first line has {len(names)}")
        elif fields:
            yield UserRow(line, dict(zip(names, fields, strict=True)))


def _strapi_rows(text: TextIOWrapper) -> Iterator[UserRow]:
    for line, entry in _json_entries(text):
        if isinstance(entry, Exception):
            yield UserRow(line, {}, "it cannot be read as JSON, and neither can what follows")
            return
        is_wrapped = isinstance(entry, dict) and isinstance(entry.get("data"), dict) and "type" in entry
        user = entry["data"] if is_wrapped else entry
        if is_wrapped and entry["type"] != STRAPI_TYPE:
            continue  # a whole export has all kinds of things
        if not isinstance(user, dict):
            yield UserRow(line, {}, "it is not a JSON object")
        else:
            yield UserRow(line, _strapi_fields(user))


def _strapi_fields(user: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: user[key] for key, name in STRAPI_FIELDS.items() if key in user}
    if fields.get("username") == fields.get("email"):  # many sites of Strapi ask for an address only
        fields.pop("username", None)
    return fields


def _json_entries(text: TextIOWrapper) -> Iterator[tuple[int, Any]]:
    """The values of a JSON array, or of JSON Lines, each with its line; only one of them is in memory.

    The last is an Exception if the file is broken there, or if its array is not closed.
    """
    decoder, line, buffer, open_brackets, more = json.JSONDecoder(), 1, "", 0, True
    while buffer or more:
        entries = buffer.lstrip(_BETWEEN)
        between = buffer[: len(buffer) - len(entries)]
        open_brackets += between.count("[") - between.count("]")
        line, buffer = line + between.count("\n"), entries
        try:
            entry, end = decoder.raw_decode(buffer)
        except (ValueError, RecursionError) as error:
            read = text.read(CHUNK) if len(buffer) <= MAX_ENTRY else ""
            more, buffer = bool(read), buffer + read
            if buffer and not more:
                yield line, error
                return
        else:
            yield line, entry
            line, buffer = line + buffer.count("\n", 0, end), buffer[end:]
    if open_brackets:
        yield line, ValueError("the array is not closed")
