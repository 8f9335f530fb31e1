"""The single-page demo: sign in, ask, sign out, and a second tab that follows."""

from __future__ import annotations

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
    expect(visitor.page.locator("#log")).to_contain_text("renewed")


def test_wrong_password_is_told(make_visitor: MakeVisitor, name: str) -> None:
    """The form says what is wrong and keeps the name."""
    visitor = make_visitor()
    visitor.open("/demo")
    send_sign_in(visitor.page, name, "not the password")
    expect(visitor.page.get_by_role("alert")).to_have_text("That name and password do not match.")
    expect(visitor.page.get_by_label("E-mail address or user name")).to_have_value(name)


def test_without_script(make_visitor: MakeVisitor) -> None:
    """Without script the page says so, and shows the way to one that needs none."""
    visitor = make_visitor(java_script_enabled=False)
    visitor.open("/demo")
    expect(visitor.page.get_by_role("link", name="the account page")).to_be_visible()
    expect(visitor.page.get_by_label("Password")).to_be_hidden()
