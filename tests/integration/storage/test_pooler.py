"""Behind PgBouncer in transaction mode: what prepared statements do there, and who says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from app.config import POOLED
from tests.campaigns.nodes.daemon import passable_folder
from tests.campaigns.nodes.services import PgBouncer
from tests.support.browser import Browser, refusal
from tests.support.sites import MakeSite

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

PREPARING = {"connect_args": {"prepare_threshold": 0}}
"""Every statement is prepared at once; by default one that its connection has sent five times."""

UNPREPARED = {"connect_args": POOLED}
ROUNDS = 7
"""More than it takes psycopg to prepare a statement by default."""

MakeNode = Callable[[dict[str, Any]], Browser]
WARNING = "A pooler is between this site and PostgreSQL"


@pytest.fixture
def pooled_url(database: str) -> Iterator[str]:
    """The URL of the test's database by way of a PgBouncer that has one connection to it."""
    there = make_url(database)
    with passable_folder() as folder:
        pooler = PgBouncer(folder, pool_size=1)
        pooler.start(there.port or 5432, str(there.database))
        try:
            yield there.set(host="127.0.0.1", port=pooler.port).render_as_string(hide_password=False)
        finally:
            pooler.stop()


@pytest.fixture
def make_node(make_site: MakeSite, pooled_url: str, signed_in: Browser) -> MakeNode:
    """Make a browser, with the cookie of the one that is signed in, before a node with these options."""

    def make(options: dict[str, Any]) -> Browser:
        site = make_site(SQLALCHEMY_DATABASE_URI=pooled_url, SQLALCHEMY_ENGINE_OPTIONS=options)
        return Browser(site, signed_in.refresh_cookie)

    return make


def test_a_statement_that_is_prepared_elsewhere_is_a_503_whose_log_names_the_cure(
    make_node: MakeNode, pooled_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Another node rolled back, and its psycopg dropped what is prepared on the server connection of both."""
    node = make_node(PREPARING)
    assert node.refresh().status_code == 200
    drop_prepared(pooled_url)
    assert refusal(node.refresh()) == (503, "unavailable")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "flask_ratchet"]
    assert line.endswith("prepare no statements (psycopg: prepare_threshold=None)")
    assert node.refresh().status_code == 200


def test_nodes_that_prepare_nothing_share_a_connection(make_node: MakeNode, pooled_url: str) -> None:
    """With the options of the reference site for a pooler, every refresh at either node succeeds."""
    nodes = [make_node(UNPREPARED), make_node(UNPREPARED)]
    for _ in range(ROUNDS):
        assert {node.refresh().status_code for node in nodes} == {200}
        drop_prepared(pooled_url)


def test_doctor_tells_of_a_pooler_where_statements_are_prepared(make_site: MakeSite, pooled_url: str) -> None:
    """With the default of psycopg."""
    assert WARNING in told(make_site(SQLALCHEMY_DATABASE_URI=pooled_url, SQLALCHEMY_ENGINE_OPTIONS={}))


def test_doctor_tells_of_no_pooler_where_nothing_is_prepared(make_site: MakeSite, pooled_url: str) -> None:
    """What it would warn of cannot happen."""
    site = make_site(SQLALCHEMY_DATABASE_URI=pooled_url, SQLALCHEMY_ENGINE_OPTIONS=UNPREPARED)
    assert WARNING not in told(site)


def drop_prepared(url: str) -> None:
    """Drop every prepared statement of the server connection that the pooler has."""
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("DEALLOCATE ALL")
    connection.engine.dispose()


def told(site: Flask) -> str:
    """What the doctor says."""
    return site.test_cli_runner().invoke(args=["ratchet", "doctor"]).output
