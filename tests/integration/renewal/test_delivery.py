"""Where a refresh token travels: by cookie or by body, and never from one into the other."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.sites import let_in

DAY = 86400
OVER = (401, "refresh_token_invalid")


@pytest.mark.parametrize("field", ["refresh_token", "refreshToken"])
def test_body_delivery(browser: Browser, field: str) -> None:
    """A token that came in the body goes back in the body, and no cookie is set."""
    token = content(browser.sign_in(delivery="body"))["refresh_token"]
    reply = browser.post("/auth/refresh", {field: token})
    assert "Set-Cookie" not in reply.headers
    assert content(reply)["refresh_token"] != token
    assert content(reply)["refresh_expires_in"] == DAY


def test_cookie_counts_over_body(signed_in: Browser, site: Flask, ada: str) -> None:
    """With both, the cookie's session is renewed by cookie and the body's token is not looked at."""
    before = signed_in.held
    reply = signed_in.refresh(let_in(site, ada).token)
    assert signed_in.held != before
    assert "refresh_token" not in content(reply)


def test_bad_cookie_counts_over_good_body(signed_in: Browser, site: Flask) -> None:
    """A cookie that is no good is refused, whatever the body holds: the two are never mixed."""
    assert refusal(Browser(site, "mangled").refresh(signed_in.token)) == OVER


def test_refresh_needs_no_access_token(signed_in: Browser, clock: Clock) -> None:
    """The access token may be gone, expired or garbage."""
    signed_in.client.delete_cookie("accessToken")
    clock.advance(3600)
    assert signed_in.post("/auth/refresh", headers=bearer("garbage")).status_code == 200
