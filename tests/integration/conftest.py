"""What the integration tests share beside the site: a scene, empty databases, a stranger's app."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from app import create_app
from tests.support import databases
from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.hosts.shapes import ALL_MODELS
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.scene import Scene
from tests.support.sites import MakeSite, settings

remembered = cache(bcrypt.hashpw)


@pytest.fixture(autouse=True)
def quick_bcrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly every test signs in with the same password and hash: their digest is worked out once."""
    monkeypatch.setattr(bcrypt, "hashpw", remembered)


@pytest.fixture
def scene(
    site: Flask,
    signed_in: Browser,
    ada: str,
    clock: Clock,
    make_site: MakeSite,
    database: str,
    tmp_path: Path,
) -> Scene:
    """A site where ada is signed in."""
    return Scene(site, signed_in, ada, clock, make_site, database, tmp_path)


@pytest.fixture
def make_bare_site(tmp_path: Path) -> MakeSite:
    """Make a site whose database cannot be reached, for what is answered without asking it."""

    def make(**further: Any) -> Flask:
        return create_app(settings(f"sqlite:///{tmp_path / 'no such folder' / 'file'}", tmp_path) | further)

    return make


@pytest.fixture
def bare_site(make_bare_site: MakeSite) -> Flask:
    """A site whose database cannot be reached, with the default settings."""
    return make_bare_site()


@pytest.fixture
def empty_database(database: str, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """The URL of a database without tables, of the same kind as the test's own."""
    kind = {"mysql": "mariadb"}.get(backend := make_url(database).get_backend_name(), backend)
    name = f"ratchet_empty_{os.environ.get('RATCHET_TEST_TAG', '')}{worker_id}"
    with databases.fresh_database(kind, name, tmp_path) as url:
        yield url


@pytest.fixture
def make_stranger(database: str, clock: Clock) -> Iterator[MakeStranger]:
    """Make a stranger's app on the test's database, by the kind of its users; further settings by keyword."""
    made: list[Stranger] = []

    def make(kind: str = "number", url: str | None = None, **further: Any) -> Stranger:
        made.append(Stranger(ALL_MODELS[kind], url or database, clock, further))
        return made[-1]

    yield make
    for stranger in made:
        stranger.leave()


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A stranger's app that has set nothing, with one user."""
    stranger = make_stranger()
    stranger.add_user()
    return stranger
