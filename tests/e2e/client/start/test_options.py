"""How a client is made: the event for nobody, the cookie without a header, and the origin of the routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.support.chromium.shop_opening import Shop, open_shop
from tests.support.chromium.tabs import Tab, TabbedBrowser
from tests.support.chromium.wire import wire_to

PAST_ACCESS_TTL = 660
NAME_AND_PASSWORD = "YWRhOmE="
"""Of the proxy: ``ada:a`` in Base64."""

HEAR = """async () => {
  const { createRatchet } = await import("/auth/ratchet.js");
  const client = createRatchet();
  const heard = [];
  for (const type of ["signedin", "renewed", "signedout", "nobody"]) {
    client.addEventListener(type, () => heard.push(type));
  }
  await client.ready;
  await new Promise((done) => setTimeout(done));
  return heard;
}"""
MAKE = """async (prefix) => {
  const { createRatchet } = await import("/auth/ratchet.js");
  try {
    createRatchet({ prefix });
  } catch (fault) {
    return `${fault.name}: ${fault.message}`;
  }
}"""
ORDERS = """async (bearer) => {
  const { createRatchet } = await import("/auth/ratchet.js");
  const client = createRatchet({ bearer });
  await client.ready;
  const response = await client.fetch("/api/orders");
  return [response.status, response.headers.get("WWW-Authenticate")];
}"""
KEPT_ORDERS = """async () => {
  const { ratchet } = await import("/auth/keep.js");
  await ratchet.ready;
  return (await ratchet.fetch("/api/orders")).status;
}"""


@pytest.fixture(scope="module")
def staging_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that asks every browser for the name and password of a proxy, by HTTP Basic."""
    with open_shop(tmp_path_factory.mktemp("staging"), SHOP_BASIC=NAME_AND_PASSWORD) as opened:
        yield opened


@pytest.fixture
def staging(window: BrowserContext, staging_shop: Shop) -> Iterator[Tab]:
    """A tab of a browser that knows them."""
    assert window.browser is not None
    context = window.browser.new_context(http_credentials={"username": "ada", "password": "a"})
    with wire_to(staging_shop.port) as wire:
        yield Tab(context.new_page(), f"http://127.0.0.1:{wire.port}")
    context.close()


def test_nobody_is_told_at_the_start(browser: TabbedBrowser) -> None:
    """A listener added after the client was made hears that nobody is signed in."""
    assert browser.tab().run(HEAR) == ["nobody"]


def test_nobody_is_not_told_of_somebody(browser: TabbedBrowser) -> None:
    """Where somebody is signed in, only that is told."""
    (tab,) = browser.signed_in()
    assert tab.run(HEAR) == ["signedin"]


def test_end_of_a_session_is_told_once(browser: TabbedBrowser, shop: Shop) -> None:
    """Of a session that has ended the first page hears signedout, and the next one that there is nobody."""
    (tab,) = browser.signed_in()
    shop.execute("UPDATE customers SET sessions = '[]', sessions_version = sessions_version + 1")
    tab.open("plain")
    assert tab.run(HEAR) == ["signedout"]
    tab.open("plain")
    assert tab.run(HEAR) == ["nobody"]


@pytest.mark.parametrize(
    ("bearer", "answer"),
    [
        pytest.param(False, [200, None], id="cookie only"),
        pytest.param(True, [401, 'Basic realm="staging"'], id="with a header"),
    ],
)
def test_behind_http_basic(staging: Tab, *, bearer: bool, answer: list[Any]) -> None:
    """Without a bearer token the header stays that of HTTP Basic, and the cookie says who asks."""
    staging.open("forms").sign_in_by_form("ada")
    staging.until("location.pathname === '/plain'")
    assert staging.run(ORDERS, bearer) == answer


def test_one_tag_behind_http_basic(staging: Tab) -> None:
    """The client of ``keep.js`` goes by the cookie, too, so the recipe for htmx 4 works there."""
    staging.open("forms").sign_in_by_form("ada")
    staging.until("location.pathname === '/plain'")
    staging.open("kept")
    assert staging.run(KEPT_ORDERS) == 200


def test_cookie_only_renews_after_a_refusal(browser: TabbedBrowser, shop: Shop) -> None:
    """A request that is refused for its cookie is made again after a refresh."""
    (tab,) = browser.signed_in()
    tab.open("plain")
    tab.run(
        """async () => {
          const { createRatchet } = await import("/auth/ratchet.js");
          self.ratchet = createRatchet({ bearer: false });
          await ratchet.ready;
        }"""
    )
    shop.turn_clock(PAST_ACCESS_TTL)
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 200
    heads = [asked.head.lower() for asked in browser.wire.asked("GET /api/orders")]
    assert len(heads) == 2
    assert not any(b"authorization" in head for head in heads)


@pytest.mark.parametrize(
    "prefix", ["https://api.example.org/auth", "//example.org/auth", "http://127.0.0.1:1/auth"]
)
def test_routes_of_another_origin_are_refused(browser: TabbedBrowser, prefix: str) -> None:
    """The client says at once that it cannot read the cookies of another origin."""
    said = browser.tab("plain").run(MAKE, prefix)
    assert said == f"TypeError: Ratchet's prefix {prefix} is not on this page's origin"


def test_full_address_of_this_origin_is_taken(browser: TabbedBrowser) -> None:
    """A prefix with the page's own origin in it is its path."""
    tab = browser.tab("plain")
    assert tab.run(MAKE, f"{browser.origin}/auth") is None
