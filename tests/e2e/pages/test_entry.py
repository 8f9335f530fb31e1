"""Pages of another site that lead here: localhost and 127.0.0.1 are two sites, and one house."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.chromium.wire import wire_to

from ...support.chromium.axe import flaws
from ...support.chromium.house_opening import House, open_house
from ...support.chromium.visitor import Visitor


@pytest.fixture(scope="module")
def strict_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose cookies are SameSite=Strict."""
    folder = tmp_path_factory.mktemp("strict")
    url = f"sqlite:///{folder / 'house.sqlite'}"
    with open_house(url, folder, FLASK_RATCHET_COOKIE_SAMESITE="Strict") as opened:
        yield opened


@pytest.fixture
def strict_visitor(window: Browser, strict_house: House, name: str) -> Iterator[Visitor]:
    """Somebody who has signed in there, and whose browser runs no script."""
    strict_house.add_user(name)
    with wire_to(strict_house.port) as wire:
        visitor = Visitor(window, strict_house, wire, java_script_enabled=False)
        visitor.enter(name)
        yield visitor
        visitor.context.close()


def test_frame_of_another_site_says_so(visitor: Visitor) -> None:
    """Where the browser keeps the cookies back, the frame says so and links to the page by itself."""
    before = visitor.token
    visitor.open(f"/stranger?how=frame&to={visitor.address('/panel')}", "localhost")
    visitor.until_shown("your browser does not send your sign-in")
    frame = visitor.page.frames[1]
    assert flaws(frame) == []
    with visitor.context.expect_page() as opened:
        frame.get_by_role("link").click()
    opened.value.get_by_text("inside").wait_for()
    assert visitor.token == before


def test_form_of_another_site_changes_nothing(visitor: Visitor) -> None:
    """A page of another site that signs somebody out gets a page that refuses, and nobody is signed out."""
    visitor.open("/stranger?to=/", "localhost")
    visitor.page.evaluate(
        """address => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: address });
          document.body.append(form);
          form.submit();
        }""",
        visitor.address("/sign-out"),
    )
    visitor.until_shown("This request came from another site.")
    assert flaws(visitor.page.main_frame) == []
    assert visitor.open("/account") == 200
    assert visitor.path == "/account"


def test_strict_cookies_arrive(strict_visitor: Visitor) -> None:
    """A link of another site, which Strict cookies do not follow, still leads to the page itself."""
    before = strict_visitor.token
    strict_visitor.wait()
    strict_visitor.open(f"/stranger?to={strict_visitor.address('/panel')}", "localhost")
    strict_visitor.page.click("#link")
    strict_visitor.until_shown("inside")
    assert strict_visitor.path == "/panel"
    assert strict_visitor.token != before
