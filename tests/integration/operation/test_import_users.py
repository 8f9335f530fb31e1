"""flask ratchet import-users: who is inserted, who is refused and why, and that it can be run again."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.cli import ScriptInfo
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, event, select
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.auth import RatchetUser
from app.auth.management import user_import
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Model, Stranger
from tests.support.sites import HASH

from ...support.hosts.foreign_hashes import FOREIGN_HASHES, verifier_of

PBKDF2 = FOREIGN_HASHES["werkzeug pbkdf2"]
QUOTED = f'"{HASH}"'
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"

Import = Callable[..., Result]
"""Runs the command on a file with this content; options behind it."""


def sailors(db: SQLAlchemy) -> Model:
    """Users with further columns, one of them needed, and a validator."""

    class Sailor(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "sailors"
        id: Mapped[int] = mapped_column(primary_key=True)
        rank: Mapped[str] = mapped_column(String(20))
        born: Mapped[date | None]
        cabin: Mapped[int | None] = mapped_column(unique=True)

        @validates("rank")
        def check_rank(self, _key: str, rank: str) -> str:
            if rank == "stowaway":
                raise ValueError(f"a stowaway has no rank ({self.password_hash})")
            if not rank.isalpha():
                raise ValueError(f"{rank} is no rank")
            return rank

        @validates("password_hash")
        def check_hash(self, _key: str, stored: str) -> str:
            if self.rank == "parrot":
                raise ValueError(f"a parrot has no password ({stored})")
            return stored

    return Sailor


@pytest.fixture
def ship(database: str, clock: Clock) -> Iterator[Stranger]:
    """An app whose users are sailors, and which verifies hashes of Werkzeug."""
    made = Stranger(sailors, database, clock, {"password_verifiers": [verifier_of("werkzeug pbkdf2")]})
    yield made
    made.leave()


def imported(host: Stranger, folder: Path, text: str | bytes, *options: str) -> Result:
    """What the command says to a file with this content; nothing ends in a trace."""
    file = folder / "users"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = host.app.test_cli_runner().invoke(args=["ratchet", "import-users", str(file), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def stored(host: Stranger, *names: str) -> list[tuple[Any, ...]]:
    """These columns of all users, by their id."""
    with host.app.app_context():
        columns = (getattr(host.model, name) for name in names)
        return [tuple(row) for row in host.db.session.execute(select(*columns).order_by(host.model.id))]


GOOD = f"""email,username,password_hash,password,confirmed,blocked,rank,born,cabin
Ada@Example.org,ada,{QUOTED},,true,false,captain,1815-12-10,1
bob@example.org,,{PBKDF2},,f,0,mate,,
eve@example.org,eve,,correct horse battery staple,,yes,cook,,2
"""


def test_a_csv_file_becomes_users(ship: Stranger, tmp_path: Path) -> None:
    """Hashes, passwords, flags and further columns, with the defaults of the model where a field is empty."""
    result = imported(ship, tmp_path, GOOD)
    assert (result.exit_code, result.stdout) == (
        0,
        "3 users imported, 0 skipped because they exist, 0 refused.\n",
    )
    assert stored(ship, "email", "username", "confirmed", "blocked", "rank", "born", "cabin") == [
        ("ada@example.org", "ada", True, False, "captain", date(1815, 12, 10), 1),
        ("bob@example.org", None, False, False, "mate", None, None),
        ("eve@example.org", "eve", True, True, "cook", None, 2),
    ]
    assert Browser(ship.app).sign_in("ada").status_code == 200
    assert (
        Browser(ship.app).sign_in("bob@example.org").status_code == 403
    )  # the right password, not confirmed
    assert Browser(ship.app).sign_in("eve").status_code == 403


def all_shown(terminal: int) -> str:
    """What a terminal has shown; its other end is closed. The kernel hands it on in parts, and then EIO."""
    parts = []
    with suppress(OSError):
        while part := os.read(terminal, 4096):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_terminal_shows_how_far_it_is(ship: Stranger, tmp_path: Path) -> None:
    """On standard error, so that the report can be piped; a file there gets nothing."""
    assert imported(ship, tmp_path, GOOD, "--dry-run").stderr == ""
    shown, terminal = os.openpty()
    with os.fdopen(terminal, "w") as screen, redirect_stderr(screen):
        ship.app.cli.main(
            ["ratchet", "import-users", str(tmp_path / "users")],
            obj=ScriptInfo(create_app=lambda: ship.app),
            standalone_mode=False,
        )
    bar = all_shown(shown)
    assert "Importing" in bar
    assert "100%" in bar


REFUSED: dict[str, tuple[str, str]] = {
    "an unknown hash": (f"a@b.example,,{MD5},,x", "the format of its password_hash is not known here"),
    "a hash that is too dear": (f"a@b.example,,$2b$31${'a' * 53},,x", "is not known here ($2b$)"),
    "a short password": ("a@b.example,,,hunter2,x", "its password is refused: A password needs at least"),
    "both": (f"a@b.example,,{QUOTED},{PASSWORD},x", "it has both a password and a password_hash"),
    "no name": (f",,{QUOTED},,x", "it has neither an e-mail address nor a user name"),
    "only a user name": (f",ada,{QUOTED},,x", "Sailor needs email"),
    "no address": (f"ada,,{QUOTED},,x", "its email is not an e-mail address"),
    "a user name with an @": (f"a@b.example,a@c.example,{QUOTED},,x", "its username has an @"),
    "too long": (f"{'a' * 250}@b.example,,{QUOTED},,x", "its email is too long"),
    "a NUL": (f"a@b.example,,{QUOTED},,x\0", "its rank is not text in UTF-8"),
    "a column that is needed": (f"a@b.example,,{QUOTED},,", "Sailor needs rank"),
    "a validator of the model": (f"a@b.example,,{QUOTED},,stowaway", "the model or the database refuses it"),
    "a validator of a new hash": ("a@b.example,,,correct horse battery staple,parrot", "refuse"),
    "a command for a terminal": (f"a@b.example,,{QUOTED},,\x1b[2J", r"'\x1b[2J is no rank'"),
    "a field too many": (f"a@b.example,,{QUOTED},,x,y", "it has 6 fields, and the first line has 5"),
    "a field too few": (f"a@b.example,,{QUOTED},", "it has 4 fields, and the first line has 5"),
}


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["for real", "dry"])
def test_a_refused_row_says_why_and_loses_no_other(
    ship: Stranger, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Each bad row is told by its line; the good ones around them are inserted; no secret is printed."""
    rows = [f"good{n}@example.org,,{QUOTED},,x\n{row}" for n, (row, _) in enumerate(REFUSED.values())]
    text = "\n".join(["email,username,password_hash,password,rank", *rows])
    result = imported(ship, tmp_path, text, *options)
    told = result.stdout.splitlines()
    for number, (_, why) in enumerate(REFUSED.values()):
        assert told[number].startswith(f"line {2 * number + 3}: refused, ")
        assert why in told[number]
    assert told[-1].startswith(
        f"{len(rows)} users {'would be imported' if options else 'imported'}, 0 skipped"
    )
    assert result.exit_code == 1
    assert len(stored(ship, "email")) == (0 if options else len(rows))
    for secret in (HASH, MD5, "hunter2", PASSWORD, "$bcrypt", "\x1b"):
        assert secret not in result.output


def test_what_only_the_database_refuses_loses_no_other(ship: Stranger, tmp_path: Path) -> None:
    """A batch that the database does not take is inserted row by row."""
    rows = [f"user{number}@example.org,{QUOTED},x,{number % 3}" for number in range(4)]
    result = imported(ship, tmp_path, "\n".join(["email,password_hash,rank,cabin", *rows]))
    assert result.exit_code == 1
    assert "line 5: refused, Sailor is refused by the database" in result.stdout
    assert [email for (email,) in stored(ship, "email")] == [f"user{n}@example.org" for n in range(3)]


def test_a_number_that_no_column_holds_loses_no_other(ship: Stranger, tmp_path: Path) -> None:
    """On any database; SQLite's driver would stop the command."""
    rows = [f"user{number}@example.org,x,{number}" for number in (2**63, -(2**63) - 1, 7)]
    result = imported(ship, tmp_path, "\n".join(["email,rank,cabin", *rows]))
    refused = [f"line {line}: refused, its cabin is not what the column holds" for line in (2, 3)]
    assert result.stdout.splitlines()[:2] == refused
    assert stored(ship, "cabin") == [(7,)]


def test_a_second_run_changes_nothing(ship: Stranger, tmp_path: Path) -> None:
    """Users who exist, under either name and in any spelling, are skipped and told; that is no failure."""
    imported(ship, tmp_path, GOOD)
    before = stored(ship, "email", "password_hash")
    again = GOOD.replace("eve@example.org,eve", "another@example.org,EVE")
    result = imported(ship, tmp_path, again)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        *(f"line {line}: skipped, a user has this name already" for line in (2, 3, 4)),
        "0 users imported, 3 skipped because they exist, 0 refused.",
    ]
    assert stored(ship, "email", "password_hash") == before


def test_a_name_that_is_twice_in_the_file_is_refused_the_second_time(ship: Stranger, tmp_path: Path) -> None:
    """Also where the spelling differs."""
    rows = (
        "email,password_hash,rank\nada@example.org,,captain\nADA@example.org,,mate\njosé@example.org,,cook\n"
    )
    result = imported(ship, tmp_path, rows)
    assert "line 3: refused, its name is on an earlier line, too" in result.stdout
    assert len(stored(ship, "email")) == 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_fault_in_between_can_be_repeated(
    ship: Stranger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says what it has done and that the database failed; the next run does the rest."""
    monkeypatch.setattr(user_import, "BATCH", 2)
    rows = [f"user{number}@example.org,{QUOTED},x" for number in range(6)]
    text = "\n".join(["email,password_hash,rank", *rows])
    to_fail = ["server closed the connection"]

    def fail(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("INSERT") and "user2@" in repr(parameters) and to_fail:
            raise ship.db.engine.dialect.loaded_dbapi.OperationalError(to_fail.pop())

    with ship.app.app_context():
        event.listen(ship.db.engine, "before_cursor_execute", fail)
    result = imported(ship, tmp_path, text)
    assert (result.exit_code, result.stdout.splitlines()[-1][:16]) == (1, "2 users imported")
    assert "The database failed: OperationalError: server closed the connection." in result.stderr
    assert imported(ship, tmp_path, text).stdout.splitlines()[-1].startswith("4 users imported, 2 skipped")


STRAPI = [
    {"id": 1, "username": "ada", "email": "Ada@Example.org", "provider": "local", "password": HASH,
     "resetPasswordToken": None, "confirmed": True, "blocked": None, "role": {"id": 1}},
    {"id": 2, "username": "bob@example.org", "email": "bob@example.org", "password": None, "blocked": 1},
    {"id": 3, "username": "eve", "email": "eve@example.org", "password": MD5},
]  # fmt: skip
EXPORTS = {
    "array": json.dumps(STRAPI, indent=2),
    "lines": "\n".join(map(json.dumps, STRAPI)),
    "whole export": "\n".join(
        json.dumps(entry)
        for entry in (
            {"type": "api::article.article", "id": 1, "data": {"title": "On owls"}},
            *({"type": "plugin::users-permissions.user", "id": 1, "data": user} for user in STRAPI),
        )
    ),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_of_strapi_becomes_users(make_stranger: MakeStranger, tmp_path: Path, kind: str) -> None:
    """Its bcrypt hashes and flags come along; a user name that is the address is left out."""
    host = make_stranger()
    result = imported(host, tmp_path, EXPORTS[kind])
    assert result.stdout.splitlines()[-1].startswith(
        "2 users imported, 0 skipped because they exist, 1 refused"
    )
    assert stored(host, "email", "username", "blocked", "confirmed") == [
        ("ada@example.org", "ada", False, True),
        ("bob@example.org", None, True, True),
    ]
    assert Browser(host.app).sign_in("ada").status_code == 200
    assert MD5 not in result.output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_model_without_user_names_takes_an_export(make_stranger: MakeStranger, tmp_path: Path) -> None:
    """What the model does not have is left out."""
    host = make_stranger("no username")
    imported(host, tmp_path, EXPORTS["array"])
    assert stored(host, "email") == [("ada@example.org",), ("bob@example.org",)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "does not name the columns", id="nothing"),
        pytest.param(f"ada@example.org,{MD5}\n", "does not name the columns", id="no header"),
        pytest.param("email,email\n", "each once", id="a column twice"),
        pytest.param(
            "email,shoe\n", "The user model has no column 'shoe' that a file can fill", id="another"
        ),
        pytest.param("email,sessions\n", "no column 'sessions'", id="one of Ratchet's own"),
        pytest.param("email,rank\n".encode("utf-16"), "does not name the columns", id="UTF-16"),
    ],
)
def test_a_file_that_is_none_is_refused_at_once(
    ship: Stranger, tmp_path: Path, text: str | bytes, told: str
) -> None:
    """Before the first row, in one sentence, without a value of it."""
    result = imported(ship, tmp_path, text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert MD5 not in result.stderr


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_dry_run_makes_no_hash(ship: Stranger, tmp_path: Path, bcrypts: list[bytes]) -> None:
    """It checks a password by the rules, which costs nothing."""
    assert imported(ship, tmp_path, GOOD, "--dry-run").exit_code == 0
    assert (bcrypts, stored(ship, "email")) == ([], [])


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_large_file_does_not_need_memory(ship: Stranger, tmp_path: Path) -> None:
    """Twice as many users need little more memory: a few bytes for each name."""
    peaks = []
    for number in (2_000, 4_000):
        rows = (f"{number}user{n}@example.org,{QUOTED},x" for n in range(number))
        text = "\n".join(["email,password_hash,rank", *rows])
        tracemalloc.start()
        assert imported(ship, tmp_path, text).exit_code == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2_000 * 250
