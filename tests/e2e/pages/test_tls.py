"""The way people deploy: nginx with TLS in front, as docs/deploying.md says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from app.auth.settings.cookie_names import CONTINUED_COOKIE
from tests.support import ROOT
from tests.support.chromium.visitor import send_sign_in
from tests.support.product.documents import blocks_of
from tests.support.server.nginx import nginx
from tests.support.server.protected import REPORT, protected_files

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
    with page_of(window, proxied_house) as opened:
        yield opened


@contextmanager
def page_of(window: Browser, house: House, servers: str | None = None) -> Iterator[Page]:
    """A window on a house behind nginx, which serves the house as ``portal.example`` too.

    It is a private window: Chromium keeps cookies of third parties back in it, unless they are partitioned.
    """
    servers = servers or next(block.text for block in blocks_of(DEPLOYING) if block.language == "nginx")
    servers = servers.replace("server_name example.org;", "server_name example.org portal.example;")
    with (
        TemporaryDirectory() as folder,
        nginx(servers, ("127.0.0.1:8000", f"127.0.0.1:{house.port}"), Path(folder)) as port,
    ):
        context = window.new_context(base_url=f"https://example.org:{port}", ignore_https_errors=True)
        page = context.new_page()
        page.goto("/sign-in")
        yield page
        context.close()


@contextmanager
def framed_house(tmp_path: Path, **further: str) -> Iterator[House]:
    """A house that believes one proxy and may be shown in the frames of other sites; ada lives there."""
    settings = {"FLASK_PROXY_HOPS": "1", "FLASK_RATCHET_COOKIE_SAMESITE": "None", **further}
    with open_house(f"sqlite:///{tmp_path / 'house.sqlite'}", tmp_path, **settings) as opened:
        opened.add_user("ada")
        yield opened


def shown_in_portal(page: Page, path: str) -> str:
    """What is said in a frame on a page of another site that shows ``path`` of the house."""
    own = page.evaluate("location.origin").replace("portal.example", "example.org")
    portal = own.replace("example.org", "portal.example")
    page.goto(f"{portal}/stranger?{urlencode({'how': 'frame', 'to': own + path})}")
    return page.frame_locator("iframe").locator("p").first.inner_text()


def test_through_nginx(page: Page, proxied_house: House, name: str) -> None:
    """Signing in, continuing by link and by upload, and signing out work behind nginx as without it."""
    proxied_house.add_user(name)
    page.goto("/sign-in?next=/upload")
    send_sign_in(page, name)
    expect(page.get_by_label("Note")).to_be_visible()
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
    assert {cookie["name"] for cookie in page.context.cookies()} <= {CONTINUED_COOKIE}  # for half a minute


def test_file_that_nginx_serves_renews(
    window: Browser, proxied_house: House, name: str, tmp_path: Path
) -> None:
    """The visitor sees it at its own URL: after the sign-in, and after the access token has run out."""
    proxied_house.add_user(name)
    with page_of(window, proxied_house, protected_files(tmp_path)) as page:
        page.goto("/reports/may.html?month=5&q=a%26b")
        send_sign_in(page, name)
        for _ in range(3):
            expect(page.locator("body")).to_have_text(REPORT)
            expect(page).to_have_url(re.compile(r"/reports/may\.html\?month=5&q=a%26b$"))
            proxied_house.turn_clock(601)
            page.reload()


def test_frame_of_another_site_renews(window: Browser, tmp_path: Path) -> None:
    """Where the browser sends the cookies into a frame, the page there is renewed, again and again."""
    partitioned = {"FLASK_RATCHET_COOKIE_PARTITIONED": "true"}
    with framed_house(tmp_path, **partitioned) as house, page_of(window, house) as page:
        assert shown_in_portal(page, "/let-in?name=ada") == "let in"
        for _ in range(3):
            house.turn_clock(601)
            assert shown_in_portal(page, "/panel") == "inside"
        assert house.writes("ada") == 4


def test_frame_without_the_cookies_says_so(window: Browser, tmp_path: Path) -> None:
    """Where the browser keeps cookies of third parties back, the frame says so and leads out of it."""
    with framed_house(tmp_path) as house, page_of(window, house) as page:
        shown_in_portal(page, "/let-in?name=ada")
        assert shown_in_portal(page, "/panel").startswith("This page is shown inside another site")
