"""Changing the password: who may, what ends, what the browser is left with."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.auth.passwords.throttle import SESSION
from tests.support.browser import (
    COOKIES,
    NEW_PASSWORD,
    PASSWORD,
    REFRESH_COOKIE,
    SPARE_COOKIES,
    Browser,
    bearer,
    content,
    refusal,
    set_cookies,
)
from tests.support.clock import Clock
from tests.support.sites import MakeSite, add_user, let_in

from ...support.rows import stored, write

OVER = (401, "refresh_token_invalid")
INVALID = (401, "token_invalid")


def change(
    browser: Browser, current: str = PASSWORD, new: str = NEW_PASSWORD, token: str = ""
) -> TestResponse:
    """POST /auth/password."""
    headers = bearer(token) if token else {}
    return browser.change_password(current, new, headers=headers)


def test_new_password_counts_from_now_on(signed_in: Browser, site: Flask, ada: str) -> None:
    """The hash is replaced: the new password signs in, the old one does not."""
    before = stored(site, ada).password_hash
    assert change(signed_in).status_code == 200
    assert stored(site, ada).password_hash != before
    assert Browser(site).sign_in(password=NEW_PASSWORD).status_code == 200
    assert refusal(Browser(site).sign_in()) == (401, "invalid_credentials")


def test_every_other_session_ends(signed_in: Browser, site: Flask, ada: str) -> None:
    """Whoever else holds a session of this user is out, with either token."""
    other = let_in(site, ada)
    access = content(other.refresh())["access_token"]
    change(signed_in)
    assert len(stored(site, ada).sessions) == 1
    assert refusal(other.refresh()) == OVER
    assert refusal(Browser(site).me(access)) == INVALID


def test_old_tokens_of_this_session_end_within_the_leeway_too(signed_in: Browser, site: Flask) -> None:
    """Who copied this browser's tokens before the change holds nothing after it."""
    parent = signed_in.held
    access = content(signed_in.refresh())["access_token"]
    current = signed_in.held
    change(signed_in)
    for token in (parent, current):
        assert refusal(Browser(site, token).refresh()) == OVER
    assert refusal(Browser(site).me(access)) == INVALID
    assert (signed_in.me().status_code, signed_in.refresh().status_code) == (200, 200)


def test_session_goes_on_as_it_was(browser: Browser, clock: Clock) -> None:
    """The fresh session keeps the name, the cookies and the remembering of the one it replaces."""
    browser.sign_in(remember=True, label="Laptop")
    clock.advance(60)
    reply = change(browser)
    assert set_cookies(reply).keys() == COOKIES | SPARE_COOKIES
    assert set_cookies(reply)[REFRESH_COOKIE]["max-age"] == str(14 * 86400)
    assert "refresh_token" not in content(reply)
    assert content(browser.me())["session"]["label"] == "Laptop"


def test_body_delivery_stays_body_delivery(browser: Browser) -> None:
    """A client without cookies gets its new tokens in the body."""
    access = content(browser.sign_in(delivery="body"))["access_token"]
    reply = change(browser, token=access)
    assert "Set-Cookie" not in reply.headers
    assert browser.refresh(content(reply)["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "expected"),
    [
        pytest.param(
            "not the password", NEW_PASSWORD, (401, "invalid_credentials"), id="the current one is wrong"
        ),
        pytest.param("", NEW_PASSWORD, (401, "invalid_credentials"), id="the current one is empty"),
        pytest.param(PASSWORD, "x" * 14, (400, "invalid_request"), id="the new one is a character short"),
        pytest.param(PASSWORD, "owl" * 171, (400, "invalid_request"), id="the new one is a character long"),
        pytest.param(
            "x" * 513, NEW_PASSWORD, (400, "invalid_request"), id="the current one is longer than any"
        ),
        pytest.param(PASSWORD, "", (400, "invalid_request"), id="the new one is empty"),
        pytest.param(PASSWORD, "\U0001f511" * 14, (400, "invalid_request"), id="characters count, not bytes"),
    ],
)
def test_refused_change(
    signed_in: Browser, site: Flask, ada: str, current: str, new: str, expected: tuple[int, str]
) -> None:
    """A change that is refused changes nothing: no hash, no session, no cookie."""
    before = stored(site, ada)
    reply = change(signed_in, current, new)
    assert refusal(reply) == expected
    assert "Set-Cookie" not in reply.headers
    assert stored(site, ada) == before


def test_long_password_counts_in_full(signed_in: Browser, site: Flask) -> None:
    """64 characters of four bytes are taken whole."""
    faces = "".join(map(chr, range(0x1F600, 0x1F640)))
    assert change(signed_in, new=faces).status_code == 200
    assert Browser(site).sign_in(password=faces).status_code == 200
    assert Browser(site).sign_in(password=faces[:-1]).status_code == 401


@pytest.mark.parametrize("missing", ["current_password", "new_password"])
def test_both_passwords_have_to_be_there(signed_in: Browser, missing: str) -> None:
    """Half a change is none."""
    fields = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    del fields[missing]
    assert refusal(signed_in.post("/auth/password", fields)) == (400, "invalid_request")


def test_access_token_is_needed(signed_in: Browser, site: Flask) -> None:
    """With only a refresh cookie the password is not changed."""
    assert refusal(change(Browser(site, signed_in.held))) == (401, "token_missing")


def test_ended_session_changes_no_password(signed_in: Browser, site: Flask) -> None:
    """An access token that has not run out is refused once its session is over."""
    access = content(signed_in.refresh())["access_token"]
    signed_in.sign_out()
    assert refusal(change(Browser(site), token=access)) == INVALID


def test_blocked_user_changes_no_password(signed_in: Browser, site: Flask, ada: str) -> None:
    """Nor does an account that may not sign in any more."""
    write(site, ada, blocked=True)
    before = stored(site, ada)
    assert refusal(change(signed_in)) == INVALID
    assert stored(site, ada) == before


def test_change_is_a_fresh_sign_in(signed_in: Browser, clock: Clock) -> None:
    """Who has just given the password need not give it again."""
    clock.advance(599)
    change(signed_in)
    clock.advance(599)
    assert signed_in.post("/auth/sessions", {}).status_code == 201


def test_guesses_at_a_password_are_counted_apart_from_sign_ins(site: Flask, ada: str) -> None:
    """Whoever is called like the key of ada's row neither holds up her change nor clears its count."""
    add_user(site, "eve@example.org", ada)
    for _ in range(10):
        assert Browser(site).sign_in(ada, "not hers").status_code == 401
    holder = let_in(site, ada)
    guesses = [guess(holder).status_code for _ in range(11)]
    assert guesses == [401] * 10 + [429]


def test_guesses_at_a_password_from_everywhere_are_counted(make_site: MakeSite) -> None:
    """A thief with an access token and many addresses gets no more guesses than one without."""
    site = make_site(PROXY_HOPS=1)
    holder = let_in(site, add_user(site, "ada@example.org", "ada"))
    guesses = [
        guess(holder, **{"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(SESSION.amount + 1)
    ]
    assert guesses == [401] * SESSION.amount + [429]


def guess(holder: Browser, **headers: str) -> TestResponse:
    """Try a password that is wrong, as somebody who holds a session."""
    fields = {"current_password": "a wrong one", "new_password": "another horse, another battery"}
    return holder.client.post("/auth/password", json=fields, headers=headers)
