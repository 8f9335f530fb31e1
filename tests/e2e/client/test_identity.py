"""A tab that finds itself signed in as somebody else says so, and shows nobody the data of another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.browser import PASSWORD
from tests.support.server.tcp_proxy import Fate

from ...support.chromium.shop_opening import Shop
from ...support.chromium.tabs import Tab, TabbedBrowser, eventually

PAST_ACCESS_TTL = 660
ORDERS = "POST /api/orders"
START = """([method, path]) => {
  self.end = ratchet.fetch(path, { method }).then(() => "shown", ({ name }) => name);
}"""
START_SIGN_IN = "fields => void ratchet.signIn(fields)"
BOB_INSTEAD_OF_ADA = {"type": "signedin", "user": "bob", "previous": "ada"}
Act = Callable[[Tab], object]


def by_script(tab: Tab) -> None:
    """Bob signs in by script, over the session of Ada; that loads his own page anew."""
    tab.run(START_SIGN_IN, {"identifier": "bob", "password": PASSWORD})


def by_form(tab: Tab) -> None:
    """Bob signs in by a form without script, over the session of Ada."""
    tab.open("forms").sign_in_by_form("bob")


CHANGES = pytest.mark.parametrize("change", [by_script, by_form])


@CHANGES
def test_change_of_user_is_told(browser: TabbedBrowser, change: Act) -> None:
    """A tab of Ada is told when Bob signs in beside it, and a listener can keep the page as it is."""
    hers, his = browser.signed_in(2)
    hers.run("self.stay = true")
    change(his)
    hers.until("ratchet.user.username === 'bob'")
    assert hers.told[-1] == BOB_INSTEAD_OF_ADA


@CHANGES
def test_page_of_another_user_is_loaded_anew(browser: TabbedBrowser, change: Act) -> None:
    """A page that does nothing about a change of user is thrown away and loaded anew."""
    hers, his = browser.signed_in(2)
    hers.run("self.adas = 'orders of Ada'")
    change(his)
    hers.until("!self.adas && ratchet.user?.username === 'bob'")
    assert hers.told == [{"type": "signedin", "user": "bob"}]


def test_change_of_user_by_way_of_signing_out(browser: TabbedBrowser) -> None:
    """Where Ada signs out by a form and Bob signs in, her tab is told of both."""
    hers, his = browser.signed_in(2)
    his.open("forms").sign_out_by_form()
    hers.until("ratchet.user === null")
    by_form(his)
    hers.until("ratchet.user")
    assert [event["type"] for event in hers.told[-2:]] == ["signedout", "signedin"]
    assert hers.user == "bob"


def test_page_that_comes_back_is_not_shown_to_another(browser: TabbedBrowser) -> None:
    """A page of Ada that the back button brings back for Bob is loaded anew."""
    (tab,) = browser.signed_in()
    tab.run("self.adas = 'orders of Ada'")
    tab.open("forms").sign_in_by_form("bob")
    tab.until("location.pathname === '/plain'")
    tab.go(-2, "tab")
    tab.until("!self.adas && ratchet.user?.username === 'bob'")


def test_new_tab_takes_no_token_of_another(browser: TabbedBrowser) -> None:
    """A tab of Bob never takes the token that an old tab of Ada still holds."""
    hers, his = browser.signed_in(2)
    hers.run("self.stay = true")
    session = browser.context.new_cdp_session(hers.page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    by_form(his)
    new_tab = browser.tab()
    session.send("Page.setWebLifecycleState", {"state": "active"})
    new_tab.until("ratchet.user")
    assert new_tab.told == [{"type": "signedin", "user": "bob"}]


@CHANGES
def test_request_is_not_repeated_for_another(browser: TabbedBrowser, shop: Shop, change: Act) -> None:
    """A request of Ada that is refused when Bob has signed in meanwhile is not made again as Bob."""
    hers, his = browser.signed_in(2)
    hers.run("self.stay = true")
    shop.turn_clock(PAST_ACCESS_TTL)
    with browser.wire.holding(ORDERS):
        hers.run(START, ORDERS.split())
        eventually(lambda: browser.wire.asked(ORDERS))
        change(his)
        hers.until("ratchet.user.username === 'bob'")
    assert hers.run("end") == "AbortError"
    assert len(browser.wire.asked(ORDERS)) == 1


def test_request_that_waited_is_not_made_for_another(browser: TabbedBrowser) -> None:
    """A request of Ada that waits for a refresh is not made at all when that brings Bob."""
    hers, his = browser.signed_in(2)
    hers.run("self.stay = true")
    hers.turn_clocks(wall=3600)
    with browser.wire.holding("POST /auth/refresh"):
        hers.run(START, ORDERS.split())
        eventually(lambda: browser.refreshes)
        by_form(his)
        eventually(lambda: browser.refreshes)
    assert hers.run("end") == "AbortError"
    assert browser.wire.asked(ORDERS) == []


def test_response_is_not_handed_to_another(browser: TabbedBrowser) -> None:
    """The response to a request of Ada is withheld when Bob has signed in before it came."""
    hers, his = browser.signed_in(2)
    hers.run("self.stay = true")
    with browser.wire.holding("GET /api/prices"):
        hers.run(START, ["GET", "/api/prices"])
        eventually(lambda: browser.wire.asked("GET /api/prices"))
        by_script(his)
        hers.until("ratchet.user.username === 'bob'")
    assert hers.run("end") == "AbortError"


def test_sign_out_that_is_tried_again_is_not_the_next_persons(browser: TabbedBrowser) -> None:
    """A sign-out of Ada that was lost is given up where Bob has signed in meanwhile."""
    (tab,) = browser.signed_in()
    tab.run("self.stay = true")
    with browser.wire.losing("POST /auth/logout", Fate.CUT):
        tab.run("void (self.end = ratchet.signOut().catch(({ name }) => name))")
        eventually(lambda: len(browser.wire.asked("POST /auth/logout")) > 1)
        browser.tab("forms").sign_in_by_form("bob")
        eventually(lambda: browser.cookie("refreshTokenSpare"))
    assert tab.run("end") == "AbortError"
    tab.until("ratchet.user?.username === 'bob'")
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.json())")["customer"] == "bob"
