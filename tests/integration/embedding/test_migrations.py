"""Migrations: from nothing to the model and back to nothing, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.db import db
from tests.support import ROOT
from tests.support.browser import Browser
from tests.support.databases import tables
from tests.support.sites import add_user, settings

MIGRATIONS = str(ROOT / "migrations")


@pytest.fixture
def new_site(empty_database: str, tmp_path: Path) -> Iterator[Flask]:
    """A site on a database without tables."""
    site = create_app(settings(empty_database, tmp_path))
    yield site
    with site.app_context():
        db.engine.dispose()


def flask_db(site: Flask, *arguments: str) -> None:
    """Run ``flask db …``, which has to succeed."""
    command, *rest = arguments
    result = site.test_cli_runner().invoke(args=["db", command, "-d", MIGRATIONS, *rest])
    assert result.exit_code == 0, result.output


def test_upgrade_from_nothing_gives_a_site_that_works(new_site: Flask, empty_database: str) -> None:
    """After ``flask db upgrade`` people can sign in and stay signed in."""
    flask_db(new_site, "upgrade")
    assert "users" in tables(empty_database)
    add_user(new_site, "ada@example.org", "ada")
    browser = Browser(new_site)
    assert browser.sign_in().status_code == 200
    assert browser.refresh().status_code == 200


def test_models_and_migrations_agree(new_site: Flask) -> None:
    """``flask db check`` fails where a migration forgot something; it does not."""
    flask_db(new_site, "upgrade")
    flask_db(new_site, "check")


def test_downgrade_to_nothing(new_site: Flask, empty_database: str) -> None:
    """``flask db downgrade base`` leaves no table of the site, and up again works."""
    flask_db(new_site, "upgrade")
    flask_db(new_site, "downgrade", "base")
    assert tables(empty_database) <= {"alembic_version"}
    flask_db(new_site, "upgrade")
    assert "users" in tables(empty_database)


def test_upgrade_twice_changes_nothing(new_site: Flask) -> None:
    """A second upgrade, as every start of the site runs, keeps users and sessions."""
    flask_db(new_site, "upgrade")
    add_user(new_site, "ada@example.org", "ada")
    browser = Browser(new_site)
    browser.sign_in()
    flask_db(new_site, "upgrade")
    assert browser.refresh().status_code == 200
