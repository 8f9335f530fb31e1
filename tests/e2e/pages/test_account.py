"""The account page lists the devices that are signed in, and ends one or all others of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.chromium.visitor import MakeVisitor

from ...support.chromium.visitor import Visitor

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
SCRIPT = [pytest.param(True, id="script"), pytest.param(False, id="no script")]


def devices(make_visitor: MakeVisitor, name: str, *, script: bool) -> tuple[Visitor, Visitor, Visitor]:
    """Somebody who has signed in on three devices; the first one shows all of them."""
    first = make_visitor(java_script_enabled=script)
    second, third = make_visitor(user_agent=FIREFOX), make_visitor(user_agent=SAFARI)
    for visitor in (third, second, first):
        visitor.enter(name)
    first.open("/account")
    expect(first.page.locator(".device")).to_have_count(3)
    return first, second, third


@pytest.mark.parametrize("script", SCRIPT)
def test_one_device_is_signed_out(make_visitor: MakeVisitor, name: str, *, script: bool) -> None:
    """It goes from the list and has to sign in again, the others stay; with script, without a reload."""
    first, second, third = devices(make_visitor, name, script=script)
    first.page.evaluate("self.kept = true")
    first.page.get_by_role("button", name="Sign out Firefox on Windows").click()
    expect(first.page.locator(".device")).to_have_count(2)
    assert first.page.evaluate("self.kept === true") == script
    second.open("/panel")
    third.open("/panel")
    assert (second.path, third.path) == ("/sign-in?next=%2Fpanel", "/panel")


@pytest.mark.parametrize("script", SCRIPT)
def test_all_others_are_signed_out(make_visitor: MakeVisitor, name: str, *, script: bool) -> None:
    """One button leaves only this device signed in, and is gone with the others."""
    first, *others = devices(make_visitor, name, script=script)
    first.page.get_by_role("button", name="Sign out all other devices").click()
    expect(first.page.locator(".device")).to_have_count(1)
    expect(first.page.locator(".device")).to_contain_text("this device")
    expect(first.page.get_by_role("button", name="Sign out all other devices")).to_have_count(0)
    for visitor in others:
        visitor.open("/panel")
        assert visitor.path == "/sign-in?next=%2Fpanel"


def test_last_other_device_takes_the_button_along(make_visitor: MakeVisitor, name: str) -> None:
    """With script, too: where no other device is left, there is no button for all others."""
    first, other = make_visitor(), make_visitor(user_agent=FIREFOX)
    other.enter(name)
    first.enter(name)
    first.page.get_by_role("button", name="Sign out Firefox on Windows").click()
    expect(first.page.locator(".device")).to_have_count(1)
    expect(first.page.get_by_role("button", name="Sign out all other devices")).to_be_hidden()
