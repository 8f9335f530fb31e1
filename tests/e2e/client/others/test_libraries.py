"""Libraries for requests in a page, with everything in cookies: docs/clients.md configures them."""

from __future__ import annotations

import pytest

from tests.support.browser import PASSWORD

from ....support.chromium.shop_opening import Shop
from ....support.chromium.tabs import eventually
from ....support.clients.page import ClientPage, OpenPage
from ....support.clients.quick import end_everywhere

ADA = {"identifier": "ada", "password": PASSWORD}


@pytest.fixture(params=["axios.js", "ky.js", "urql.js"])
def page(request: pytest.FixtureRequest, open_page: OpenPage, quick: Shop) -> ClientPage:
    """A page with one of them, where ada has signed in."""
    page = open_page(quick, "page.js", request.param)
    page.sign_in(ADA)
    return page


def test_a_client_renews(page: ClientPage) -> None:
    """When the access token has run out it refreshes and repeats what was refused, also three at once."""
    assert page.orders() == ["ada"]
    for _ in range(2):
        page.until_expired()
        assert page.orders(3) == ["ada"] * 3
    assert page.refreshes >= 2


def test_a_client_learns_of_an_end(page: ClientPage, quick: Shop) -> None:
    """A session that another device has ended is an error for the caller, who does not wait for ever."""
    end_everywhere(quick)
    eventually(lambda: page.orders(3) == ["refused"] * 3)
