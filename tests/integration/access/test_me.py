"""Who is signed in: the row's answer, by bearer or by cookie."""

from __future__ import annotations

from flask import Flask

from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock

from ...support.rows import delete, write

INVALID = (401, "token_invalid")


def test_me_shows_the_user_and_the_session(browser: Browser, ada: str) -> None:
    """The public fields of the user and the session at hand, and nothing else."""
    browser.sign_in(label="Laptop", remember=True)
    fields = content(browser.me())
    assert fields["user"] == {"id": int(ada), "email": "ada@example.org", "username": "ada"}
    assert fields["session"].pop("id")
    assert fields == {
        "user": fields["user"],
        "session": {
            "current": True,
            "label": "Laptop",
            "started_at": "2027-01-15T08:00:00Z",
            "last_used_at": "2027-01-15T08:00:00Z",
            "expires_at": "2027-01-29T08:00:00Z",
            "device_bound": False,
            "copy_refused_at": None,
        },
    }


def test_bearer_and_cookie_are_the_same(signed_in: Browser, site: Flask) -> None:
    """An access token says the same in either place, and a bearer counts above the cookie."""
    access = content(signed_in.refresh())["access_token"]
    assert Browser(site).me(access).data == signed_in.me().data
    assert refusal(signed_in.me("garbage")) == INVALID


def test_access_token_runs_out(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """A second before its time an access token is good; then it is not, and a refresh helps."""
    access = content(signed_in.refresh())["access_token"]
    clock.advance(599)
    assert Browser(site).me(access).status_code == 200
    clock.advance(1)
    assert refusal(Browser(site).me(access)) == INVALID
    assert refusal(signed_in.me()) == INVALID
    signed_in.refresh()
    assert signed_in.me().status_code == 200


def test_nobody_is_signed_in(site: Flask) -> None:
    """Without a token the answer is that one is needed."""
    assert refusal(Browser(site).me()) == (401, "token_missing")


def test_blocked_user_is_shown_nothing(signed_in: Browser, site: Flask, ada: str) -> None:
    """The row decides, not the token: a blocked account is out at once."""
    write(site, ada, blocked=True)
    assert refusal(signed_in.me()) == INVALID


def test_deleted_user_is_shown_nothing(signed_in: Browser, site: Flask, ada: str) -> None:
    """A token of a user who is gone is a token of nobody, and so is the session."""
    delete(site, ada)
    assert refusal(signed_in.me()) == INVALID
    assert refusal(signed_in.refresh()) == (401, "refresh_token_invalid")
    assert signed_in.sign_out().status_code == 204
