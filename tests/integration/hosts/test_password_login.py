"""RATCHET_PASSWORD_LOGIN: where it is false, a password by itself signs nobody in."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.models import User
from app.site import ratchet
from tests.support.browser import PASSWORD, Browser, content, refusal
from tests.support.sites import MakeSite

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def site(make_site: MakeSite) -> Flask:
    """A site whose own form asks for more than a password."""
    return make_site(RATCHET_PASSWORD_LOGIN=False)


@only_sqlite
@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
@pytest.mark.parametrize("delivery", ["cookie", "body"])
def test_a_password_is_refused_unseen(
    browser: Browser, bcrypts: list[bytes], password: str, delivery: str
) -> None:
    """The right one and a wrong one alike: the route is no place to guess."""
    bcrypts.clear()
    reply = browser.sign_in(password=password, delivery=delivery)
    assert refusal(reply) == (400, "invalid_request")
    assert "takes no password" in content(reply)["error_description"]
    assert "Set-Cookie" not in reply.headers
    assert bcrypts == []


@only_sqlite
def test_a_grant_is_taken_as_ever(signed_in: Browser) -> None:
    """Clients renew where they once signed in."""
    token = content(signed_in.post("/auth/sessions", {}))["refresh_token"]
    reply = signed_in.post("/auth/login", {"grant_type": "refresh_token", "refresh_token": token})
    assert reply.status_code == 200
    assert signed_in.refresh().status_code == 200


@only_sqlite
def test_a_form_of_the_host_signs_in(site: Flask, ada: str) -> None:
    """``authenticate`` checks the password, and the host decides what else has to be right."""
    with site.test_request_context():
        user = ratchet.authenticate("ada", PASSWORD)
        assert user is db.session.get(User, int(ada))
        assert ratchet.start_session(user).account.subject == ada


@pytest.mark.parametrize(("body_delivery", "bodies"), [(True, ["RefreshGrant"]), (False, [])])
def test_the_document_follows(make_bare_site: MakeSite, *, body_delivery: bool, bodies: list[str]) -> None:
    """It names a grant where bodies carry tokens, and otherwise no body that would do."""
    site = make_bare_site(RATCHET_PASSWORD_LOGIN=False, RATCHET_BODY_DELIVERY=body_delivery)
    document: Any = content(site.test_client().get("/auth/openapi.json"))
    accepted = document["components"]["schemas"]["SignIn"].get("oneOf", ())
    assert [one["$ref"].rpartition("/")[2] for one in accepted] == bodies
