"""A service worker as docs/client.md has it leaves renewing to the browser and the page."""

from __future__ import annotations

import pytest

from tests.support.chromium.shop_opening import Shop
from tests.support.chromium.tabs import Tab, TabbedBrowser
from tests.support.product.recipes import recipe

AN_HOUR = 3600
REGISTER = """async () => {
  await navigator.serviceWorker.register("/worker.js");
  await navigator.serviceWorker.ready;
}"""
TAKE_OVER = """
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
"""
ANOTHER_REQUEST = 'addEventListener("fetch", (event) => event.respondWith(fetch(event.request.url)));'


def with_worker(browser: TabbedBrowser, shop: Shop, script: str) -> Tab:
    """A tab in which ada is signed in, and whose requests this worker gets."""
    tab = browser.tab("forms")
    tab.sign_in_by_form("ada")
    tab.until("location.pathname === '/plain'")
    shop.serve_worker(TAKE_OVER + script)
    tab.run(REGISTER)
    tab.until("navigator.serviceWorker.controller !== null")
    return tab


@pytest.mark.parametrize(
    ("script", "status"),
    [
        pytest.param(recipe("worker"), 200, id="that of the docs"),
        pytest.param(ANOTHER_REQUEST, 401, id="one that makes another request"),
    ],
)
def test_page_continues_through_a_worker(
    browser: TabbedBrowser, shop: Shop, script: str, status: int
) -> None:
    """A page whose access token has run out is renewed where the worker passes the request itself on."""
    tab = with_worker(browser, shop, script)
    shop.turn_clock(AN_HOUR)
    reply = tab.page.goto(f"{browser.origin}/parts/part")
    assert reply is not None
    assert reply.from_service_worker
    assert reply.status == status


def test_client_works_beside_a_worker(browser: TabbedBrowser, shop: Shop) -> None:
    """The page's own client refreshes past the worker."""
    tab = with_worker(browser, shop, recipe("worker")).open()
    tab.until("ratchet.user")
    shop.turn_clock(AN_HOUR)
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.status)") == 200
    assert browser.refreshes == 2
