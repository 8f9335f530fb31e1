"""The sign-in page: clear words for each refusal, and nothing to be typed twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import PASSWORD
from tests.support.chromium.visitor import MakeVisitor

from ...support.chromium.axe import flaws
from ...support.chromium.house_opening import House
from ...support.chromium.visitor import Visitor

MISMATCH = "That name and password do not match."


@pytest.fixture
def stranger(make_visitor: MakeVisitor) -> Visitor:
    """Somebody before the sign-in page who has not signed in."""
    visitor = make_visitor()
    visitor.open("/sign-in")
    return visitor


@pytest.mark.parametrize(
    ("columns", "password", "words"),
    [
        pytest.param({}, "not the password", MISMATCH, id="a wrong password"),
        pytest.param(None, PASSWORD, MISMATCH, id="an unknown name"),
        pytest.param({"blocked": True}, PASSWORD, "This account has been blocked.", id="a blocked account"),
        pytest.param(
            {"confirmed": False}, PASSWORD, "This account has not been confirmed yet.", id="not yet confirmed"
        ),
    ],
)
def test_refusal_is_told(
    stranger: Visitor, house: House, name: str, columns: dict[str, bool] | None, password: str, words: str
) -> None:
    """The page says what is wrong; the name stays, the password goes, and the cursor waits for it."""
    typed = f"other-{name}"
    if columns is not None:
        house.add_user(typed, **columns)
    stranger.sign_in(typed, password)
    expect(stranger.page.get_by_role("alert")).to_have_text(words)
    expect(stranger.page.get_by_label("E-mail address or user name")).to_have_value(typed)
    expect(stranger.page.get_by_label("Password")).to_have_value("")
    expect(stranger.page.get_by_label("Password")).to_be_focused()
    expect(stranger.page.get_by_label("Password")).to_have_accessible_description(words)
    assert flaws(stranger.page.main_frame) == []


def test_wait_is_told(stranger: Visitor, house: House) -> None:
    """Who has guessed ten times reads how long to wait, once."""
    house.turn_clock(-house.ahead)
    for _ in range(11):
        stranger.sign_in("somebody-who-guesses", "not the password")
    expect(stranger.page.get_by_role("alert")).to_have_text(
        "Too many attempts. You can try again in 10 minutes."
    )


def test_choice_is_kept(stranger: Visitor) -> None:
    """Who does not want to stay signed in says so once."""
    stranger.page.get_by_label("Keep me signed in").uncheck()
    stranger.sign_in("nobody", "not the password")
    expect(stranger.page.get_by_label("Keep me signed in")).not_to_be_checked()


def test_password_managers_know_the_fields(stranger: Visitor) -> None:
    """Both fields say what belongs into them."""
    fields = [stranger.page.get_by_label(label) for label in ("E-mail address or user name", "Password")]
    hints = [field.get_attribute("autocomplete") for field in fields]
    assert hints == ["username", "current-password"]


def test_by_keyboard(stranger: Visitor, name: str) -> None:
    """Without a mouse: type, tab, type, enter; and then to the buttons of the account page."""
    keyboard = stranger.page.keyboard
    expect(stranger.page.get_by_label("E-mail address")).to_be_focused()  # with the first picture of the page
    keyboard.type(name)
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    stranger.until_at("/account")
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(stranger.page.get_by_role("button", name="Sign out").first).to_be_focused()
    assert stranger.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keyboard.press("Enter")
    stranger.until_at("/sign-in?reason=signed_out")
