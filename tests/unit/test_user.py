"""The one spelling of a name, and what a user name cannot be."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import DefaultClause, Dialect, make_url
from sqlalchemy.schema import CreateColumn

from app.auth.user import MAX_IDENTIFIER_LENGTH, Identifier, canonical, case_folded, is_well_spelt, likeness
from app.models import User

MARIADB, POSTGRESQL, SQLITE = (
    make_url(url).get_dialect()() for url in ("mysql+pymysql://", "postgresql+psycopg://", "sqlite://")
)
dialects = pytest.mark.parametrize("dialect", [MARIADB, POSTGRESQL, SQLITE], ids=lambda dialect: dialect.name)

ALIKE: list[Any] = [
    pytest.param("Ada@Example.ORG", "ada@example.org", id="case is no matter"),
    pytest.param("  ada\t\n", "ada", id="nor is outer space"),
    pytest.param("\u00a0ada\u3000", "ada", id="of whatever kind"),
    pytest.param("Jose\u0301", "jos\u00e9", id="composed and decomposed are one"),
    pytest.param("STRASSE", "strasse", id="plain letters stay"),
    pytest.param("Straße", "straße", id="a letter with two capitals stays"),
    pytest.param("Stra\u1e9ee", "straße", id="its capital is its capital"),
    pytest.param("\u212bngstr\u00f6m", "\u00e5ngstr\u00f6m", id="the unit sign is the letter"),
    pytest.param("ΣΊΣΥΦΟΣ", "σίσυφος", id="a sigma at the end is a final one"),
    pytest.param("\uff21\uff44\uff41", "ada", id="full width is usual width"),
    pytest.param("\uff76\uff9e", "\u30ac", id="and so is half width"),
    pytest.param("\u3000ada", "ada", id="also of outer space"),
]
DIFFERENT: list[Any] = [
    pytest.param("josé", "jose", id="an accent counts"),
    pytest.param("ada lovelace", "adalovelace", id="space within counts"),
    pytest.param("ada", "\u0430d\u0430", id="another script counts"),
    pytest.param("a.da@example.org", "ada@example.org", id="a dot counts"),
    pytest.param("ada+x@example.org", "ada@example.org", id="what is behind a plus counts"),
    pytest.param("straße@example.org", "strasse@example.org", id="a sharp s is another letter"),
    pytest.param("ada@straße.example", "ada@strasse.example", id="and makes another mail domain"),
    pytest.param("δς", "δσ", id="a final sigma is another letter"),
    pytest.param("\ufb01sh", "fish", id="a ligature is no letters"),
    pytest.param("x\u00b2", "x2", id="a small two is no two"),
    pytest.param("\u0131", "i", id="a dotless i is another letter"),
]


@pytest.mark.parametrize(("identifier", "spelling"), ALIKE)
def test_one_name_has_one_spelling(identifier: str, spelling: str) -> None:
    """However it is typed, it is written and looked for in one way (RFC 8265, 3.3: UsernameCaseMapped)."""
    assert canonical(identifier) == spelling


@pytest.mark.parametrize(("identifier", "other"), DIFFERENT)
def test_two_names_have_two_spellings(identifier: str, other: str) -> None:
    """Nobody gets into the account of somebody whose name only looks alike."""
    assert canonical(identifier) != canonical(other)


letters = st.text(
    st.sampled_from(
        "aAKéßΣς\u017f\u0390\u01f0\u0130\u0131\u212a\u0301\u0308\ufb00\uff21\uff9e\uff76"
        " \t\u2000\u3000@.\N{OWL}"
    )
)


@given(letters)
def test_the_spelling_of_a_spelling_is_itself(identifier: str) -> None:
    """What is read from a row can be looked for as it is."""
    assert canonical(canonical(identifier)) == canonical(identifier)


@given(letters, letters)
def test_names_that_differ_in_case_or_form_alone_are_one(first: str, second: str) -> None:
    """A name in lower case or decomposed before it is typed is the same name."""
    name = f"{first}x{second}"
    assert canonical(name) == canonical(name.lower())
    assert canonical(name) == canonical(unicodedata.normalize("NFD", name))


@given(letters)
def test_the_spelling_of_old_rows_leads_to_the_same_row(identifier: str) -> None:
    """What was stored by case folding is what it is looked for by, however it is typed today."""
    assert case_folded(case_folded(identifier)) == case_folded(identifier)
    assert case_folded(identifier.lower()) == case_folded(identifier)


def test_a_name_that_is_longer_than_any_is_left_alone() -> None:
    """It is nobody's, and to normalise 80,000 combining marks takes more than five seconds."""
    hostile = "\u0344" * 40_000 + "\u0316" * 40_000
    before = time.thread_time()
    assert canonical(hostile) == hostile
    assert time.thread_time() - before < 0.05
    assert canonical("A" * MAX_IDENTIFIER_LENGTH) == "a" * MAX_IDENTIFIER_LENGTH


@pytest.mark.parametrize("name", ["email", "username"])
def test_a_name_that_is_longer_than_any_is_not_written(name: str) -> None:
    """SQLite would take it, and no other database."""
    longest = "a" * MAX_IDENTIFIER_LENGTH
    assert getattr(User(**{name: longest}), name) == longest
    with pytest.raises(ValueError, match="at most 254 characters"):
        User(**{name: f"{longest}a"})


@dialects
def test_a_column_of_names_binds_the_spelling(dialect: Dialect) -> None:
    """Written and compared alike on every database; NULL stays NULL."""
    assert Identifier().process_bind_param(" Ada ", dialect) == "ada"
    assert Identifier().process_bind_param(None, dialect) is None


@dialects
def test_a_column_of_names_holds_the_longest_address(dialect: Dialect) -> None:
    """254 characters (RFC 5321, 4.5.3.1.3) on every database."""
    assert MAX_IDENTIFIER_LENGTH == 254
    assert f"VARCHAR({MAX_IDENTIFIER_LENGTH})" in _column("email", dialect)


def test_mariadb_compares_names_byte_by_byte() -> None:
    """Its usual collation would take jose for josé."""
    assert "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" in _column("username", MARIADB)


def test_postgresql_keeps_the_sessions_as_jsonb() -> None:
    """The other databases keep them as JSON."""
    assert "JSONB" in _column("sessions", POSTGRESQL)
    assert "JSONB" not in _column("sessions", SQLITE)


def _column(name: str, dialect: Dialect) -> str:
    return str(CreateColumn(User.__table__.c[name]).compile(dialect=dialect))


@pytest.mark.parametrize(
    "username", ["ada@example.org", "@", "ada@", "ada\uff20example.org", "", " ", "\t\n"]
)
def test_a_username_is_no_address_and_not_empty(username: str) -> None:
    """With an @ it could be somebody else's e-mail address."""
    with pytest.raises(ValueError, match="username"):
        User(email="ada@example.org", username=username)


@pytest.mark.parametrize("username", [None, "ada", "Ada Lovelace", "\N{OWL}"])
def test_any_other_username_will_do(username: str | None) -> None:
    """A user need not have one."""
    assert User(email="ada@example.org", username=username).username == username


@pytest.mark.parametrize("name", ["sessions", "sessions_version", "ended", "ended_at"])
def test_a_hosts_own_query_loads_no_column_of_ours(name: str) -> None:
    """They are deferred, so that nobody writes them back by mistake."""
    assert User.__mapper__.column_attrs[name].deferred


@pytest.mark.parametrize("name", ["email", "username"])
def test_no_two_users_share_a_name(name: str) -> None:
    """The database sees to it."""
    assert User.__table__.c[name].unique


def test_a_new_row_may_sign_in_and_has_no_session() -> None:
    """Also one that the host writes without a word about our columns."""
    defaults = {
        column.name: str(column.server_default.arg)
        for column in User.__table__.c
        if isinstance(column.server_default, DefaultClause)
    }
    assert defaults == {"blocked": "false", "confirmed": "true", "sessions_version": "0"}


@dialects
def test_the_defaults_are_spelt_alike_on_every_database(dialect: Dialect) -> None:
    """Alembic copies them into a migration, which is made on one database and run on another."""
    assert "DEFAULT false NOT NULL" in _column("blocked", dialect).replace(
        "NOT NULL DEFAULT false", "DEFAULT false NOT NULL"
    )
    assert "DEFAULT true" in _column("confirmed", dialect)


@pytest.mark.parametrize(
    ("stored", "typed", "rank"),
    [
        pytest.param("ada@example.org", " ADA@example.org", 0, id="in the spelling of today"),
        pytest.param("Ada@Example.org", "ada@example.org", 1, id="as it was typed once"),
        pytest.param("ada@strasse.example", "ada@straße.example", 2, id="case folded"),
        pytest.param("jose", "josé", None, id="without the accent"),
        pytest.param("ada@straße.example", "ada@strasse.example", None, id="with the sharp s"),
    ],
)
def test_how_a_stored_name_is_the_one_that_was_typed(stored: str, typed: str, rank: int | None) -> None:
    """The nearest counts; None is somebody else, whatever a collation says."""
    assert likeness(stored, typed) == rank


@pytest.mark.parametrize(
    ("stored", "expected"), [("ada", True), ("Ada", False), (" ada", False), ("", False)]
)
def test_a_row_in_another_spelling_is_told(stored: str, *, expected: bool) -> None:
    """The doctor counts such rows."""
    assert is_well_spelt(stored) == expected


def test_what_ended_last_is_found_by_an_index() -> None:
    """Every process asks for it every second, however many rows there are."""
    assert User.__table__.c.ended_at.index
