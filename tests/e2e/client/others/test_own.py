"""The package's own client, ratchet.js, where other clients have their refresh tokens in the body."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from ....support.chromium.shop_opening import Shop
from ....support.chromium.tabs import TabbedBrowser
from ....support.chromium.wire import wire_to


def test_our_own_client_keeps_to_its_cookie(context: BrowserContext, by_body: Shop) -> None:
    """With RATCHET_DEFAULT_DELIVERY "body" it asks for the cookie, so a reload finds the session again."""
    with wire_to(by_body.port) as wire:
        browser = TabbedBrowser(context, wire)
        (tab,) = browser.signed_in()
        assert browser.cookie("refreshToken")
        tab.reload()
        tab.until_loaded()
        tab.until("ratchet.user?.username === 'ada'")
