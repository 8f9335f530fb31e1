"""A database that is not as it should be: a table is missing, or the node behind a connection only reads."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from app.db import db
from tests.support.browser import Browser, content, refusal
from tests.support.sites import MakeSite

POOL = {"pool_size": 5, "max_overflow": 0}
DEMOTE = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
}
"""What makes the server refuse writes on this connection only, with the error of a demoted primary."""


def demote(site: Flask) -> None:
    """Every connection in the pool of the site leads to a node that only reads, and new ones do not."""
    with site.app_context(), ExitStack() as held:
        for _ in range(POOL["pool_size"]):
            connection = held.enter_context(db.engine.connect())
            connection.exec_driver_sql(DEMOTE[db.engine.dialect.name])
            connection.commit()


@pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
def test_a_demoted_primary_is_left(make_site: MakeSite, ada: str) -> None:  # noqa: ARG001  # ada has to be there
    """All pooled connections lead to it (25006, 1792): they are given up, and nobody notices."""
    site = make_site(SQLALCHEMY_ENGINE_OPTIONS=POOL)
    browser = Browser(site)
    assert browser.sign_in().status_code == 200
    demote(site)
    assert browser.refresh().status_code == 200
    assert browser.sign_out().status_code == 204


def without_tables(make_site: MakeSite, url: str, **further: Any) -> Browser:
    """A browser in front of a site whose database has no tables."""
    site = make_site(SQLALCHEMY_DATABASE_URI=url, PROPAGATE_EXCEPTIONS=False, **further)
    return Browser(site)


def test_a_missing_table_is_a_503_whose_log_names_the_cure(
    empty_database: str, make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    """Alike on every database. The visitor is told nothing of it; the operator is told what to run."""
    reply = without_tables(make_site, empty_database).sign_in()
    assert refusal(reply) == (503, "unavailable")
    assert content(reply)["error_description"] == "The site is busy. Try again in a moment."
    (line,) = [record.getMessage() for record in caplog.records if record.name == "flask_ratchet"]
    assert "users" in line
    assert line.endswith("; run the pending migrations (flask db upgrade)")


def test_in_debug_mode_the_reply_says_what_is_missing(empty_database: str, make_site: MakeSite) -> None:
    """A developer who forgot the migration reads so."""
    reply = without_tables(make_site, empty_database, DEBUG=True).sign_in()
    assert refusal(reply) == (503, "unavailable")
    told = content(reply)["error_description"]
    assert told.startswith("The database lacks what Ratchet needs: ")
    assert "users" in told
    assert "flask db upgrade" in told
    assert "SELECT" not in told


def test_a_missing_column_is_told_like_a_missing_table(
    empty_database: str, make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    """The table is there, and the newest migration has not been run."""
    browser = without_tables(make_site, empty_database)
    app = browser.client.application
    with app.app_context():
        db.session.execute(db.text("CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(254))"))
        db.session.commit()
    assert refusal(browser.sign_in("ada@example.org")) == (503, "unavailable")
    assert "run the pending migrations" in caplog.text
