"""Faults of the connection that the statements of a refresh share."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, PoolProxiedConnection, Select, column, create_engine, event, select, table
from sqlalchemy.exc import DBAPIError

from app.auth.storage.driver import DriverStatement, Lease, one_connection, shared_lease
from tests.support import databases
from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.hosts.ways import DRIVER, ways
from tests.support.rows import just_before, stored
from tests.support.server.scolding import scolding

on_servers = pytest.mark.parametrize("database", databases.SERVERS, indirect=True)


@pytest.fixture
def engine(site: Flask, clock: Clock, signed_in: Browser) -> Engine:
    """The engine of the site; the next refresh of its user rotates."""
    signed_in.refresh()
    clock.advance(40)
    with site.app_context():
        found: Engine = site.extensions["sqlalchemy"].engine
        return found


class Interrupted(BaseException):
    """A time limit of the server that runs the site; no part of the product may catch it."""


def test_a_connection_is_closed_if_a_statement_is_interrupted(
    site: Flask, signed_in: Browser, engine: Engine
) -> None:
    """The reply that nobody read must not answer the statement of somebody else."""
    closed: list[object] = []
    event.listen(engine, "invalidate", lambda connection, *_: closed.append(connection))

    def interrupt() -> None:
        raise Interrupted

    with just_before(site, "UPDATE", interrupt), pytest.raises(Interrupted):
        signed_in.refresh()
    assert len(closed) == 1
    assert signed_in.refresh().status_code == 200


@on_servers
def test_a_write_counts_if_its_connection_cannot_be_returned(
    database: str, signed_in: Browser, ada: str, site: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends it between the UPDATE and its return to the pool: the new token is handed out."""
    send = DriverStatement.count

    def count(self: Any, connection: PoolProxiedConnection, values: Any) -> int:
        changed = send(self, connection, values)
        databases.terminate_backends(database)
        return changed

    before = stored(site, ada).version
    with monkeypatch.context() as patch:
        patch.setattr(DriverStatement, "count", count)
        assert signed_in.refresh().status_code == 200
    assert signed_in.refresh().status_code == 200
    assert stored(site, ada).version == before + 1
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool


@on_servers
def test_a_read_only_node_is_left(database: str, signed_in: Browser, engine: Engine) -> None:
    """The next try is on another connection, which may lead to the new primary."""
    code = "25006" if engine.dialect.name == "postgresql" else "1290"
    with scolding(database, code, 1), ways(engine) as taken:
        assert signed_in.refresh().status_code == 200
    assert taken[DRIVER] == 2


@on_servers
def test_a_deadlock_keeps_the_connection(database: str, signed_in: Browser, engine: Engine) -> None:
    """The connection is good, and the next try is on it."""
    code = "40P01" if engine.dialect.name == "postgresql" else "1213"
    with scolding(database, code, 1), ways(engine) as taken:
        assert signed_in.refresh().status_code == 200
    assert taken[DRIVER] == 1


@on_servers
def test_a_server_that_is_away_is_asked_once(
    signed_in: Browser, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection is a 503 and not tried again: each try can take as long as a connection may."""
    asked: list[None] = []

    def refuse(*_: object, **__: object) -> None:
        asked.append(None)
        raise engine.dialect.loaded_dbapi.OperationalError(2003, "refused by the test")

    engine.dispose()
    with monkeypatch.context() as patch:
        patch.setattr(engine.pool, "_creator", refuse)
        reply = signed_in.refresh()
    assert (reply.status_code, len(asked)) == (503, 1)
    assert signed_in.refresh().status_code == 200


def test_errors_do_not_tell_values(engine: Engine) -> None:
    """What is logged of a failed statement has none of its values."""
    statement: Select[Any] = (
        select(column("name")).select_from(table("no_such_table")).where(column("name") == "secret")
    )
    prepared = DriverStatement.prepare(statement, engine.dialect)
    assert prepared is not None
    with one_connection() as lease, pytest.raises(DBAPIError, match="no_such_table") as raised:
        prepared.rows(lease.connection(engine), {})
    assert "secret" not in str(raised.value)


def test_an_inner_operation_shares_the_connection_of_the_outer(engine: Engine) -> None:
    """Only the outermost block returns it."""
    with one_connection() as outer:
        taken = outer.connection(engine)
        with one_connection() as inner:
            assert inner.connection(engine) is taken
        assert taken.is_valid
        assert shared_lease() is outer
    assert shared_lease() is not outer
    assert not taken.is_valid


def test_a_lease_has_one_connection_at_a_time(engine: Engine) -> None:
    """That of another engine is taken after the first is returned."""
    other = create_engine(engine.url)
    lease = Lease()
    first = lease.connection(engine)
    second = lease.connection(other)
    assert (first.is_valid, second.is_valid) == (False, True)
    lease.end()
    assert not second.is_valid
    other.dispose()
