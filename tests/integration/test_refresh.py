"""A refresh over HTTP, on each database."""

from __future__ import annotations

from flask import Flask

from tests.browser import Browser
from tests.conftest import Clock


def test_first_refresh_rotates_both_tokens(browser: Browser, clock: Clock) -> None:
    """A fresh session has no parent, so its first refresh hands out new tokens at once."""
    signed_in = browser.sign_in()
    first = browser.refresh_cookie
    clock.advance(1)
    reply = browser.refresh()
    assert reply.status_code == 200
    assert browser.refresh_cookie not in (None, first)
    assert reply.json is not None
    assert signed_in.json is not None
    assert reply.json["access_token"] != signed_in.json["access_token"]


def test_repeat_hands_out_the_very_same_token(browser: Browser, site: Flask) -> None:
    """Within the leeway a replayed parent gets the current token again, to the byte."""
    browser.sign_in()
    parent = browser.refresh_cookie
    assert parent is not None
    browser.refresh()
    current = browser.refresh_cookie
    other = Browser(site)
    other.refresh_cookie = parent
    assert other.refresh().status_code == 200
    assert other.refresh_cookie == current
