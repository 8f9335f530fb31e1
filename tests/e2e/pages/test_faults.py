"""The database goes away under a page: it waits, tries again by itself, and nobody is signed out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from sqlalchemy.engine import make_url

from tests.support.chromium.wire import wire_to
from tests.support.server.stage import own_database
from tests.support.server.tcp_proxy import TcpProxy, proxy_to

from ...support.chromium.axe import flaws
from ...support.chromium.house_opening import House, open_house
from ...support.chromium.visitor import Visitor


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database of PostgreSQL."""
    with own_database("postgresql", "pages", tmp_path_factory.mktemp("database")) as url:
        yield url


@pytest.fixture(scope="module")
def line(database: str) -> Iterator[TcpProxy]:
    """The line between the house and its database."""
    server = make_url(database)
    with proxy_to(server.host or "127.0.0.1", server.port or 5432) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def far_house(database: str, line: TcpProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose database is at the other end of that line."""
    with open_house(database, tmp_path_factory.mktemp("far"), line.url(database)) as opened:
        yield opened


@pytest.fixture(params=[pytest.param(True, id="script"), pytest.param(False, id="no script")])
def visitor(
    request: pytest.FixtureRequest, window: Browser, far_house: House, name: str
) -> Iterator[Visitor]:
    """Somebody who has signed in there."""
    far_house.add_user(name)
    with wire_to(far_house.port) as wire:
        visitor = Visitor(window, far_house, wire, java_script_enabled=request.param)
        visitor.enter(name)
        yield visitor
        visitor.context.close()


def test_page_waits_for_the_database(visitor: Visitor, line: TcpProxy) -> None:
    """The page says that it tries again, does so, and shows what was asked for when the database is back."""
    before = visitor.token
    visitor.wait()
    line.go_away()
    try:
        assert visitor.open("/panel") == 503
        assert "You are still signed in" in visitor.text
        assert visitor.token == before
    finally:
        line.come_back()
    visitor.until_shown("inside")
    assert (visitor.path, visitor.token == before) == ("/panel", False)


@pytest.mark.parametrize("visitor", [pytest.param(True, id="script, which axe-core is")], indirect=True)
def test_page_that_waits_is_easy_to_use(visitor: Visitor, line: TcpProxy) -> None:
    """The page for a fault has no flaws either, and is no wider than a phone."""
    visitor.wait()
    line.go_away()
    try:
        visitor.open("/panel")
        # Without script nothing else can try again; a link does the same for who does not want to wait.
        assert flaws(visitor.page.main_frame, but="meta-refresh") == []
        assert visitor.width_on_a_phone <= 360
    finally:
        line.come_back()


def test_sign_in_page_says_that_the_site_is_busy(visitor: Visitor, name: str, line: TcpProxy) -> None:
    """Signing in while the database is away is put off in words, and what was typed is still there."""
    visitor.open("/sign-in")
    line.go_away()
    try:
        visitor.sign_in(name)
        assert "The site is busy. Try again in a moment." in visitor.text
        assert visitor.page.get_by_label("E-mail address or user name").input_value() == name
    finally:
        line.come_back()
