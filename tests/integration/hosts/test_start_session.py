"""A sign-in of the host's own for a client that keeps its tokens itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.typing import ResponseReturnValue

from app.auth import InvalidRequest
from tests.support.browser import Browser, cleared, content, refusal, set_cookies
from tests.support.hosts.strangers import MakeStranger, Stranger

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Make = Callable[..., Stranger]


@pytest.fixture
def make(make_stranger: MakeStranger) -> Make:
    """Make a host with a view that hands out tokens."""

    def make(**settings: Any) -> Stranger:
        made = make_stranger(**settings)
        made.add_user()

        @made.app.post("/tokens")
        def tokens() -> ResponseReturnValue:
            user = made.db.session.get(made.model, 1)
            issued = made.ratchet.start_session(user, remember=True, delivery="body")
            return {"access_token": issued.access_token, "refresh_token": issued.refresh_token}

        return made

    return make


def test_a_body_has_the_tokens_and_no_cookie(make: Make) -> None:
    """They are good, and are delivered by body from then on."""
    phone = Browser(make().app)
    reply = phone.post("/tokens")
    assert set_cookies(reply) == {}
    assert phone.me(content(reply)["access_token"]).status_code == 200
    renewed = phone.refresh(content(reply)["refresh_token"])
    assert "refresh_token" in content(renewed)
    assert set_cookies(renewed) == {}


def test_a_body_replaces_the_session_of_the_cookies(make: Make) -> None:
    """As a sign-in by JSON does: they are cleared."""
    grace = make().signed_in()
    copy = grace.held
    assert cleared(grace.post("/tokens"))
    assert refusal(Browser(grace.client.application, copy).refresh()) == (401, "refresh_token_invalid")


def test_a_site_without_body_delivery_hands_none_out(make: Make) -> None:
    """And starts no session."""
    made = make(RATCHET_BODY_DELIVERY=False)
    assert refusal(Browser(made.app).post("/tokens")) == (400, InvalidRequest.code)
    assert content(made.signed_in().client.get("/auth/sessions"))["sessions"][1:] == []


def test_another_delivery_is_a_mistake(make: Make) -> None:
    """It is told before a session starts."""
    made: Any = make()
    with made.app.test_request_context():
        user = made.db.session.get(made.model, 1)
        with pytest.raises(ValueError, match="'cookie' or 'body', not 'mail'"):
            made.ratchet.start_session(user, delivery="mail")


def test_a_session_can_end_in_the_request_that_started_it(make: Make) -> None:
    """A view that signs in and changes its mind leaves no session and no cookies behind."""
    made = make()

    @made.app.post("/in-and-out")
    def in_and_out() -> ResponseReturnValue:
        issued = made.ratchet.start_session(made.db.session.get(made.model, 1))
        made.ratchet.end_session()
        return {"refresh_token": issued.refresh_token, "is_signed_in": bool(made.ratchet.identity)}

    browser = Browser(made.app)
    reply = browser.post("/in-and-out")
    assert content(reply)["is_signed_in"] is False
    assert browser.client.get("/auth/me").status_code == 401
    assert refusal(browser.refresh(content(reply)["refresh_token"])) == (401, "refresh_token_invalid")
