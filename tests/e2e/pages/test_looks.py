"""Every page, light and dark, on a phone: axe-core is silent, nothing hangs over, and nothing is inline."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium.visitor import MakeVisitor

from ...support.chromium.axe import flaws
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
