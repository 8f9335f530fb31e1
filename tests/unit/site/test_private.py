"""Nobody else on the machine reads the site's folder and database, whatever the umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import config, create_app, private
from app.db import db
from docs.generator import ROOT

from ...support.samples import SECRET


@pytest.fixture(autouse=True, params=[0o022, 0o000, 0o077], ids=["usual", "open", "closed"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    """The mode of every file in a folder."""
    return {path.name: mode(path) for path in folder.iterdir()}


def test_the_folder_of_the_site_is_its_own(tmp_path: Path) -> None:
    """It holds the secret, and it is made by whoever starts first."""
    config.load(Flask(__name__, instance_path=str(tmp_path / "instance")), {"SECRET_KEY": SECRET})
    assert mode(tmp_path / "instance") == 0o700


def test_make_makes_the_folder_and_the_secret_for_itself(tmp_path: Path) -> None:
    """As ``make run`` does before anything of ours runs."""
    targets = ["instance/secret_key", "instance/demo_password"]
    command = ["make", "-f", str(ROOT / "Makefile"), f"PYTHON={sys.executable}", *targets]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert mode(tmp_path / "instance") == 0o700
    assert modes(tmp_path / "instance") == {"secret_key": 0o600, "demo_password": 0o600}


def test_sqlite_and_what_it_writes_beside_are_the_sites_own(tmp_path: Path) -> None:
    """The database has every hash and address, and so has its write-ahead log."""
    url = f"sqlite:///{tmp_path / 'site.sqlite'}"
    site = create_app({"TESTING": True, "SECRET_KEY": SECRET, "SQLALCHEMY_DATABASE_URI": url})
    with site.app_context():
        db.create_all()
        found = modes(tmp_path)
        db.engine.dispose()
    assert found == dict.fromkeys(["site.sqlite", "site.sqlite-wal", "site.sqlite-shm"], 0o600)


def test_a_migration_makes_a_database_of_our_own(tmp_path: Path) -> None:
    """Also where ``flask db upgrade`` is the first to come."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite'}",
        "FLASK_SECRET_KEY": SECRET,
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert set(modes(tmp_path).values()) == {0o600}


def test_what_everybody_could_read_is_closed_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An older release left it open; what stands in the log tells what others may have read."""
    folder, file = tmp_path / "instance", tmp_path / "instance" / "site.sqlite"
    folder.mkdir()
    names = [file, file.with_name("site.sqlite-wal")]
    for path in names:
        path.touch()
        path.chmod(0o644)
    folder.chmod(0o755)
    private.folder(folder)
    private.sqlite(file)
    assert (mode(folder), *map(mode, names)) == (0o700, 0o600, 0o600)
    assert [record.args for record in caplog.records] == [(path,) for path in (folder, *names)]


def test_what_somebody_opened_to_a_group_stays_open_to_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A backup that runs under another account goes on reading."""
    folder, file = tmp_path / "instance", tmp_path / "instance" / "site.sqlite"
    folder.mkdir()
    file.touch()
    folder.chmod(0o750)
    file.chmod(0o640)
    private.folder(folder)
    private.sqlite(file)
    assert (mode(folder), mode(file)) == (0o750, 0o640)
    assert caplog.records == []


def test_no_folder_is_made_for_a_database(tmp_path: Path) -> None:
    """A path that is wrong stays wrong, and SQLite says so."""
    private.sqlite(tmp_path / "no such folder" / "site.sqlite")
    assert list(tmp_path.iterdir()) == []
