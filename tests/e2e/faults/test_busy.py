"""A database that is there and busy: locks, conflicts, deadlocks, an empty pool."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Timer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from app.db import db
from tests.support.browser import Browser
from tests.support.rows import at_each_statement
from tests.support.sites import MakeSite, renew_connections

from ...support.peers.faulty import EVER, Watched, check_unavailable
from ...support.server.tcp_proxy import Fate, proxy_to

HASTE = {"connect_args": {"read_timeout": 1}}
"""The site's own setting is ten seconds."""

PATIENCE = 20
"""Seconds within which a lock that stays has to have become a 503, on whatever database and busy machine."""


def test_lock_of_somebody_else_is_waited_for(watched: Watched, database: str) -> None:
    """Another connection has the row (SQLite: the file) for half a second: the answer comes later."""
    with locked_row(database) as holder:
        Timer(0.5, holder.commit).start()
        assert watched.refresh().status_code == 200
    watched.check_goes_on()


def test_lock_that_stays_is_a_503(watched: Watched, database: str) -> None:
    """Nobody waits for ever behind somebody else's transaction."""
    with ThreadPoolExecutor(1) as thread, locked_row(database):
        reply = thread.submit(watched.refresh).result(PATIENCE)
    check_unavailable(reply)
    watched.check_goes_on()


def test_exhausted_pool_is_a_503_in_under_a_second(watched: Watched, site: Flask) -> None:
    """With every connection of the pool taken a refresh says so soon, and works when one is back."""
    with taken_pool(site):
        waits = [timed_refusal(watched) for _ in range(3)]
    assert min(waits) < 1  # the best of three: the machine may be busy too
    watched.check_goes_on()


def test_connection_that_comes_back_in_time_is_used(watched: Watched, site: Flask) -> None:
    """A pool that is empty for a moment is waited for."""
    with taken_pool(site) as taken:
        Timer(0.1, taken[0].close).start()
        assert watched.refresh().status_code == 200


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_serialization_failure_is_tried_again(watched: Watched, site: Flask, database: str) -> None:
    """40001: under SERIALIZABLE a row that somebody else has just written refuses our write, once."""
    with serializable(database, site), complaints(site) as met, locked_row(database) as holder:
        Timer(0.3, holder.commit).start()
        assert watched.refresh().status_code == 200
    assert met == ["40001"]
    watched.check_goes_on()


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_server_that_falls_silent_is_a_503(
    signed_in: Browser, make_site: MakeSite, ada: str, database: str
) -> None:
    """A host that neither answers nor hangs up is given up after the read timeout of the driver."""
    server = make_url(database)
    with proxy_to(str(server.host), server.port or 0) as proxy:
        impatient = make_site(SQLALCHEMY_DATABASE_URI=proxy.url(database), SQLALCHEMY_ENGINE_OPTIONS=HASTE)
        watched = Watched(Browser(impatient, signed_in.held), impatient, ada)
        watched.check_goes_on()
        proxy.doom(b"", Fate.HOLD, EVER)
        check_unavailable(watched.refresh())
        proxy.spare()
        watched.check_goes_on()


@contextmanager
def locked_row(url: str) -> Iterator[Connection]:
    """Every user row is locked by a transaction of somebody else until it commits."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text("UPDATE users SET confirmed = NOT confirmed"))
            connection.execute(text("UPDATE users SET confirmed = NOT confirmed"))
        yield connection
    engine.dispose()


@contextmanager
def serializable(url: str, site: Flask) -> Iterator[None]:
    """Every transaction of the site is SERIALIZABLE, as an operator may set it for a database."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    setting = f"ALTER DATABASE {make_url(url).database} {{}} default_transaction_isolation"
    with engine.connect() as connection:
        connection.execute(text(setting.format("SET") + " = serializable"))
        renew_connections(site)
        yield
        connection.execute(text(setting.format("RESET")))
    engine.dispose()
    renew_connections(site)


@contextmanager
def taken_pool(site: Flask) -> Iterator[list[Connection]]:
    """Every connection that the site may have is in use."""
    with site.app_context(), ExitStack() as stack:
        pool = db.engine.pool
        most = pool.size() + pool._max_overflow  # type: ignore[attr-defined]  # a QueuePool
        taken = [stack.enter_context(db.engine.connect()) for _ in range(most)]
        yield taken


def timed_refusal(watched: Watched) -> float:
    """How long a 503 takes, in seconds."""
    start = time.monotonic()
    check_unavailable(watched.refresh())
    return time.monotonic() - start


@contextmanager
def complaints(site: Flask) -> Iterator[list[str]]:
    """The error codes that the database gives the site in this block."""
    met: list[str] = []
    with site.app_context():
        engine = db.engine

    def note(error: Any) -> None:
        met.append(str(getattr(error, "sqlstate", None) or error.args[0]))

    with at_each_statement(engine, lambda _: None, note):
        yield met
