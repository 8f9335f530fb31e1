"""A session that is over: the place is remembered, a theft is told, and no page of the account comes back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Error

from tests.support.chromium.tabs import TURN_CLOCKS, eventually
from tests.support.chromium.visitor import MakeVisitor

from ...support.chromium.visitor import RUN_OUT, Visitor

SIGNED_OUT = "/sign-in?reason=signed_out"
THEFT = "Somebody used an old copy of your sign-in"
SCRIPT = [pytest.param(True, id="script"), pytest.param(False, id="no script")]


@pytest.mark.parametrize("script", SCRIPT)
def test_place_is_remembered(make_visitor: MakeVisitor, name: str, *, script: bool) -> None:
    """Signed out from another device, one signs in again and is where one wanted to go."""
    visitor, other = make_visitor(java_script_enabled=script), make_visitor()
    visitor.enter(name)
    other.enter(name)
    other.page.get_by_role("button", name="Sign out all other devices").click()
    other.page.get_by_role("button", name="Sign out all other devices").wait_for(state="detached")
    visitor.open("/panel?a=b%20c&d")
    assert visitor.path == "/sign-in?next=%2Fpanel%3Fa%3Db%2520c%26d"
    assert THEFT not in visitor.text
    visitor.sign_in(name)
    assert visitor.path == "/panel?a=b%20c&d"


@pytest.mark.parametrize(
    "trick", ["//localhost", "/\\localhost", "/%252Flocalhost", "/%09/localhost", "/auth/continue"]
)
def test_next_stays_on_this_site(make_visitor: MakeVisitor, name: str, trick: str) -> None:
    """Signing in leads to the front door where ``next`` leads elsewhere, by Chromium's own reading."""
    visitor = make_visitor()
    visitor.open(f"/sign-in?next={trick}")
    visitor.sign_in(name)
    assert visitor.page.url == visitor.address("/account")


def test_next_of_continue_stays_on_this_site(visitor: Visitor) -> None:
    """Continue leads to the front door as well."""
    visitor.wait()
    visitor.open("/auth/continue?next=//localhost/")
    assert visitor.page.url == visitor.address("/account")


def steal(victim: Visitor, thief: Visitor) -> None:
    """Copy the refresh cookie."""
    assert victim.token is not None
    thief.context.add_cookies(
        [
            {
                "name": "refreshToken",
                "value": victim.token,
                "domain": "127.0.0.1",
                "path": "/auth",
                "secure": True,
            }
        ]
    )


def use(visitor: Visitor, times: int = 1) -> None:
    """Come back after the leeway, with what one holds, so often."""
    for _ in range(times):
        visitor.wait()
        visitor.open("/panel")


@pytest.mark.parametrize(
    "victim_first",
    [pytest.param(True, id="the victim moved first"), pytest.param(False, id="the thief moved first")],
)
def test_theft_is_told(make_visitor: MakeVisitor, name: str, *, victim_first: bool) -> None:
    """Once both have used what they hold, the session is over, and both read why when they come back."""
    victim, thief = (make_visitor(java_script_enabled=False) for _ in range(2))
    victim.enter(name)
    steal(victim, thief)
    first, second = (victim, thief) if victim_first else (thief, victim)
    use(first, 2)
    assert first.path == "/panel"
    use(second)
    use(first)
    for visitor in (first, second):
        assert visitor.path == "/sign-in?next=%2Fpanel&reason=refresh_token_reused"
        assert THEFT in visitor.text


def test_theft_is_told_by_a_page_that_finds_out_itself(make_visitor: MakeVisitor, name: str) -> None:
    """Where the thief is found while the account page is open, its script leads to the same words."""
    victim, thief = make_visitor(), make_visitor(java_script_enabled=False)
    victim.enter(name)
    victim.until_asked("POST /auth/refresh", b"accesstoken")  # the script of the page has its token
    steal(victim, thief)
    use(thief)
    victim.wait()
    victim.open("/account")
    use(thief)
    assert THEFT in thief.text
    with suppress(Error):  # its first refresh was slow, and has found out already
        victim.page.evaluate(TURN_CLOCKS, [RUN_OUT * 1000, 0])
        victim.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    victim.until_at("/sign-in?next=%2Faccount&reason=refresh_token_reused")
    assert THEFT in victim.text


@pytest.mark.parametrize("script", SCRIPT)
def test_back_button_after_signing_out(make_visitor: MakeVisitor, name: str, *, script: bool) -> None:
    """The back button leads to the sign-in page, not to what was on the account page."""
    visitor = make_visitor(java_script_enabled=script)
    visitor.enter(name)
    visitor.page.get_by_role("button", name="Sign out").first.click()
    visitor.until_at(SIGNED_OUT)
    visitor.go(-1)
    eventually(lambda: visitor.path.startswith("/sign-in?next=%2Faccount"))
    visitor.until_shown("Keep me signed in")
    assert name not in visitor.text


@pytest.mark.parametrize("script", SCRIPT)
def test_back_button_after_signing_out_elsewhere(
    make_visitor: MakeVisitor, name: str, *, script: bool
) -> None:
    """The same where another tab signed out while this one was on another page."""
    visitor = make_visitor(java_script_enabled=script)
    visitor.enter(name)
    visitor.open("/stranger?to=/")
    tab = visitor.context.new_page()
    tab.goto(visitor.address("/account"))
    tab.get_by_role("button", name="Sign out").first.click()
    tab.wait_for_url("**/sign-in*")
    visitor.go(-1)
    eventually(lambda: visitor.path.startswith("/sign-in?next=%2Faccount"))
    visitor.until_shown("Keep me signed in")
    assert name not in visitor.text


def test_page_that_comes_back_as_it_was_is_asked_again(visitor: Visitor) -> None:
    """A page out of the back/forward cache is loaded anew before anybody can rely on it."""
    visitor.page.evaluate("self.kept = true")
    visitor.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    eventually(lambda: visitor.says("!self.kept && document.readyState === 'complete'"))
    assert visitor.path == "/account"


def test_account_page_follows_another_tab(visitor: Visitor) -> None:
    """Signing out in one tab takes the account page of the other one away by itself."""
    tab = visitor.context.new_page()
    tab.goto(visitor.address("/account"))
    tab.get_by_role("button", name="Sign out").first.click()
    eventually(lambda: visitor.path.startswith("/sign-in"))
