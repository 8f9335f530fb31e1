"""The collation of a host's column finds rows, and never decides whose name was typed."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from sqlalchemy.engine import make_url

from tests.support.browser import PASSWORD, Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger, without_username
from tests.support.hosts.tables import ACCENTS_DO_NOT_COUNT, add_row, create_customers, own_connection
from tests.support.sites import HASH

JOSE, ACCENTED = "jose@example.org", "jos\u00e9@example.org"
INVALID = (401, "invalid_credentials")


@pytest.fixture
def collation(empty_database: str) -> str:
    """What makes accents not count on the test's database."""
    kind = "mariadb" if "mysql" in empty_database else make_url(empty_database).get_backend_name()
    return ACCENTS_DO_NOT_COUNT.get(kind, "COLLATE NOCASE")


@pytest.fixture
def stranger(empty_database: str, make_stranger: MakeStranger, collation: str) -> Stranger:
    """An app on a table whose column of addresses has a collation of the host."""
    create_customers(empty_database, email=f"VARCHAR(190) {collation} NOT NULL UNIQUE")
    return make_stranger("no username", url=empty_database)


def sign_in(stranger: Stranger, name: str, password: str = PASSWORD) -> tuple[int, str]:
    """The status and the error of a sign-in."""
    return refusal(Browser(stranger.app).sign_in(name, password))


def test_names_compare_exactly_whatever_the_collation(stranger: Stranger, empty_database: str) -> None:
    """Whoever has the accent does not sign in as the one who has none, even by that one's password."""
    add_row(empty_database, 1, JOSE, password_hash=HASH)
    assert sign_in(stranger, ACCENTED) == INVALID
    assert sign_in(stranger, "j\u00f6s\u00e8@example.org") == INVALID
    assert sign_in(stranger, JOSE)[0] == 200


def test_guesses_at_one_account_are_counted_together(stranger: Stranger, empty_database: str) -> None:
    """Other accents are other people; of the guesses at the account that is there, ten are let through."""
    add_row(empty_database, 1, JOSE, password_hash=HASH)
    spellings = [f"j{o}s{e}@example.org" for o, e in product("o\u00f3\u00f2", "e\u00e9\u00e8")]
    told = Counter(sign_in(stranger, name, "a guess") for name in spellings)
    assert told == {INVALID: 9}
    told = Counter(
        sign_in(stranger, name, "a guess") for name in (JOSE, JOSE.upper(), f" {JOSE}", JOSE.title()) * 4
    )
    assert told == {INVALID: 9, (429, "too_many_attempts"): 7}


def test_a_row_as_typed_is_found_where_the_collation_finds_it(
    stranger: Stranger, empty_database: str, collation: str
) -> None:
    """Where the case does not count for the column, nobody is kept out by it, and everybody is themselves."""
    add_row(empty_database, 1, "Ada@Example.org", password_hash=HASH)
    reply = Browser(stranger.app).sign_in("ada@example.org")
    assert (reply.status_code, content(reply)["user"]["id"]) == (200, 1), collation


@pytest.mark.parametrize(
    "name", ["ada@example.org", "Ada@Example.org", " ADA@example.org ", "\uff41da@example.org"]
)
def test_a_plain_text_column_is_asked_for_the_canonical_form_too(
    make_stranger: MakeStranger, name: str
) -> None:
    """The same people sign in on every database, and as themselves."""
    stranger = make_stranger("plain text")
    stranger.add_user("ada@example.org")
    stranger.add_user("\u00e0da@example.org")
    reply = Browser(stranger.app).sign_in(name)
    assert (reply.status_code, content(reply)["user"]["email"]) == (200, "ada@example.org")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("Ada@Example.org", "Ada@Example.org", id="as it is stored"),
        pytest.param("ada@example.org", "ada@example.org", id="in canonical form"),
        pytest.param("ADA@example.org", "ada@example.org", id="in another case"),
    ],
)
def test_two_rows_that_differ_in_case_are_two_people(
    make_stranger: MakeStranger, name: str, found: str
) -> None:
    """A plain text column of a host may hold both: whoever types their own row's text means that row."""
    stranger = make_stranger("plain text")
    for email in ("ADa@example.org", "Ada@Example.org", "ada@example.org"):
        stranger.add_user(email)
    reply = Browser(stranger.app).sign_in(name)
    assert (reply.status_code, content(reply)["user"]["email"]) == (200, found)


def test_guesses_at_a_plain_text_row_are_counted_together(make_stranger: MakeStranger) -> None:
    """In whatever case they come."""
    stranger = make_stranger("plain text")
    stranger.add_user("ada@example.org")
    spellings = ("ada@example.org", "ADA@example.org", "Ada@Example.org", " ada@example.org") * 4
    told = Counter(sign_in(stranger, name, "a guess") for name in spellings)
    assert told == {INVALID: 10, (429, "too_many_attempts"): 6}


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.parametrize("charset", ["latin1", "ascii", "utf8mb3"])
@pytest.mark.parametrize("name", ["\u0448\u0443\u0440\u0430", "\N{OWL}@example.org", ACCENTED])
def test_a_letter_that_the_column_cannot_hold_is_nobodys(
    empty_database: str, make_stranger: MakeStranger, charset: str, name: str
) -> None:
    """MariaDB refuses to compare it (error 1267): the answer is that of an unknown name, not a 503."""
    create_customers(empty_database, email=f"VARCHAR(190) CHARACTER SET {charset} NOT NULL UNIQUE")
    stranger = make_stranger("no username", url=empty_database)
    add_row(empty_database, 1, JOSE, password_hash=HASH)
    assert sign_in(stranger, name if "@" in name else f"{name}@example.org") == INVALID
    assert sign_in(stranger, JOSE)[0] == 200


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_letter_that_the_database_cannot_hold_is_nobodys(empty_database: str, clock: Clock) -> None:
    """A PostgreSQL in LATIN1 refuses it or its driver does: the answer is that of an unknown name."""
    url = make_url(empty_database)
    name = f"{url.database}_latin"
    with own_connection(empty_database) as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
        try:
            latin = url.set(database=name).render_as_string(hide_password=False)
            create_customers(latin)
            stranger = Stranger(without_username, latin, clock, {})
            add_row(latin, 1, JOSE, password_hash=HASH)
            assert sign_in(stranger, "\N{OWL}@example.org") == INVALID
            assert sign_in(stranger, JOSE)[0] == 200
            stranger.leave()
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
