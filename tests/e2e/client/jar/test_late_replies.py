"""A late reply about an old session: it takes nothing away from a new sign-in in the same browser.

Ada is signed in, and a request that renews her session is under way. Bob signs in over it by a form. Then the
answer to Ada's request arrives. Instead of renewing it may have signed her out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.support.chromium.shop_opening import Shop
from tests.support.chromium.tabs import REFRESH, Tab, TabbedBrowser, eventually

PAST_LEEWAY = 31
AN_HOUR = 3600
GO_ON = "/auth/continue?next=%2Fplain"
SUBMIT = f"""() => {{
  const form = document.createElement("form");
  [form.method, form.action] = ["post", "{GO_ON}"];
  document.body.append(form);
  setTimeout(() => form.submit());
}}"""
SECONDS_TO_ARRIVE = 1


def by_fetch(tab: Tab) -> None:
    """A script of the host refreshes."""
    tab.run("void fetch('/auth/refresh', { method: 'POST', keepalive: true })")


def by_client(tab: Tab) -> None:
    """The client refreshes, for a request of its page."""
    tab.turn_clocks(wall=AN_HOUR)
    tab.run("void ratchet.fetch('/api/orders').catch(() => undefined)")


def by_form(tab: Tab) -> None:
    """A form post is sent on by continuing."""
    tab.run(SUBMIT)


def by_continuing(tab: Tab) -> None:
    """A navigation is sent on by continuing."""
    tab.run(f"setTimeout(() => location.assign('{GO_ON}'))")


WAYS: dict[str, tuple[str, str, Callable[[Tab], None]]] = {
    "fetch": ("plain", REFRESH, by_fetch),
    "client": ("tab", REFRESH, by_client),
    "form": ("plain", f"POST {GO_ON}", by_form),
    "continue": ("plain", f"GET {GO_ON}", by_continuing),
}
"""On which page of the shop a request begins, what it is called, and how it is sent."""

CASES = [
    *[pytest.param([way], 2, id=f"{way}, 2 s") for way in WAYS],
    pytest.param(list(WAYS), 13, id="all of them, 13 s"),
]


@contextmanager
def under_way(browser: TabbedBrowser, ways: list[str], *, served: bool) -> Iterator[None]:
    """Ada's requests are on their way; where they are ``served`` it is the answers that are kept back."""
    tabs = [browser.tab(WAYS[way][0]) for way in ways]
    names = {WAYS[way][1] for way in ways}
    wire = browser.wire
    before = {name: len(wire.asked(name)) for name in names}
    with ExitStack() as stack:
        if served:
            stack.enter_context(wire.delaying_answers(*names))
        else:
            for name in names:
                stack.enter_context(wire.holding(name))
        for way, tab in zip(ways, tabs, strict=True):
            WAYS[way][2](tab)
        expected = len(ways)
        eventually(lambda: sum(len(wire.asked(name)) - before[name] for name in names) >= expected)
        if served:
            eventually(lambda: wire.proxy.delayed >= expected)
        yield


@pytest.mark.parametrize("served", [False, True], ids=["refused", "served"])
@pytest.mark.parametrize(("ways", "seconds"), CASES)
def test_newer_sign_in_stays(
    browser: TabbedBrowser, shop: Shop, ways: list[str], seconds: float, *, served: bool
) -> None:
    """Bob stays signed in, on pages and for the client, whether the late reply is a refusal or a 200."""
    (client,) = browser.signed_in()
    client.run("self.stay = true")
    client.open("plain")
    shop.turn_clock(PAST_LEEWAY)
    with under_way(browser, ways, served=served):
        entry = browser.tab("forms")
        entry.sign_in_by_form("bob")
        eventually(lambda: browser.cookie("refreshTokenSpare"))
        time.sleep(seconds)
    time.sleep(SECONDS_TO_ARRIVE)
    assert browser.cookie("refreshToken")
    page = browser.tab("plain")
    page.run("setTimeout(() => location.assign('/api/orders'))")
    page.until("document.body.textContent.includes('\"bob\"')")
    tab = browser.tab()
    tab.until("ratchet.user?.username === 'bob'")
    assert tab.run("ratchet.fetch('/api/orders').then(response => response.json())")["customer"] == "bob"


def test_late_answers_do_arrive(browser: TabbedBrowser, shop: Shop) -> None:
    """The answer that was kept back puts Ada's ended token over Bob's: the spare is what helps above."""
    browser.signed_in()[0].open("plain")
    shop.turn_clock(PAST_LEEWAY)
    with under_way(browser, ["fetch"], served=True):
        browser.tab("forms").sign_in_by_form("bob")
        eventually(lambda: browser.cookie("refreshTokenSpare"))
        bobs = browser.cookie("refreshToken")
    eventually(lambda: browser.cookie("refreshToken") not in (bobs, None))
    assert browser.cookie("refreshTokenSpare") == bobs


def test_client_in_a_tab_follows_the_newer_sign_in(browser: TabbedBrowser, shop: Shop) -> None:
    """A tab whose own refresh is refused late says nothing of a sign-out: it asks again, and has Bob."""
    (tab,) = browser.signed_in()
    tab.run("self.stay = true")
    shop.turn_clock(PAST_LEEWAY)
    entry = browser.tab("forms")
    with browser.wire.holding(REFRESH):
        by_client(tab)
        eventually(lambda: browser.wire.asked(REFRESH))
        entry.sign_in_by_form("bob")
        eventually(lambda: browser.cookie("refreshTokenSpare"))
    tab.until("ratchet.user?.username === 'bob'")
    assert [event["type"] for event in tab.told] == ["signedin", "signedin"]


def out_by_fetch(browser: TabbedBrowser) -> None:
    """A script of the host signs Ada out."""
    browser.tab("plain").run("void fetch('/auth/logout', { method: 'POST', keepalive: true })")


def out_by_client(browser: TabbedBrowser) -> None:
    """The client of a tab signs her out."""
    browser.tab().run("void ratchet.signOut().catch(() => undefined)")


@pytest.mark.parametrize("sign_out", [out_by_fetch, out_by_client])
@pytest.mark.parametrize("seconds", [2, 13])
def test_newer_sign_in_outlives_a_late_sign_out(
    browser: TabbedBrowser, sign_out: Callable[[TabbedBrowser], None], seconds: float
) -> None:
    """The late 204 takes Bob's cookies but neither spare: every tab has him, and none goes in a circle."""
    (tab,) = browser.signed_in()
    tab.run("self.stay = true")
    with browser.wire.delaying_answers("POST /auth/logout"):
        sign_out(browser)
        eventually(lambda: browser.wire.proxy.delayed >= 1)
        browser.tab("forms").sign_in_by_form("bob")
        eventually(lambda: browser.cookie("refreshTokenSpare"))
        time.sleep(seconds)
    time.sleep(SECONDS_TO_ARRIVE)
    for one in (tab, browser.tab()):
        one.until("ratchet.user?.username === 'bob'")
        assert one.run("ratchet.fetch('/api/orders').then(response => response.json())")["customer"] == "bob"
    assert browser.refreshes <= 3
    tab.run("ratchet.signOut()")
    assert tab.user is None
    assert not browser.context.cookies()


def test_late_sign_outs_do_arrive(browser: TabbedBrowser) -> None:
    """The answer that was kept back takes the mark; its spare is what helps above, without a refresh."""
    (tab,) = browser.signed_in()
    tab.run("self.stay = true")
    with browser.wire.delaying_answers("POST /auth/logout"):
        out_by_fetch(browser)
        eventually(lambda: browser.wire.proxy.delayed >= 1)
        browser.tab("forms").sign_in_by_form("bob")
        tab.until("ratchet.user?.username === 'bob'")
        mark, refreshes = browser.cookie("signedIn"), browser.refreshes
        assert mark
    eventually(lambda: not browser.cookie("signedIn"))
    assert browser.cookie("signedInSpare") == mark
    time.sleep(SECONDS_TO_ARRIVE)
    assert (tab.user, browser.refreshes) == ("bob", refreshes)
    assert [event["type"] for event in tab.told] == ["signedin", "signedin"]
