"""The database that a site takes along, and the site after its move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generator import DOCS
from tests.support.hosts import old_sites
from tests.support.product.documents import module_of
from tests.support.samples import SECRET


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The database that the site takes along."""
    return f"sqlite:///{tmp_path / 'site.sqlite'}"


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
        old_sites.add_views(module)
        return module

    yield move
    for module in moved:
        with module.app.app_context():
            module.db.engine.dispose()
