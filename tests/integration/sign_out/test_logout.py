"""Signing out: always possible, whatever one still holds; three scopes."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.auth.signals import session_ended
from tests.support.browser import REFRESH_COOKIE, Browser, access_token, bearer, cleared, content, refusal
from tests.support.clock import Clock
from tests.support.sites import add_user, let_in

from ...support.rows import statements, stored, write

DAY = 86400
OVER = (401, "refresh_token_invalid")


def assert_signed_out(reply: TestResponse) -> None:
    """The reply says that the browser is signed out: 204, nothing in it, no cookies any more."""
    assert (reply.status_code, reply.data) == (204, b"")
    assert cleared(reply)


def test_sign_out_ends_the_session_at_once(signed_in: Browser, site: Flask, ada: str) -> None:
    """After the reply neither token works, the refresh token not within its leeway either."""
    parent = signed_in.held
    access = content(signed_in.refresh())["access_token"]
    current = signed_in.held
    assert_signed_out(signed_in.sign_out())
    assert signed_in.refresh_cookie is None
    assert stored(site, ada).sessions == []
    for token in (parent, current):
        assert refusal(Browser(site, token).refresh()) == OVER
    assert refusal(Browser(site).me(access)) == (401, "token_invalid")


def test_sign_out_of_one_device_leaves_the_others(signed_in: Browser, site: Flask, ada: str) -> None:
    """The scope is this session unless another is named."""
    other = let_in(site, ada)
    assert_signed_out(signed_in.post("/auth/logout"))
    assert other.refresh().status_code == 200


def test_sign_out_of_the_others_keeps_this_one(signed_in: Browser, site: Flask, ada: str) -> None:
    """``others`` ends every session but the one that asks, and that one keeps its cookies."""
    other = let_in(site, ada)
    reply = signed_in.sign_out("others")
    assert (reply.status_code, cleared(reply)) == (204, False)
    assert len(stored(site, ada).sessions) == 1
    assert refusal(other.refresh()) == OVER
    assert signed_in.refresh().status_code == 200


def test_sign_out_everywhere(signed_in: Browser, site: Flask, ada: str) -> None:
    """``all`` ends every session of the user, and none of anybody else."""
    other, bobs = let_in(site, ada), let_in(site, add_user(site, "bob@example.org", "bob"))
    assert_signed_out(signed_in.sign_out("all"))
    assert stored(site, ada).sessions == []
    assert refusal(other.refresh()) == OVER
    assert bobs.refresh().status_code == 200


@pytest.mark.parametrize(
    ("cookie", "fields"),
    [
        pytest.param(None, {}, id="nothing at all"),
        pytest.param("garbage", {}, id="a garbage cookie"),
        pytest.param(None, {"refresh_token": "garbage"}, id="a garbage token in the body"),
        pytest.param(None, {"refreshToken": "a.b.c"}, id="something like a token in the body"),
    ],
)
def test_nothing_to_sign_out(site: Flask, cookie: str | None, fields: dict[str, str]) -> None:
    """Whoever holds no token is signed out already: 204, cleared cookies, and the database is not asked."""
    with statements(site) as sent:
        assert_signed_out(Browser(site, cookie).post("/auth/logout", fields))
    assert sent == []


def test_signing_out_twice(signed_in: Browser, site: Flask) -> None:
    """The second time is as good as the first."""
    held = signed_in.held
    assert_signed_out(signed_in.sign_out())
    assert_signed_out(Browser(site, held).sign_out())


def test_any_old_token_of_the_session_ends_it(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A token that could not refresh any more still signs out, and is no theft."""
    oldest = signed_in.held
    for _ in range(3):
        signed_in.refresh()
        clock.advance(DAY / 2)
    assert_signed_out(Browser(site, oldest).sign_out())
    assert stored(site, ada).sessions == []


def test_expired_refresh_token_signs_out(signed_in: Browser, clock: Clock) -> None:
    """Long after the session's end a sign-out still gives its 204 and takes the cookies along."""
    clock.advance(400 * DAY)
    assert_signed_out(signed_in.sign_out())


@pytest.mark.parametrize("age", [0, 3600], ids=["valid", "expired"])
@pytest.mark.parametrize("way", ["bearer", "cookie"])
def test_access_token_alone_signs_out(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, age: int, way: str
) -> None:
    """A client that holds only an access token can sign out with it, expired or not."""
    access = content(signed_in.refresh())["access_token"]
    clock.advance(age)
    browser = Browser(site)
    if way == "cookie":
        browser.client.set_cookie("accessToken", access)
    reply = browser.post("/auth/logout", headers=bearer(access) if way == "bearer" else {})
    assert_signed_out(reply)
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize("field", ["refresh_token", "refreshToken"])
def test_token_in_the_body_signs_out(signed_in: Browser, site: Flask, ada: str, field: str) -> None:
    """A client without cookies signs out with the token it holds."""
    assert_signed_out(Browser(site).post("/auth/logout", {field: signed_in.token}))
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize("scope", ["session", "all"])
def test_sessions_of_cookie_and_body_both_end(signed_in: Browser, site: Flask, ada: str, scope: str) -> None:
    """A 204 leaves no session alive of which a token was presented, and each is told as a sign-out."""
    bob = add_user(site, "bob@example.org", "bob")
    token, told = let_in(site, bob).token, []

    def note(_sender: Flask, *, subject: str, reason: str, **_: object) -> None:
        told.append((subject, reason))

    with session_ended.connected_to(note, site):
        assert_signed_out(signed_in.post("/auth/logout", {"refresh_token": token, "scope": scope}))
    assert told == [(ada, "signed_out"), (bob, "signed_out")]
    assert (stored(site, ada).sessions, stored(site, bob).sessions) == ([], [])


def test_of_two_good_cookies_the_first_one_acts(signed_in: Browser, site: Flask, ada: str) -> None:
    """Its user's other devices are signed out, and nothing of the other user."""
    bob = add_user(site, "bob@example.org", "bob")
    other, _ = let_in(site, bob), let_in(site, ada)
    cookies = f"{REFRESH_COOKIE}={signed_in.held}; {REFRESH_COOKIE}={other.held}"
    client = site.test_client(use_cookies=False)
    reply = client.post("/auth/logout", json={"scope": "others"}, headers={"Cookie": cookies})
    assert reply.status_code == 204
    assert (len(stored(site, ada).sessions), len(stored(site, bob).sessions)) == (1, 1)
    assert signed_in.refresh().status_code == 200


def test_foreign_cookie_hides_no_token_in_the_body(signed_in: Browser, site: Flask, ada: str) -> None:
    """The session in the body ends, whatever another site has set under the cookie's name."""
    reply = Browser(site, "made-by-somebody-else").post("/auth/logout", {"refresh_token": signed_in.token})
    assert_signed_out(reply)
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize("held", ["live", "dead"])
def test_sessions_of_cookie_and_bearer_both_end(signed_in: Browser, site: Flask, ada: str, held: str) -> None:
    """Also where the session of the cookie is over already, which must not hide the bearer."""
    cookie = signed_in.held
    if held == "dead":
        signed_in.sign_out()
    bob = add_user(site, "bob@example.org", "bob")
    token = access_token(let_in(site, bob))
    assert_signed_out(Browser(site, cookie).post("/auth/logout", headers=bearer(token)))
    assert (stored(site, ada).sessions, stored(site, bob).sessions) == ([], [])


def test_ended_cookie_hides_no_access_cookie(signed_in: Browser, site: Flask, ada: str) -> None:
    """A browser that holds cookies of two sessions signs out of both."""
    other = let_in(site, ada)
    access = access_token(signed_in)
    ended = other.held
    other.sign_out()
    browser = Browser(site, ended)
    browser.client.set_cookie("accessToken", access)
    assert_signed_out(browser.sign_out())
    assert stored(site, ada).sessions == []


def test_blocked_user_can_sign_out(signed_in: Browser, site: Flask, ada: str) -> None:
    """An account that may not sign in may sign out."""
    write(site, ada, blocked=True)
    assert_signed_out(signed_in.sign_out())
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize("scope", ["others", "all"])
class TestMoreThanThisSession:
    """``others`` and ``all`` need a live session: an old token must not sign out every device."""

    def test_access_token_of_a_live_session_will_do(
        self, signed_in: Browser, site: Flask, ada: str, scope: str
    ) -> None:
        """A bearer speaks for its session."""
        let_in(site, ada)
        access = content(signed_in.refresh())["access_token"]
        reply = Browser(site).post("/auth/logout", {"scope": scope}, headers=bearer(access))
        assert reply.status_code == 204
        assert len(stored(site, ada).sessions) == (1 if scope == "others" else 0)

    def test_stale_token_ends_its_own_session_alone(
        self, signed_in: Browser, site: Flask, clock: Clock, ada: str, scope: str
    ) -> None:
        """A token that could not refresh any more is refused, and its own session ends."""
        other = let_in(site, ada)
        stale = signed_in.held
        for _ in range(3):
            signed_in.refresh()
            clock.advance(30)
        assert refusal(Browser(site, stale).sign_out(scope)) == OVER
        assert len(stored(site, ada).sessions) == 1
        assert other.refresh().status_code == 200

    def test_expired_access_token_does_not_do(
        self, signed_in: Browser, site: Flask, clock: Clock, ada: str, scope: str
    ) -> None:
        """Nor does an access token that has run out."""
        let_in(site, ada)
        access = content(signed_in.refresh())["access_token"]
        clock.advance(3600)
        reply = Browser(site).post("/auth/logout", {"scope": scope}, headers=bearer(access))
        assert refusal(reply) == OVER
        assert len(stored(site, ada).sessions) == 1

    def test_garbage_does_not_do(self, signed_in: Browser, site: Flask, ada: str, scope: str) -> None:
        """Nor does anything that is no token."""
        assert refusal(Browser(site, "garbage").sign_out(scope)) == OVER
        assert len(stored(site, ada).sessions) == 1
        assert signed_in.refresh().status_code == 200

    def test_ended_session_does_not_do(self, signed_in: Browser, site: Flask, ada: str, scope: str) -> None:
        """Nor does a session that was signed out."""
        let_in(site, ada)
        held = signed_in.held
        signed_in.sign_out()
        assert refusal(Browser(site, held).sign_out(scope)) == OVER
        assert len(stored(site, ada).sessions) == 1


def test_scope_that_is_none_changes_nothing(signed_in: Browser) -> None:
    """A misspelt scope is refused before anything ends."""
    assert refusal(signed_in.sign_out("everything")) == (400, "invalid_request")
    assert signed_in.refresh().status_code == 200
