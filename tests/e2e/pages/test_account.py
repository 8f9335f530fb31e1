"""The account page lists the devices that are signed in, and ends one or all others of them."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.support.chromium.visitor import MakeVisitor

from ...support.chromium.visitor import Visitor

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
HOUR = 3600
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


@pytest.mark.parametrize("script", SCRIPT)
def test_this_device_comes_first(make_visitor: MakeVisitor, name: str, *, script: bool) -> None:
    """Also where another one has been used since, and with it when the others were used, in words."""
    first, *_ = devices(make_visitor, name, script=script)
    first.house.turn_clock(3 * HOUR)
    make_visitor(user_agent=FIREFOX).enter(name)
    first.open("/account")
    listed = first.page.locator(".devices li")
    expect(listed.first).to_contain_text("this device")
    expect(listed.first).to_contain_text("In use now")
    expect(listed.first).to_contain_text("Signed in 3 hours ago")
    expect(first.page.locator(".devices")).to_contain_text("Last used about 3 hours ago")


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_times_are_those_of_the_visitor(make_visitor: MakeVisitor, name: str, zone: str) -> None:
    """With script the date and the clock time of the visitor stand beside the words."""
    visitor = make_visitor(timezone_id=zone, locale="en-GB")
    visitor.enter(name)
    shown = visitor.page.locator("time").first
    expect(shown).to_have_text(re.compile(r"^(just now|1 minute ago) \(\d+ \w+ \d{4}, \d\d:\d\d\)$"))
    moment = datetime.fromisoformat(shown.get_attribute("datetime") or "").astimezone(ZoneInfo(zone))
    expect(shown).to_contain_text(f"{moment:%Y, %H:%M}")


def test_passwords_can_be_revealed(visitor: Visitor) -> None:
    """One button shows both fields and hides them again, and they are hidden when they are sent."""
    page = visitor.page
    fields = [page.get_by_label(label, exact=True) for label in ("Current password", "New password")]
    page.get_by_role("button", name="Show passwords").click()
    assert [field.get_attribute("type") for field in fields] == ["text", "text"]
    page.get_by_role("button", name="Hide passwords").click()
    assert [field.get_attribute("type") for field in fields] == ["password", "password"]
    page.get_by_role("button", name="Show passwords").click()
    page.evaluate(
        "document.querySelector('#reveal').form.addEventListener('submit', (event) => event.preventDefault())"
    )
    for field in fields:
        field.fill("the words of a password")
    page.get_by_role("button", name="Change password").click()
    assert [field.get_attribute("type") for field in fields] == ["password", "password"]


def test_without_script_there_is_nothing_to_reveal(make_visitor: MakeVisitor, name: str) -> None:
    """A button that would do nothing is not shown."""
    visitor = make_visitor(java_script_enabled=False)
    visitor.enter(name)
    expect(visitor.page.get_by_role("button", name="Show passwords")).to_be_hidden()


def test_length_is_told_before_it_is_wrong(visitor: Visitor) -> None:
    """The new field says how long it has to be, and the browser does not send a shorter one."""
    field = visitor.page.get_by_label("New password")
    expect(field).to_have_accessible_description(re.compile("^At least 15 characters"))
    assert field.get_attribute("minlength") == "15"


def test_wrong_current_password_is_told_of_the_password(visitor: Visitor) -> None:
    """The page speaks of the one field that is wrong, and describes it so."""
    visitor.page.get_by_label("Current password").fill("not it")
    visitor.page.get_by_label("New password").fill("a new and rather long one")
    visitor.page.get_by_role("button", name="Change password").click()
    expect(visitor.page.get_by_role("alert")).to_have_text("That is not your current password.")
    field = visitor.page.get_by_label("Current password")
    expect(field).to_have_accessible_description("That is not your current password.")
    expect(field).to_be_focused()


def test_one_device_leaves_no_gap(visitor: Visitor) -> None:
    """Below the only device is as much room as beside it."""
    gaps = visitor.page.evaluate(
        """() => {
          const list = document.querySelector(".devices");
          const card = list.closest(".card").getBoundingClientRect();
          const last = list.querySelector("li:last-child > div").getBoundingClientRect();
          return [card.bottom - last.bottom, last.left - card.left];
        }"""
    )
    assert gaps[0] == pytest.approx(gaps[1], abs=1)
