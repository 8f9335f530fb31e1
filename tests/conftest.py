"""What the tests share: a clock they turn, a site on each database, and browsers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from flask import Flask

from app import create_app
from app.auth.verifiers import functions
from app.db import db
from app.models import User

from .support import databases
from .support.browser import Browser
from .support.clock import Clock
from .support.running.order import Together
from .support.running.quick import remember_url_builders, spare_the_collector
from .support.sites import MakeSite, add_user, let_in, settings

remember_url_builders()


def pytest_collection_finish() -> None:
    """Once, when all tests are known."""
    spare_the_collector()


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: the tests of a server wait more than they compute."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Which process runs which test."""
    return Together(config, log)


@pytest.fixture
def clock() -> Clock:
    """The clock of the sites in this test."""
    return Clock()


@pytest.fixture(scope="session", params=databases.KINDS)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[str]:
    """The URL of a database with the site's tables, one per kind and test process."""
    folder = tmp_path_factory.mktemp(request.param)
    with databases.fresh_database(
        request.param, f"ratchet_{os.environ.get('RATCHET_TEST_TAG', '')}{worker_id}", folder
    ) as url:
        site = create_app(settings(url, folder))
        with site.app_context():
            db.create_all()
            db.engine.dispose()
        yield url


@pytest.fixture
def make_site(database: str, clock: Clock, tmp_path: Path) -> Iterator[MakeSite]:
    """Make a site on the test's database; further settings, or another clock, by keyword."""
    sites: list[Flask] = []

    def make(*, clock: Callable[[], float] = clock, **further: Any) -> Flask:
        site = create_app(settings(database, tmp_path) | further, clock=clock)
        sites.append(site)
        return site

    yield make
    here = (site for site in sites if site.config["SQLALCHEMY_DATABASE_URI"] == database)
    with (next(here, None) or make()).app_context():
        db.session.execute(db.delete(User))
        db.session.commit()
    for site in sites:
        with site.app_context():
            db.engine.dispose()


@pytest.fixture
def site(make_site: MakeSite) -> Flask:
    """A site with the default settings."""
    return make_site()


@pytest.fixture
def ada(site: Flask) -> str:
    """The subject of a user called ada, on the test's database."""
    return add_user(site, "ada@example.org", "ada")


@pytest.fixture
def browser(site: Flask, ada: str) -> Browser:  # noqa: ARG001  # ada has to be there to sign in
    """A browser in front of the site, nobody signed in."""
    return Browser(site)


@pytest.fixture
def signed_in(site: Flask, ada: str) -> Browser:
    """A browser in front of the site, ada signed in."""
    return let_in(site, ada)


@pytest.fixture
def cheap_verifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual cost of bcrypt in other systems is the lowest: a check for nobody takes less time."""
    monkeypatch.setattr(functions, "BCRYPT_ROUNDS", 4)


@pytest.fixture
def bcrypts(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The salts of all bcrypt runs in this test."""
    salts: list[bytes] = []
    run = bcrypt.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        salts.append(salt)
        return run(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    return salts
