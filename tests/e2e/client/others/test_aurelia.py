"""aurelia-authentication 3.8, with the refresh token in the body and in the cookie."""

from __future__ import annotations

import pytest

from tests.support.browser import PASSWORD

from ....support.chromium.shop_opening import Shop
from ....support.chromium.tabs import REFRESH, eventually
from ....support.clients.page import ClientPage, OpenPage
from ....support.clients.quick import end_everywhere

ADA = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture(params=["body", "cookie"])
def shop(request: pytest.FixtureRequest, quick: Shop, by_body: Shop) -> Shop:
    """A shop with one of the two deliveries as its default."""
    return by_body if request.param == "body" else quick


@pytest.fixture
def page(open_page: OpenPage, shop: Shop, by_body: Shop) -> ClientPage:
    """A page with the plugin, where ada has signed in."""
    page = open_page(shop, "aurelia.js", "aurelia-body.js" if shop is by_body else "aurelia-cookie.js")
    page.sign_in(ADA)
    return page


def test_aurelia_keeps_the_refresh_token_where_it_should(page: ClientPage, shop: Shop, by_body: Shop) -> None:
    """In the storage with body delivery, which it did not ask for, and not with the cookie."""
    assert ("refresh_token" in page.stored) == (shop is by_body)


def test_aurelia_renews(page: ClientPage) -> None:
    """By its timer, as soon as the access token has run out; what it asks for meanwhile is answered."""
    seen = {page.stored["access_token"]}
    for _ in range(2):
        eventually(lambda: page.stored["access_token"] not in seen)
        seen.add(page.stored["access_token"])
        assert page.orders(3) == ["ada"] * 3


def test_aurelia_renews_in_two_tabs(page: ClientPage, shop: Shop, by_body: Shop) -> None:
    """Their timers run out together, so both present one refresh token at once: neither is signed out."""
    refresh = "POST /auth/login" if shop is by_body else REFRESH
    pages, seen = [page, page.another()], {page.stored["access_token"]}
    before = len(page.wire.asked(refresh))
    with page.wire.holding(refresh):
        eventually(lambda: len(page.wire.asked(refresh)) == before + 2)
    for _ in range(2):
        eventually(lambda: page.stored["access_token"] not in seen)
        eventually(lambda: not any(one.tab.run("client.hasExpired()") for one in pages))
        seen.add(page.stored["access_token"])
        assert [one.orders(3) for one in pages] == [["ada"] * 3] * 2


def test_aurelia_asks_for_the_body(open_page: OpenPage, quick: Shop) -> None:
    """Where that is not the default, ``"delivery": "body"`` in its sign-in does the same."""
    page = open_page(quick, "aurelia.js", "aurelia-body.js")
    page.sign_in(ADA | {"delivery": "body"})
    first = page.stored
    assert "refresh_token" in first
    eventually(lambda: page.stored["access_token"] != first["access_token"])
    assert page.orders(3) == ["ada"] * 3


def test_aurelia_learns_of_an_end(page: ClientPage, shop: Shop) -> None:
    """A session that ended elsewhere ends here at the next refresh, and no request hangs."""
    end_everywhere(shop)
    eventually(lambda: page.stored is None)
    assert page.orders(3) == ["refused"] * 3
    assert page.tab.run("client.isSignedIn()") is False


def test_aurelia_learns_of_an_end_after_a_sleep(page: ClientPage, shop: Shop) -> None:
    """A computer that slept has missed the timer, so the first request finds the token expired.

    A refusal with 401 would have made the plugin wait for its own refresh, and every request with it.
    """
    page.tab.run("client.stopTimer()")
    end_everywhere(shop)
    eventually(lambda: page.tab.run("client.hasExpired()"))
    assert page.orders(3) == ["refused"] * 3
    assert page.tab.run("client.isSignedIn()") is False


def test_aurelia_signs_out(page: ClientPage) -> None:
    """By its own call, and can sign in again."""
    assert page.tab.run("client.signOut()") is False
    assert page.orders() == ["refused"]
    page.sign_in(ADA)
    assert page.orders() == ["ada"]
