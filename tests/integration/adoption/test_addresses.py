"""A table with rows and without addresses: ``email`` is NOT NULL in RatchetUser, and a model may differ."""

from __future__ import annotations

from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import CreateColumn

from app.auth import RatchetUser
from app.auth.user import Identifier
from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.hosts.strangers import Model, Stranger
from tests.support.hosts.tables import add_row, create_customers, own_connection
from tests.support.sites import HASH


def may_be_null(db: SQLAlchemy) -> Model:
    """Users who may have an address."""

    class Customer(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[Any] = mapped_column(Identifier, unique=True, nullable=True)

    return Customer


def without(db: SQLAlchemy) -> Model:
    """Users who have none."""

    class Customer(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "customers"
        email = None  # type: ignore[assignment]  # the host does without
        id: Mapped[int] = mapped_column(primary_key=True)

    return Customer


@pytest.mark.parametrize("make_model", [may_be_null, without])
def test_a_table_without_addresses_is_adopted(empty_database: str, clock: Clock, make_model: Any) -> None:
    """The column is added to a table with rows where the model wants it, and people sign in by user name."""
    create_customers(empty_database, email="INTEGER", username="VARCHAR(80) NOT NULL UNIQUE")
    add_row(empty_database, 1, username="ada", password_hash=HASH)
    stranger = Stranger(make_model, empty_database, clock, {})
    column = stranger.model.__table__.c.get("email")
    with own_connection(empty_database) as connection:
        connection.exec_driver_sql("ALTER TABLE customers DROP COLUMN email")
        if column is not None:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE customers ADD COLUMN {definition}")
    assert Browser(stranger.app).sign_in("ada").status_code == 200
    assert Browser(stranger.app).sign_in("ada@example.org").status_code == 401
    stranger.leave()
