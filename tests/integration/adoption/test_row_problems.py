"""What ``flask ratchet doctor`` finds in a table that was there before: counts, and a remedy for each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.hosts.tables import add_row, create_customers
from tests.support.sites import HASH

SERVERS = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)


def doctor(stranger: Stranger) -> str:
    """What the doctor says."""
    result = stranger.app.test_cli_runner().invoke(args=["ratchet", "doctor"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.output


ROWS: list[Any] = [
    pytest.param(
        [{"email": "Ada@Example.org"}, {"email": " bob@example.org"}, {"email": "eve@example.org"}],
        "error: 2 users may be unable to sign in: their e-mail address is not stored in canonical form.",
        "canonical(user.email)",
        id="addresses as they were typed",
    ),
    pytest.param(
        [
            {"password_hash": "5f4dcc3b5aa765d61d8327deb882cf99"},
            {"password_hash": HASH},
            {"password_hash": "!"},
        ],
        "error: 1 users cannot sign in: the format of their password hash is not known here "
        "(32 characters without a name 1).",
        "set a new password",
        id="a hash of another system",
    ),
    pytest.param(
        [{"sessions_version": None}, {"sessions_version": 3}],
        "error: 1 users cannot sign in: their sessions_version is NULL.",
        "Set it to 0",
        id="a row without a version",
    ),
]


@pytest.mark.parametrize(("rows", "what", "remedy"), ROWS)
def test_rows_that_cannot_sign_in_are_counted(
    empty_database: str, make_stranger: MakeStranger, rows: list[dict[str, Any]], what: str, remedy: str
) -> None:
    """Each kind has its number and its remedy, on every database."""
    create_customers(empty_database)
    for number, row in enumerate(rows):
        add_row(empty_database, number + 1, **{"email": f"{number}@example.org", **row})
    told = doctor(make_stranger("no username", url=empty_database)).splitlines()
    assert what in told
    assert remedy in told[told.index(what) + 1]


def test_rows_of_a_plain_text_column_are_counted(make_stranger: MakeStranger) -> None:
    """One that is not canonical is found only by who types it exactly."""
    stranger = make_stranger("plain text")
    for email in ("Ada@Example.org", "bob@example.org"):
        stranger.add_user(email)
    assert "error: 1 users may be unable to sign in: their e-mail address is not" in doctor(stranger)


def test_a_user_name_that_nobody_can_type_is_counted(make_stranger: MakeStranger) -> None:
    """With an @ it is looked for as an address."""
    stranger = make_stranger("number")
    stranger.add_user(username="grace")
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.text("UPDATE members SET username = 'grace@hopper'"))
        stranger.db.session.commit()
    assert "error: 1 user names may not work for signing in" in doctor(stranger)


def test_sound_rows_are_not_told(empty_database: str, make_stranger: MakeStranger) -> None:
    """Nothing is said of rows that Ratchet wrote, of an account without a password, or of an old spelling."""
    stranger = make_stranger("no username", url=empty_database)
    stranger.add_user()
    stranger.add_user("ada@example.org", password_hash=None)
    add_row(empty_database, 9, "ada@strasse.example", password_hash="!Xk2")
    assert "sign in" not in doctor(stranger)


MISFITS: list[Any] = [
    pytest.param("sessions", "VARCHAR(255)", "JSON", id="sessions in a short text"),
    pytest.param("ended", "INTEGER", "JSON", id="what ended in a number"),
    pytest.param("ended_at", "INTEGER", "a whole number of 64 bits", id="milliseconds in 32 bits"),
    pytest.param("sessions_version", "VARCHAR(20)", "a whole number", id="a version in a text"),
    pytest.param("blocked", "VARCHAR(5)", "a boolean", id="a mark in a text"),
    pytest.param("password_hash", "VARCHAR(60)", "text of 84 characters or more", id="too short for a hash"),
    pytest.param("email", "INTEGER", "text", id="an address in a number"),
]


@SERVERS
@pytest.mark.parametrize(("column", "definition", "wanted"), MISFITS)
def test_a_column_of_the_wrong_type_is_told(
    empty_database: str, make_stranger: MakeStranger, column: str, definition: str, wanted: str
) -> None:
    """With what it is and what is kept there."""
    create_customers(empty_database, **{column: definition})
    told = doctor(make_stranger("no username", url=empty_database))
    found = next(line for line in told.splitlines() if line.startswith(f"error: The column {column} is "))
    assert found.endswith(f", but Ratchet needs {wanted}.")
    assert told.count("error: The column") == 1


def test_columns_that_will_do_are_not_told(empty_database: str, make_stranger: MakeStranger) -> None:
    """Neither those of the model nor those of a host that only look otherwise."""
    create_customers(empty_database, password_hash="TEXT")
    assert "The column" not in doctor(make_stranger("no username", url=empty_database)).replace(
        "The column email has the collation", ""
    )
    assert "The column" not in doctor(make_stranger("number"))


@SERVERS
def test_a_collation_that_takes_two_names_for_one_is_told(
    empty_database: str, make_stranger: MakeStranger
) -> None:
    """It is a warning: everybody signs in as themselves, but only one of two such users can exist."""
    loose = "as_in_german" if "postgresql" in empty_database else "utf8mb4_general_ci"
    create_customers(empty_database, email=f"VARCHAR(190) COLLATE {loose} NOT NULL UNIQUE")
    told = doctor(make_stranger("no username", url=empty_database))
    assert f"warning: The column email has the collation {loose}: " in told
