"""Sign-out takes effect on access tokens too, on every process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.web.services import EXTENSION, Services
from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger
from tests.support.sites import MakeSite, let_in

from ...support.rows import delete, statements


def end_by_password(browser: Browser) -> None:
    """Change the password."""
    fields = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert browser.post("/auth/password", fields).status_code == 200


def end_by_sign_out(browser: Browser) -> None:
    """Sign out everywhere."""
    assert browser.sign_out("all").status_code == 204


@pytest.mark.parametrize("end", [end_by_sign_out, end_by_password])
@pytest.mark.usefixtures("ada")
def test_ended_sessions_stop_on_another_node_within_a_second(
    make_site: MakeSite, clock: Clock, end: Callable[[Browser], None]
) -> None:
    """A view that never asks the row refuses the old access token one second later."""
    here, there = make_site(), make_site()
    guarded = there.test_client()
    browser = Browser(here)
    reply = browser.sign_in()
    assert reply.json is not None
    access = bearer(reply.json["access_token"])
    assert guarded.post("/account/sessions/end-others", headers=access).status_code == 303
    end(browser)
    clock.advance(1)
    assert guarded.post("/account/sessions/end-others", headers=access).status_code == 401


GUARDED = "/account/sessions/end-others"
INVALID = (401, "token_invalid")


class Elsewhere:
    """Another node, on which a guarded view that asks no row has been used with an access token."""

    def __init__(self, site: Flask, access: str) -> None:
        self.client: FlaskClient = site.test_client()
        self.access = bearer(access)
        assert self.status == 303

    @property
    def status(self) -> int:
        """What a request with the access token gets."""
        return self.client.post(GUARDED, headers=self.access).status_code


@pytest.fixture
def elsewhere(make_site: MakeSite, signed_in: Browser) -> Elsewhere:
    """A node that has served ada's session."""
    return Elsewhere(make_site(), str(content(signed_in.refresh())["access_token"]))


def test_ends_that_find_no_room_in_the_row_count(
    elsewhere: Elsewhere,
    signed_in: Browser,
    site: Flask,
    ada: str,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many sign-ins and sign-outs of one user push none out of what other nodes learn, idle or busy."""
    monkeypatch.setattr("app.auth.lifecycle.ended.MAX_ENDED", 5)
    signed_in.sign_out()
    for _ in range(6):
        let_in(site, ada).sign_out()
    clock.advance(1)
    assert elsewhere.status == 401
    clock.advance(60)
    assert elsewhere.status == 401


def test_sessions_of_a_row_that_is_gone_end_on_an_idle_node(
    elsewhere: Elsewhere, signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A node that asked nothing while a user was deleted asks for the row itself."""
    signed_in.sign_out("all")
    delete(site, ada)
    clock.advance(2.5)
    assert elsewhere.status == 401


def test_a_view_asks_once_a_second_and_once_per_session(
    elsewhere: Elsewhere, signed_in: Browser, clock: Clock, make_site: MakeSite
) -> None:
    """The first request of a session looks at its row; then nothing is asked but what is new."""
    site = make_site()
    access = str(content(signed_in.refresh())["access_token"])
    with statements(site) as sent:
        assert refusal(site.test_client().get("/auth/me", headers=elsewhere.access))[0] == 200
    assert sent == ["SELECT"] * 3
    for seconds, asked in ((0, ["SELECT"]), (0.5, ["SELECT"]), (0.6, ["SELECT"] * 2)):
        clock.advance(seconds)
        with statements(site) as sent:
            assert site.test_client().get("/auth/me", headers=bearer(access)).status_code == 200
        assert sent == asked


def test_another_app_with_the_same_secret_is_another_app(
    signed_in: Browser, ada: str, make_stranger: MakeStranger, site: Flask
) -> None:
    """Its users have the same numbers, and no session of ours; ours have none of its."""
    stranger = make_stranger()
    stranger.add_user(id=int(ada))
    theirs = content(stranger.signed_in().refresh())["access_token"]
    ours = content(signed_in.refresh())["access_token"]
    assert refusal(stranger.app.test_client().get("/private", headers=bearer(ours))) == INVALID
    assert refusal(site.test_client().post(GUARDED, headers=bearer(theirs))) == INVALID
    assert stranger.app.test_client().get("/private", headers=bearer(theirs)).status_code == 200


def test_the_secret_does_not_make_an_access_token(signed_in: Browser, site: Flask, ada: str) -> None:
    """It takes the id of a live session of that user, which is on the row and in no log."""
    parts: Services = site.extensions[EXTENSION]
    account = parts.store.load(ada)
    assert account is not None
    (session,) = account.sessions
    forged = parts.token_issuer.issue(
        account, dataclasses.replace(session, id="made up"), parts.clock()
    ).access_token
    assert refusal(site.test_client().post(GUARDED, headers=bearer(forged))) == INVALID
    assert signed_in.client.post(GUARDED).status_code == 303
