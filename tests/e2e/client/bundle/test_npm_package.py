"""The npm package, packed as docs/client.md says, in a project of Vite, TypeScript and React."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from docs.generator import ROOT
from tests.support.browser import PASSWORD
from tests.support.chromium.shop_opening import Shop
from tests.support.product.vite_project import developing, make_project, run_in
from tests.support.product.wheels import build_wheel, unpack

AN_HOUR = 3600
WRONG = """import { ratchet } from "./useUser";
// @ts-expect-error: the docs say what the shop shows of a user, and this is not in it
console.log(ratchet.user?.shoe_size.length);
const name: string | undefined = ratchet.user?.username;
console.log(name);
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose client comes from the wheel, by npm pack and npm install."""
    folder = tmp_path_factory.mktemp("bundle")
    return make_project(folder, unpack(build_wheel(folder / "wheel"), folder / "packages"))


@pytest.fixture
def page(window: BrowserContext, project: Path, shop: Shop) -> Iterator[Page]:
    """A window before the project, which Vite serves in front of the shop."""
    assert window.browser is not None
    context = window.browser.new_context()
    with developing(project, shop.port) as port:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        yield page
    context.close()


def test_package_holds_the_client_and_its_types(project: Path) -> None:
    """The package is the module, its types and its description, in the version of the Python package."""
    (packed,) = project.glob("flask-ratchet-*.tgz")
    with tarfile.open(packed) as archive:
        assert sorted(archive.getnames()) == [
            f"package/{name}" for name in ("package.json", "ratchet.d.ts", "ratchet.js")
        ]
    described = json.loads((project / "node_modules" / "flask-ratchet" / "package.json").read_text())
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert described["version"] == setup["metadata"]["version"]
    assert described["license"] == setup["metadata"]["license"]


def test_project_compiles_and_is_bundled(project: Path) -> None:
    """The files of the docs pass the strict compiler, with a type of their users, and Vite bundles them."""
    (project / "src" / "wrong.ts").write_text(WRONG)
    bin_ = project / "node_modules" / ".bin"
    assert run_in(project, [str(bin_ / "tsc")]) == ""
    run_in(project, [str(bin_ / "vite"), "build"])
    bundled = "".join(script.read_text() for script in (project / "dist" / "assets").glob("*.js"))
    assert "/auth" in bundled
    assert "signedIn" in bundled


def test_react_follows_who_is_signed_in(page: Page, shop: Shop) -> None:
    """In Chromium, by way of Vite: nobody, ada after a sign-in and after a reload, nobody in both tabs."""
    sign_in(page)
    expect(page.get_by_text("Hello ada")).to_be_visible()
    shop.turn_clock(AN_HOUR)
    page.reload()
    expect(page.get_by_text("Hello ada")).to_be_visible()
    tab = page.context.new_page()
    tab.goto(page.url)
    tab.get_by_role("button", name="Sign out").click()
    for each in (tab, page):
        expect(each.get_by_label("Password")).to_be_visible()


def test_react_shows_nobody_where_the_session_has_ended(page: Page, shop: Shop) -> None:
    """A page that is opened after the end was told elsewhere learns that nobody is signed in."""
    sign_in(page)
    expect(page.get_by_text("Hello ada")).to_be_visible()
    shop.execute("UPDATE customers SET sessions = '[]', sessions_version = sessions_version + 1")
    for _ in range(2):
        page.reload()
        expect(page.get_by_label("Password")).to_be_visible()


def sign_in(page: Page) -> None:
    """Fill in the form of the docs and send it."""
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
