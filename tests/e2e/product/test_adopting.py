"""docs/adopting.md on each database: a table with rows, from the old site to people who sign in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, databases
from tests.support.product.documents import Block, blocks_of
from tests.support.product.playground import Playground

pytestmark = pytest.mark.long

PAGE = ROOT / "docs" / "adopting.md"
BLOCKS = blocks_of(PAGE)


@pytest.fixture(params=databases.KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """The URL of an empty database of each kind."""
    name = f"ratchet_adopting_{os.environ.get('RATCHET_TEST_TAG', '')}{worker_id}"
    with databases.fresh_database(request.param, name, tmp_path) as url:
        yield url


def test_a_table_with_rows_is_adopted(url: str, packages: Path, tmp_path: Path) -> None:
    """Every command of the page works, and prints what the page says, whatever the database is."""
    with Playground(tmp_path, packages, url) as playground:
        for block in BLOCKS:
            try:
                playground.run(block)
            except Exception as error:
                raise AssertionError(f"{PAGE.name}, line {block.line}") from error


def test_a_migration_made_on_sqlite_runs_elsewhere(url: str, packages: Path, tmp_path: Path) -> None:
    """A developer makes it on SQLite, and the site runs it on its own database; people sign in."""
    (at_home, there) = (tmp_path / "developer", tmp_path / "site")
    at_home.mkdir()
    there.mkdir()
    made = next(number for number, block in enumerate(BLOCKS) if "db migrate" in block.text)
    with Playground(at_home, packages) as developer, Playground(there, packages, url) as site:
        for block in BLOCKS[: made + 1]:
            developer.run(block)
        for block in BLOCKS[:made]:
            site.run(block)
        (site.stranger / "migrations").symlink_to(developer.stranger / "migrations")
        upgrade = Block("bash", "app", "flask --app app db upgrade", 1)
        for block in (upgrade, *BLOCKS[-3:]):
            site.run(block)
