"""The wheel holds the product and nothing else, and works in a stranger's app."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_string
from email.message import Message
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from tests.support import ROOT
from tests.support.browser import PASSWORD
from tests.support.chromium.chromium import chromium

from ...support.peers.insistent import await_that
from ...support.product.documents import blocks_of
from ...support.product.wheels import build_wheel, copy_sources, unpack
from ...support.server.nginx import free_port, listening

PRODUCT = ROOT / "app" / "auth"

VISIT = """
import flask_ratchet
from app import User, app, db, ratchet

with app.app_context():
    db.create_all()
    stored = ratchet.hash_new_password("correct horse battery staple")
    db.session.add(User(email="ada@example.org", password_hash=stored))
    db.session.commit()
browser = app.test_client()
print(browser.get("/").status_code)
print(browser.post("/auth/login", json={"email": "ada@example.org", "password": "wrong"}).status_code)
signed_in = {"email": "ADA@example.org", "password": "correct horse battery staple"}
print(browser.post("/auth/login", json=signed_in).status_code)
print(browser.get("/").text)
print(flask_ratchet.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def test_wheel_holds_every_file_of_the_product_and_nothing_else(wheel: Path) -> None:
    """Modules, py.typed, templates and static files, all as they are in app/auth."""
    with ZipFile(wheel) as archive:
        packed = {
            name.removeprefix("flask_ratchet/"): archive.read(name)
            for name in archive.namelist()
            if ".dist-info/" not in name
        }
    assert packed == {str(path.relative_to(PRODUCT)): path.read_bytes() for path in product_files()}
    assert {"__init__.py", "lifecycle/rotation.py", "pages/static/ratchet.js", "py.typed"} <= packed.keys()


def test_wheel_needs_what_the_product_imports(wheel: Path) -> None:
    """Every package that a module imports is named in setup.cfg, or is one that Flask itself brings."""
    brought_by_flask = names_in(requires("flask") or [])
    needed = names_in(metadata_of(wheel).get_all("Requires-Dist", [])) | brought_by_flask
    distributions = packages_distributions()
    imported = {name for path in PRODUCT.rglob("*.py") for name in imports_of(path)}
    foreign = imported - sys.stdlib_module_names
    distributed = {distributions[name][0].lower().replace("_", "-") for name in foreign}
    assert distributed - needed == set()
    assert "flask" in foreign


def test_readme_introduces_the_package(wheel: Path) -> None:
    """The index shows the README, and names the oldest Python that will do."""
    metadata = metadata_of(wheel)
    assert metadata["Name"] == "flask-ratchet"
    assert metadata["Requires-Python"] == ">=3.11"
    assert str(metadata.get_payload()).strip() == (ROOT / "README.md").read_text().strip()


def test_five_lines_of_the_readme_protect_a_view(wheel: Path, tmp_path: Path) -> None:
    """In another folder, from the wheel: nobody gets in without signing in, and ada does after it."""
    site = unpack(wheel, tmp_path / "packages")
    app = start().partition("<<'END'\n")[2].partition("\nEND\n")[0]
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "app.py").write_text(app)
    (stranger / "visit.py").write_text(VISIT)
    finished = subprocess.run(
        [sys.executable, "visit.py"],
        cwd=stranger,
        env={
            **os.environ,
            "PYTHONPATH": str(site),
            "FLASK_SECRET_KEY": "the secret of a stranger, forty characters",
            "FLASK_SQLALCHEMY_DATABASE_URI": "sqlite:///stranger.sqlite",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    *visits, where = finished.stdout.splitlines()
    assert visits == ["401", "401", "200", "Dear ada@example.org,"]
    assert Path(where).is_relative_to(site)


@pytest.mark.long
def test_the_block_of_the_readme_ends_where_somebody_is_signed_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From nothing: an environment, the package and what it needs, a table, a user, a sign-in in Chromium."""
    began, profile = time.monotonic(), tmp_path / "profile"
    profile.mkdir()
    with chromium(profile) as window, started(tmp_path) as port:
        page = window.pages[0]
        page.goto(f"http://localhost:{port}/")
        page.get_by_label("E-mail address or user name").fill("ada@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("body")).to_have_text("Dear ada@example.org,")
        with capsys.disabled():
            print(f"\nfrom nothing to signed in: {time.monotonic() - began:.0f} seconds")
        page.goto(f"http://localhost:{port}/auth/sign-in")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("status")).to_have_text("You are signed out.")


@contextmanager
def started(folder: Path) -> Iterator[int]:
    """The port that the site of the README listens at, after its commands were run in a checkout."""
    port = free_port()
    ours = ("PYTHON", "VIRTUAL_ENV", "FLASK_", "PIP_NO_", "PIP_TARGET")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with subprocess.Popen(
        ["bash", "-euc", start()],
        cwd=copy_sources(folder),
        env={**environment, "FLASK_RUN_PORT": str(port)},
        start_new_session=True,
    ) as commands:
        try:
            await_that(lambda: listening(port) or commands.poll() is not None, seconds=300)
            assert commands.poll() is None, "the commands ended"
            yield port
        finally:
            with suppress(ProcessLookupError):
                os.killpg(commands.pid, signal.SIGTERM)


def start() -> str:
    """The commands of the README, from nothing to a site that is served."""
    (block,) = (block for block in blocks_of(ROOT / "README.md") if block.role == "start")
    return block.text


def product_files() -> Iterator[Path]:
    """The files in app/auth that are kept in the repository."""
    return (path for path in PRODUCT.rglob("*") if path.is_file() and path.suffix != ".pyc")


def metadata_of(wheel: Path) -> Message:
    """The wheel's METADATA."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def names_in(requirements: list[str]) -> set[str]:
    """The names in ``flask>=3.1`` and the like, in lower case."""
    return {requirement.lower().split(">")[0].split(";")[0].strip() for requirement in requirements}


def imports_of(path: Path) -> Iterator[str]:
    """The packages that a module imports, relative imports aside."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
