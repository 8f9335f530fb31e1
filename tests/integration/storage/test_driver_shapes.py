"""What the driver is given and returns is what SQLAlchemy gives and returns, in every mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Uuid,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.auth import RatchetUser
from app.auth.storage.driver import DriverStatement, one_connection
from tests.support.clock import Clock
from tests.support.hosts.shapes import ALL_MODELS, Encrypted, single
from tests.support.hosts.strangers import MakeStranger, Model, Stranger
from tests.support.hosts.ways import DRIVER, SQLALCHEMY, ways

KINDS: tuple[Column[Any], ...] = (
    Column("flag", Boolean),
    Column("number", BigInteger),
    Column("name", String(40)),
    Column("secret", Encrypted(80)),
    Column("record", JSON),
    Column("unique", Uuid),
    Column("amount", Numeric(12, 3)),
    Column("moment", DateTime),
    Column("picture", LargeBinary(60)),
)
TABLE = Table("driver_kinds", MetaData(), Column("id", Integer, primary_key=True), *KINDS)
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"]), max_size=20)
A_DAY = datetime(1970, 1, 1)  # noqa: DTZ001  # a column without a zone
VALUES = {
    "flag": st.booleans(),
    "number": st.integers(-(2**63), 2**63 - 1),
    "name": TEXT,
    "secret": TEXT,
    "record": st.lists(st.dictionaries(TEXT, TEXT | st.integers(-(2**53), 2**53) | st.none()), max_size=3),
    "unique": st.uuids(version=4),
    "amount": st.decimals(-(10**8), 10**8, places=3),
    "moment": st.integers(10**8, 4 * 10**9).map(lambda seconds: A_DAY + timedelta(seconds=seconds)),
    "picture": st.binary(max_size=60),
}
ROWS = st.fixed_dictionaries({name: st.none() | value for name, value in VALUES.items()})


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine with a table that has a column of each kind, and one row in it."""
    made = create_engine(database)
    TABLE.create(made)
    with made.begin() as connection:
        connection.execute(insert(TABLE), {"id": 1})
    yield made
    TABLE.drop(made)
    made.dispose()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=ROWS)
def test_values_are_converted_as_sqlalchemy_does(engine: Engine, row: dict[str, Any]) -> None:
    """What the driver wrote, SQLAlchemy reads, and the driver reads the same."""
    changed = update(TABLE).where(TABLE.c.id == 1).values({name: bindparam(f"next_{name}") for name in row})
    write = DriverStatement.prepare(changed, engine.dialect)
    read = DriverStatement.prepare(select(TABLE), engine.dialect)
    assert write is not None
    assert read is not None
    with one_connection() as lease:
        values = {f"next_{name}": value for name, value in row.items()}
        assert write.count(lease.connection(engine), values) == 1
        found = read.rows(lease.connection(engine), {})
    with engine.connect() as connection:
        assert found == [list(one) for one in connection.execute(select(TABLE))]
    assert found[0][1:] == [row[column.name] for column in KINDS]


def with_a_constant(db: SQLAlchemy) -> Model:
    """A column that is an expression with values of its own."""

    class Sized(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "driver_sized"
        public_fields = ("email", "larger")
        number = db.Column(db.Integer, primary_key=True)
        larger = column_property(number + 41)

    return Sized


def with_a_function(db: SQLAlchemy) -> Model:
    """A column whose expression gets its value from a function of the host, at each execution."""
    asked: list[None] = []

    def ask() -> int:
        asked.append(None)
        return len(asked)

    class Asking(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "driver_asking"
        public_fields = ("email", "asked")
        number = db.Column(db.Integer, primary_key=True)
        asked = column_property(number * 0 + bindparam("asked", callable_=ask, type_=Integer()))

    return Asking


def with_a_default(db: SQLAlchemy) -> Model:
    """A column that each UPDATE writes."""

    class Touched(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "driver_touched"
        public_fields = ("email", "touched")
        id: Mapped[int] = mapped_column(primary_key=True)
        touched: Mapped[datetime | None] = mapped_column(onupdate=lambda: A_DAY)

    return Touched


def with_a_strange_name(db: SQLAlchemy) -> Model:
    """An expression whose value has a name with signs that a driver may take for its own."""

    class Strange(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "driver_strange"
        public_fields = ("email", "larger")
        number = db.Column(db.Integer, primary_key=True)
        larger = column_property(number + bindparam("a.value (of 41)", 41))

    return Strange


def signed_in_to(stranger: Stranger, clock: Clock) -> tuple[dict[str, int], dict[str, Any]]:
    """Which way a refresh takes in this host, and what it says of the user."""
    stranger.add_user()
    browser = stranger.signed_in()
    browser.refresh()  # finds out which way its statements take
    with stranger.app.app_context():
        engine = stranger.db.engine
    clock.advance(40)
    with ways(engine) as taken:
        reply = browser.refresh()
    assert reply.status_code == 200
    user: dict[str, Any] = reply.get_json()["user"]
    return dict(+taken), user


ALL_DIRECT, ONE_EACH = {DRIVER: 1}, {DRIVER: 1, SQLALCHEMY: 1}


@pytest.mark.parametrize(
    ("make_model", "expected"),
    [
        pytest.param(with_a_constant, ALL_DIRECT, id="values of an expression are the same each time"),
        pytest.param(with_a_function, ONE_EACH, id="a function is asked each time"),
        pytest.param(with_a_default, ONE_EACH, id="a default is found at each UPDATE"),
        pytest.param(single, ONE_EACH, id="the classes of a table are a list in the SELECT"),
    ],
)
def test_what_is_found_at_each_execution_is_left_to_sqlalchemy(
    make_stranger: MakeStranger,
    clock: Clock,
    make_model: Callable[[SQLAlchemy], Model],
    expected: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each row is a mapping, and which way its two statements take."""
    monkeypatch.setitem(ALL_MODELS, "this", make_model)
    taken, _ = signed_in_to(make_stranger("this"), clock)
    assert taken == expected


def test_a_default_of_the_host_is_written(
    make_stranger: MakeStranger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row says when it was changed, also by a refresh."""
    monkeypatch.setitem(ALL_MODELS, "this", with_a_default)
    stranger = make_stranger("this")
    signed_in_to(stranger, clock)
    with stranger.app.app_context():
        assert stranger.db.session.scalars(select(stranger.model.touched)).one() == A_DAY


def test_a_function_of_the_host_is_asked_each_time(
    make_stranger: MakeStranger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant of one request is never that of another."""
    monkeypatch.setitem(ALL_MODELS, "this", with_a_function)
    stranger = make_stranger("this")
    _, first = signed_in_to(stranger, clock)
    second = stranger.signed_in().refresh().get_json()["user"]
    assert second["asked"] > first["asked"]


def test_any_name_of_a_value_will_do(
    make_stranger: MakeStranger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every driver can have such a name for a value."""
    monkeypatch.setitem(ALL_MODELS, "this", with_a_strange_name)
    _, user = signed_in_to(make_stranger("this"), clock)
    assert user["larger"] == 42
