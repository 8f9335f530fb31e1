"""Where a refresh token travels: by cookie or by body, and never from one into the other."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite, let_in

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


@pytest.mark.parametrize("cookie", ["made-by-somebody-else", "ended"])
@pytest.mark.parametrize("grant", [{}, {"grant_type": "refresh_token"}], ids=["plain", "grant"])
def test_no_good_cookie_hides_a_good_token_in_the_body(
    browser: Browser, site: Flask, ada: str, cookie: str, grant: dict[str, str]
) -> None:
    """Beside a cookie that is foreign or of an ended session the body counts; the two are never mixed."""
    ended = let_in(site, ada)
    held = ended.held
    ended.sign_out()
    token = content(browser.sign_in(delivery="body"))["refresh_token"]
    browser.refresh_cookie = held if cookie == "ended" else cookie
    reply = browser.post("/auth/refresh", grant | {"refresh_token": token})
    assert content(reply)["refresh_token"] != token
    assert "Set-Cookie" not in reply.headers


def test_stolen_cookie_counts_over_good_body(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A cookie that is used again after its successor is refused, whatever the body holds."""
    stale = signed_in.held
    for _ in range(3):
        clock.advance(31)
        signed_in.refresh()
    reply = Browser(site, stale).refresh(let_in(site, ada).token)
    assert refusal(reply) == (401, "refresh_token_reused")


def test_site_without_body_delivery_looks_at_no_body(make_site: MakeSite, signed_in: Browser) -> None:
    """With RATCHET_BODY_DELIVERY false a foreign cookie is refused, whatever the body holds."""
    site = make_site(RATCHET_BODY_DELIVERY=False)
    assert refusal(Browser(site, "made-by-somebody-else").refresh(signed_in.token)) == OVER


def test_refresh_needs_no_access_token(signed_in: Browser, clock: Clock) -> None:
    """The access token may be gone, expired or garbage."""
    signed_in.client.delete_cookie("accessToken")
    clock.advance(3600)
    assert signed_in.post("/auth/refresh", headers=bearer("garbage")).status_code == 200
