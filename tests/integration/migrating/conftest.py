"""The database that a site takes along, and the site after its move."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generator import DOCS
from tests.support import databases
from tests.support.hosts import old_sites
from tests.support.product.documents import module_of
from tests.support.samples import SECRET


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """The database that the site takes along: SQLite, where a test names no other."""
    name = f"ratchet_migrating_{os.environ.get('RATCHET_TEST_TAG', '')}{worker_id}"
    with databases.fresh_database(getattr(request, "param", "sqlite"), name, tmp_path) as url:
        yield url


@pytest.fixture
def move(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Start the site that these files of the page make, on the database of the old one."""
    moved: list[Any] = []

    def move(*files: str, last_day: str = "9999-12-31") -> Any:
        monkeypatch.setenv("FLASK_SECRET_KEY", SECRET)
        monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", url)
        monkeypatch.setenv("FLASK_RATCHET_BCRYPT_ROUNDS", "10")
        monkeypatch.setenv("SECURITY_PASSWORD_SALT", old_sites.SECURITY_SALT)
        monkeypatch.setenv("OLD_SECRET_KEY", old_sites.OLD_SECRET)
        monkeypatch.setenv("BRIDGE_LAST_DAY", last_day)
        module = module_of(DOCS / "migrating.md", "app.py", *files)
        moved.append(module)
        with module.app.app_context():
            old_sites.migrate(module.db)
        old_sites.add_moved_views(module)
        return module

    yield move
    for module in moved:
        with module.app.app_context():
            module.db.engine.dispose()
