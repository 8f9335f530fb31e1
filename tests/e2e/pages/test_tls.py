"""The way people deploy: nginx with TLS in front, as docs/deploying.md says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import ROOT
from tests.support.browser import PASSWORD
from tests.support.product.documents import blocks_of
from tests.support.server.nginx import nginx

from ...support.chromium.house_opening import House, open_house

DEPLOYING = ROOT / "docs" / "deploying.md"


@pytest.fixture(scope="module")
def proxied_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that believes one proxy."""
    folder = tmp_path_factory.mktemp("proxied")
    with open_house(f"sqlite:///{folder / 'house.sqlite'}", folder, FLASK_PROXY_HOPS="1") as opened:
        yield opened


@pytest.fixture
def page(window: Browser, proxied_house: House) -> Iterator[Page]:
    """A window on the site, by https through nginx."""
    servers = next(block.text for block in blocks_of(DEPLOYING) if block.language == "nginx")
    with (
        TemporaryDirectory() as folder,
        nginx(servers, ("127.0.0.1:8000", f"127.0.0.1:{proxied_house.port}"), Path(folder)) as port,
    ):
        context = window.new_context(base_url=f"https://127.0.0.1:{port}", ignore_https_errors=True)
        yield context.new_page()
        context.close()


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page and send it."""
    page.get_by_label("E-mail address or user name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_through_nginx(page: Page, proxied_house: House, name: str) -> None:
    """Signing in, continuing by link and by upload, and signing out work behind nginx as without it."""
    proxied_house.add_user(name)
    page.goto("/sign-in?next=/upload")
    sign_in(page, name)
    proxied_house.turn_clock(601)
    page.reload()
    page.get_by_label("Note").fill("through nginx")
    page.get_by_label("File").set_input_files(
        {"name": "a.bin", "mimeType": "application/octet-stream", "buffer": b"x" * 500_000}
    )
    proxied_house.turn_clock(601)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#note")).to_have_text("through nginx")
    assert {cookie["secure"] for cookie in page.context.cookies()} == {True}
    page.goto("/account")
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading")).to_have_text("Sign in")
    assert page.context.cookies() == []
