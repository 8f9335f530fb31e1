"""Files of users are read a row at a time, each with its line, and a broken one says where."""

from __future__ import annotations

import json
from io import BufferedReader, BytesIO
from typing import Any

import pytest

from app.auth.management.user_files import CHUNK, MAX_ENTRY, UserRow, read_users


def read(content: str | bytes) -> list[UserRow]:
    """All rows of a file."""
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read_users(BufferedReader(BytesIO(raw))).rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
def test_a_table_of_any_program_is_read(delimiter: str, end: str, mark: str) -> None:
    """The header decides on the delimiter; empty lines count, and are no rows."""
    lines = (
        f"email{delimiter} name",
        f"ada@b{delimiter}Ada",
        "",
        f'bob@b{delimiter}"Bob{end}Two"',
        f"eve@b{delimiter}",
    )
    rows = read(mark + end.join(lines))
    assert [(row.line, row.fields["email"]) for row in rows] == [(2, "ada@b"), (4, "bob@b"), (6, "eve@b")]
    assert rows[1].fields["name"] == f"Bob{end}Two"


def test_a_broken_row_of_a_table_is_told() -> None:
    """A quote in the wrong place spoils its own line only."""
    rows = read('email,name\nada@b,"A"d"a"\nbob@b,Bob\n')
    assert [(row.line, bool(row.problem)) for row in rows] == [(2, True), (3, False)]


def test_bytes_that_are_no_text_spoil_their_row_only() -> None:
    """They arrive as lone surrogates, which no column takes."""
    rows = read(b"email,name\nada@b,\xff\nbob@b,Bob\n")
    assert [row.fields["name"] for row in rows] == ["\udcff", "Bob"]


@pytest.mark.parametrize("number", [0, 1, 3, 2000])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_any_length_is_read(number: int, indent: int | None) -> None:
    """Also one that is longer than what is read at once."""
    users = [{"email": f"user{n}@example.org", "password": "x" * 60} for n in range(number)]
    text = json.dumps(users, indent=indent)
    assert number < 2000 or len(text) > CHUNK
    rows = read(text)
    assert [row.fields["email"] for row in rows] == [user["email"] for user in users]
    assert [row.line for row in rows[:2]] == ([1, 1] if indent is None else [2, 6])[:number]


BROKEN: list[Any] = [
    pytest.param('[{"email": "a@b"}, {"email": ', 1, id="cut within a user"),
    pytest.param('[{"email": "a@b"},\n', 2, id="cut between two"),
    pytest.param('[{"email": "a@b"},\n{"email": a@b}]', 2, id="no JSON"),
    pytest.param('[{"email": "a@b"},\n' + "[{" * 3, 2, id="nested and cut"),
    pytest.param('{"email": "a@b"}\n{"a":' + "[" * 100_000, 2, id="nested too deep"),
    pytest.param('{"email": "a@b"}\n{"a":"' + "x" * (MAX_ENTRY + CHUNK), 2, id="without an end"),
]


@pytest.mark.parametrize(("text", "line"), BROKEN)
def test_a_broken_export_says_where(text: str, line: int) -> None:
    """What was before is read; the last row says that nothing more can be."""
    first, last = read(text)
    assert first.fields == {"email": "a@b"}
    assert last.line == line
    assert last.problem


def test_what_is_no_object_is_no_user() -> None:
    """It is told, and the next one is read."""
    rows = read('[1, null, "x", {"email": "a@b"}]')
    assert [bool(row.problem) for row in rows] == [True, True, True, False]
