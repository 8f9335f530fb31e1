"""The single-page demo: sign in, ask, sign out, and a second tab that follows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium.visitor import MakeVisitor, send_sign_in

from ...support.chromium.visitor import Visitor


def second_tab(visitor: Visitor) -> Page:
    """The demo in another tab."""
    tab = visitor.context.new_page()
    tab.goto(visitor.address("/demo"))
    return tab


def test_story(make_visitor: MakeVisitor, name: str) -> None:
    """Both tabs go in and out together, and the server knows who asks."""
    visitor = make_visitor()
    visitor.open("/demo")
    tab = second_tab(visitor)
    send_sign_in(visitor.page, name)
    for page in (visitor.page, tab):
        expect(page.locator("#who")).to_have_text(f"{name}@example.org")
    tab.get_by_role("button", name="Ask the server who I am").click()
    expect(tab.locator("#answer")).to_contain_text(f'"email": "{name}@example.org"')
    tab.get_by_role("button", name="Sign out").click()
    for page in (tab, visitor.page):
        expect(page.get_by_label("Password")).to_be_visible()
        expect(page.locator("#inside")).to_be_hidden()
        expect(page.locator("#answer")).to_be_empty()


def test_access_token_that_ran_out(visitor: Visitor) -> None:
    """Asking with a token that is no longer good renews it unseen."""
    visitor.open("/demo")
    expect(visitor.page.locator("#inside")).to_be_visible()
    visitor.wait()
    visitor.page.get_by_role("button", name="Ask the server who I am").click()
    expect(visitor.page.locator("#answer")).to_contain_text('"email"')
    expect(visitor.page.locator("#log")).to_contain_text("The access token was renewed")


def test_wrong_password_is_told(make_visitor: MakeVisitor, name: str) -> None:
    """The form says what is wrong and keeps the name."""
    visitor = make_visitor()
    visitor.open("/demo")
    send_sign_in(visitor.page, name, "not the password")
    expect(visitor.page.get_by_role("alert")).to_have_text("That name and password do not match.")
    expect(visitor.page.get_by_label("E-mail address or user name")).to_have_value(name)


@pytest.mark.parametrize("remember", [True, False])
def test_choice_to_stay_is_the_visitors(make_visitor: MakeVisitor, name: str, *, remember: bool) -> None:
    """The box decides whether the cookie outlives the browser."""
    visitor = make_visitor()
    visitor.open("/demo")
    visitor.page.get_by_label("Keep me signed in on this device").set_checked(remember)
    send_sign_in(visitor.page, name)
    expect(visitor.page.locator("#who")).to_have_text(f"{name}@example.org")
    (cookie,) = (one for one in visitor.context.cookies() if one.get("name") == "refreshToken")
    assert (cookie.get("expires", -1) > 0) == remember


def test_log_is_in_plain_words(make_visitor: MakeVisitor, name: str) -> None:
    """No name of an event or code of the server is in it."""
    visitor = make_visitor()
    visitor.open("/demo")
    log = visitor.page.locator("#log")
    expect(log).to_contain_text("Nobody is signed in.")
    send_sign_in(visitor.page, name)
    expect(log).to_contain_text(f"{name}@example.org is signed in.")
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(log).to_contain_text("Signed out: somebody signed out, here or in another tab.")
    assert "_" not in log.inner_text()


def test_without_script(make_visitor: MakeVisitor) -> None:
    """Without script the page says so, and shows the way to one that needs none."""
    visitor = make_visitor(java_script_enabled=False)
    visitor.open("/demo")
    expect(visitor.page.get_by_role("link", name="the account page")).to_be_visible()
    expect(visitor.page.get_by_label("Password")).to_be_hidden()
