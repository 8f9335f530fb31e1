"""Which types of columns the doctor takes for suitable, by the name of the dialect."""

from __future__ import annotations

from typing import Any, cast

import pytest
from sqlalchemy import INTEGER, TEXT, BigInteger, Column, Connection, MetaData, Table
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeEngine

from app.auth.storage import inspection


class Connected:
    """A connection to a database of some dialect."""

    def __init__(self, name: str) -> None:
        self.dialect = make_url("postgresql+psycopg://").get_dialect()()
        self.dialect.name = name


@pytest.mark.parametrize(
    ("dialect", "found", "fits"),
    [
        pytest.param("postgresql", BigInteger(), True, id="64 bits"),
        pytest.param("postgresql", INTEGER(), False, id="32 bits"),
        pytest.param("cockroachdb", INTEGER(), True, id="64 bits, which CockroachDB calls INTEGER"),
        pytest.param("cockroachdb", TEXT(), False, id="no number"),
    ],
)
def test_a_time_needs_64_bits(
    monkeypatch: pytest.MonkeyPatch, dialect: str, found: TypeEngine[Any], fits: bool
) -> None:
    """Each row is what a dialect reports of the column, and whether it is suitable."""
    monkeypatch.setattr(inspection, "_types", lambda *_: {"ended_at": found})
    column = Column("ended_at", BigInteger)
    connection, table = cast("Connection", Connected(dialect)), Table("users", MetaData(), column)
    told = inspection.unfit_columns(connection, table, {"ended_at": column})
    assert [what.endswith("needs a whole number of 64 bits.") for what in told] == [True] * (not fits)
