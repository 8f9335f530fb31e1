"""Every page, light and dark, on a phone: axe-core is silent, nothing hangs over, and nothing is inline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium.visitor import MakeVisitor

from ...support.browser import PASSWORD
from ...support.chromium.axe import flaws
from ...support.chromium.shop_opening import open_shop
from ...support.chromium.visitor import Visitor


def sign_in(visitor: Visitor, _name: str) -> None:
    """Open the sign-in page, as somebody whose session was stolen."""
    visitor.open("/sign-in?reason=refresh_token_reused")


def account(visitor: Visitor, name: str) -> None:
    """Open the account page, which shows a device."""
    visitor.enter(name)
    expect(visitor.page.locator(".device")).to_have_count(1)


def demo(visitor: Visitor, _name: str) -> None:
    """Open the demo, nobody signed in."""
    visitor.open("/demo")
    expect(visitor.page.locator("#form")).to_be_visible()


def demo_inside(visitor: Visitor, name: str) -> None:
    """Open the demo, somebody signed in and an answer shown."""
    visitor.enter(name)
    visitor.open("/demo")
    visitor.page.get_by_role("button", name="Ask the server who I am").click()
    expect(visitor.page.locator("#answer")).to_contain_text("email")


@pytest.mark.parametrize("show", [sign_in, account, demo, demo_inside])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page(
    make_visitor: MakeVisitor, name: str, show: Callable[[Visitor, str], None], scheme: str
) -> None:
    """Nothing is hard to read or to reach, nothing is wider than a phone, and the console is quiet."""
    visitor = make_visitor(color_scheme=scheme)
    show(visitor, name)
    assert flaws(visitor.page.main_frame) == []
    assert visitor.width_on_a_phone <= 360
    assert visitor.complaints == []


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a stranger's app is that has no sign-in page of its own."""
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield f"http://localhost:{opened.port}"


@pytest.fixture
def phone(window: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a phone; the parameter says what its browser is like."""
    context = window.new_context(viewport={"width": 360, "height": 740}, **request.param)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    "phone", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"], indirect=True
)
def test_sign_in_page_of_the_package(phone: Page, shop: str) -> None:
    """As good as the site's own: with a reason, with a problem, and for somebody who is signed in."""
    complaints: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text))
    phone.goto(f"{shop}/auth/sign-in?reason=refresh_token_reused&next=/auth/sign-in")
    for password, role in (("wrong", "status"), (PASSWORD, "alert")):
        expect(phone.locator(f"[role={role}]")).to_be_visible()
        assert flaws(phone.main_frame) == []
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360
        phone.get_by_label("user name").fill("ada")
        phone.get_by_label("Password").fill(password)
        phone.get_by_role("button").click()
    phone.goto(f"{shop}/auth/sign-in")
    expect(phone.get_by_role("button")).to_have_text("Sign out")
    assert flaws(phone.main_frame) == []
    assert [words for words in complaints if "Security Policy" in words] == []


@pytest.mark.parametrize("phone", [{"java_script_enabled": False}], ids=["no script"], indirect=True)
def test_sign_in_page_of_the_package_needs_no_script(phone: Page, shop: str) -> None:
    """From a guarded page to the form, back to the page, and out again."""
    orders = f"{shop}/api/orders"
    phone.goto(orders)
    phone.get_by_label("user name").fill("ada")
    phone.keyboard.press("Tab")
    phone.keyboard.type(PASSWORD)
    phone.keyboard.press("Enter")
    expect(phone).to_have_url(orders)
    expect(phone.locator("body")).to_contain_text("ada")
    phone.goto(f"{shop}/auth/sign-in")
    phone.get_by_role("button", name="Sign out").click()
    expect(phone.get_by_role("status")).to_have_text("You are signed out.")
    phone.goto(orders)
    expect(phone.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("path", ["/sign-in", "/account", "/demo"])
def test_policy(visitor: Visitor, path: str) -> None:
    """The policy allows only this site's own script, and no page has one inline."""
    reply = visitor.page.goto(visitor.address(path))
    assert reply is not None
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    inline = re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", reply.text())
    assert inline == []


def test_policy_is_obeyed(visitor: Visitor) -> None:
    """An inline script that found its way into a page is not run, and Chromium says so."""
    visitor.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { text: 'self.run = true' }))"
    )
    assert visitor.page.evaluate("self.run") is None
    assert any("Content Security Policy" in complaint for complaint in visitor.complaints)
