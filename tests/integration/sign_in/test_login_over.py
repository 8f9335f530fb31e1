"""Signing in over an existing session, beyond the most sessions, and to an account that may not."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import (
    ACCESS_COOKIE,
    COOKIES,
    REFRESH_COOKIE,
    Browser,
    cleared,
    late_sign_out,
    refusal,
    set_cookies,
)
from tests.support.clock import Clock
from tests.support.sites import MakeSite, add_user

from ...support.rows import stored, write

REFUSED = [
    pytest.param({"blocked": True}, "account_blocked", id="a blocked account"),
    pytest.param({"confirmed": False}, "account_unconfirmed", id="an unconfirmed account"),
]


@pytest.mark.parametrize(("columns", "code"), REFUSED)
def test_refused_account(site: Flask, columns: dict[str, bool], code: str) -> None:
    """Who may not sign in learns why only with the right password, and no session starts."""
    eve = add_user(site, "eve@example.org", "eve", **columns)
    assert refusal(Browser(site).sign_in("eve", "a wrong password")) == (401, "invalid_credentials")
    reply = Browser(site).sign_in("eve")
    assert refusal(reply) == (403, code)
    assert stored(site, eve).sessions == []


@pytest.mark.parametrize(("columns", "code"), REFUSED)
def test_refused_account_leaves_the_browsers_session_alone(
    signed_in: Browser, site: Flask, columns: dict[str, bool], code: str
) -> None:
    """A sign-in that is refused ends nothing: whoever is signed in there stays so."""
    add_user(site, "eve@example.org", "eve", **columns)
    reply = signed_in.sign_in("eve")
    assert refusal(reply) == (403, code)
    assert "Set-Cookie" not in reply.headers
    assert signed_in.refresh().status_code == 200


@pytest.mark.parametrize("delivery", ["cookie", "body"])
def test_signing_in_again_ends_the_session_there(
    signed_in: Browser, site: Flask, ada: str, delivery: str
) -> None:
    """A sign-in over an existing session replaces it; its cookies never outlive it."""
    old = signed_in.held
    reply = signed_in.sign_in(delivery=delivery)
    assert len(stored(site, ada).sessions) == 1
    assert cleared(reply) == (delivery == "body")
    assert refusal(Browser(site, old).refresh()) == (401, "refresh_token_invalid")


def test_signing_in_as_somebody_else_ends_the_session_there(
    signed_in: Browser, site: Flask, ada: str
) -> None:
    """Two people who share a browser do not share sessions: signing in ends the other's session."""
    bob = add_user(site, "bob@example.org", "bob")
    assert signed_in.sign_in("bob").status_code == 200
    assert (len(stored(site, ada).sessions), len(stored(site, bob).sessions)) == (0, 1)


def test_failed_sign_in_ends_nothing(signed_in: Browser) -> None:
    """A wrong password does not change the session that is there."""
    reply = signed_in.sign_in(password="a wrong password")
    assert "Set-Cookie" not in reply.headers
    assert signed_in.refresh().status_code == 200


def test_late_reply_to_a_refresh_of_the_former_session(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """It puts ended tokens over those of a newer sign-in; the spare leads back to the new session."""
    clock.advance(31)
    late = set_cookies(Browser(site, signed_in.held).refresh())[REFRESH_COOKIE]["value"]
    new = set_cookies(signed_in.sign_in())
    assert new["refreshTokenSpare"] == new[REFRESH_COOKIE]
    for _ in range(3):  # also where the new session was refreshed meanwhile
        signed_in.refresh_cookie = late
        again = set_cookies(signed_in.refresh())
        assert again["refreshTokenSpare"] == again[REFRESH_COOKIE]
        clock.advance(10)
    signed_in.refresh_cookie = late
    assert set_cookies(signed_in.refresh())["refreshTokenSpare"]["max-age"] == "0"
    assert signed_in.refresh().status_code == 200
    assert len(stored(site, ada).sessions) == 1


def test_late_reply_to_a_sign_out_of_the_former_session(signed_in: Browser) -> None:
    """It takes the cookies of a newer sign-in; the spares show script and server that there is one."""
    mark = set_cookies(signed_in.sign_in())["signedIn"]
    late_sign_out(signed_in)
    assert set_cookies(reply := signed_in.refresh())["signedIn"] == mark
    assert (reply.status_code, set_cookies(reply)["signedInSpare"]) == (200, mark)
    assert cleared(signed_in.sign_out())
    assert signed_in.refresh().status_code == 401


def test_signing_in_after_such_a_reply_ends_the_live_session(
    signed_in: Browser, site: Flask, ada: str
) -> None:
    """With two sessions in the jar a sign-in takes the place of the one that lives."""
    ended = signed_in.held
    signed_in.sign_in()
    signed_in.refresh_cookie = ended
    signed_in.sign_in()
    assert len(stored(site, ada).sessions) == 1


def test_change_of_password_sets_a_spare(signed_in: Browser) -> None:
    """It starts a session over another one, too."""
    assert "refreshTokenSpare" in set_cookies(signed_in.change_password())


def test_first_sign_in_sets_no_spare(browser: Browser) -> None:
    """Where no session was before, no late reply can speak of one."""
    browser.post("/auth/logout")
    assert set_cookies(browser.sign_in()).keys() == COOKIES


def test_access_cookie_alone_tells_which_session_to_replace(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A browser that lost its refresh cookie still does not leave a session behind."""
    access = set_cookies(signed_in.refresh())[ACCESS_COOKIE]["value"]
    clock.advance(3600)
    again = Browser(site)
    again.client.set_cookie(ACCESS_COOKIE, access)
    again.sign_in()
    assert len(stored(site, ada).sessions) == 1


def test_least_recently_served_session_makes_way(make_site: MakeSite, clock: Clock, ada: str) -> None:
    """Beyond RATCHET_MAX_SESSIONS the session that was served longest ago ends."""
    site = make_site(RATCHET_MAX_SESSIONS=2)
    first, second, third = (Browser(site) for _ in range(3))
    for step in (first.sign_in, second.sign_in, first.refresh, third.sign_in):
        assert step().status_code == 200
        clock.advance(60)
    assert len(stored(site, ada).sessions) == 2
    assert refusal(second.refresh()) == (401, "refresh_token_invalid")
    assert (first.refresh().status_code, third.refresh().status_code) == (200, 200)


def test_one_session_per_user(make_site: MakeSite, ada: str) -> None:  # noqa: ARG001  # she signs in
    """With RATCHET_MAX_SESSIONS at 1 the newest sign-in is the only one."""
    site = make_site(RATCHET_MAX_SESSIONS=1)
    first, second = Browser(site), Browser(site)
    first.sign_in()
    second.sign_in()
    assert refusal(first.refresh()) == (401, "refresh_token_invalid")
    assert second.refresh().status_code == 200


def test_block_counts_at_the_next_sign_in(browser: Browser, site: Flask, ada: str) -> None:
    """An account can be blocked and let in again at any time."""
    write(site, ada, blocked=True)
    assert browser.sign_in().status_code == 403
    write(site, ada, blocked=False)
    assert browser.sign_in().status_code == 200
