"""Beside Flask-Admin: forms have the names and leave out what only Ratchet writes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.beside import import_any, run_snippet
from tests.support.hosts.strangers import Stranger

GRACE, ADA = "grace@example.org", "ada@example.org"
PRIVATE = ("password_hash", "sessions", "sessions_version", "ended", "ended_at")
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(autouse=True)
def _translated(stranger: Stranger) -> None:
    """Flask-Admin uses Flask-Babel where that is installed, as it is for these tests, and needs it set up."""
    import_any("flask_babel").Babel(stranger.app)


def fields(browser: Browser, path: str) -> set[str]:
    """The names of the fields of a form."""
    page = browser.client.get(path)
    assert page.status_code == 200
    return set(re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', page.text))


def edit(browser: Browser, key: Any, **changes: str) -> int:
    """Send the form of a user as the page shows it, with changes; the status."""
    form = {"email": GRACE, "username": "", "confirmed": "y"} | changes
    return browser.client.post(f"/admin/users/edit/?id={key}", data=form).status_code


def test_a_form_leaves_the_private_columns_out_by_itself(stranger: Stranger) -> None:
    """With Flask-Admin's own view: the names have fields, what only Ratchet writes has none."""
    view = import_any("flask_admin.contrib.sqla").ModelView
    import_any("flask_admin").Admin(stranger.app).add_view(
        view(stranger.model, stranger.db, endpoint="users")
    )
    for path in ("/admin/users/edit/?id=1", "/admin/users/new/"):
        found = fields(stranger.signed_in(), path)
        assert {"email", "username", "blocked", "confirmed", "shoe_size"} <= found
        assert not found & set(PRIVATE)


def test_private_fields_are_what_no_reply_shows(stranger: Stranger) -> None:
    """The same that public_fields may not name."""
    assert stranger.model.private_fields == PRIVATE


def test_an_admin_manages_users(stranger: Stranger) -> None:
    """The list, the form and a new user, without the columns of Ratchet; nobody is signed out by it."""
    run_snippet(stranger, "admin.py")
    grace = stranger.signed_in()
    assert not [name for name in PRIVATE if f"col-{name}" in grace.client.get("/admin/users/").text]
    assert edit(grace, 1, shoe_size="44", username="Amazing Grace") == 302
    assert content(grace.me())["user"]["shoe_size"] == 44
    assert grace.refresh().status_code == 200
    assert Browser(stranger.app).sign_in("AMAZING GRACE").status_code == 200
    new = grace.client.post("/admin/users/new/", data={"email": ADA, "confirmed": "y"})
    assert new.status_code == 302
    assert ADA in grace.client.get("/admin/users/").text


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"email": ""}, id="no e-mail address"),
        pytest.param({"email": "x" * 255}, id="one that is too long"),
        pytest.param({"email": ADA.upper()}, id="that of another user, in capitals"),
        pytest.param({"username": "a@b"}, id="a user name with an @"),
    ],
)
def test_a_wrong_name_is_refused_in_the_form(stranger: Stranger, changes: dict[str, str]) -> None:
    """And nothing is written."""
    run_snippet(stranger, "admin.py")
    stranger.add_user(ADA)
    grace = stranger.signed_in()
    assert edit(grace, 1, shoe_size="44", **changes) == 200
    assert content(grace.me())["user"] == {"id": 1, "email": GRACE, "shoe_size": None}


def test_who_is_blocked_in_a_form_is_signed_out(stranger: Stranger, clock: Clock) -> None:
    """At once, as by block()."""
    run_snippet(stranger, "admin.py")
    stranger.add_user(ADA)
    grace, ada = stranger.signed_in(), Browser(stranger.app)
    assert ada.sign_in(ADA).status_code == 200
    assert edit(grace, 2, email=ADA, blocked="y") == 302
    clock.advance(1)
    assert refusal(ada.client.get("/private")) == (401, "token_invalid")


def test_the_admin_is_guarded(stranger: Stranger, clock: Clock) -> None:
    """Strangers and other users are kept out, another site posts nothing, and a page renews."""
    run_snippet(stranger, "admin.py")
    stranger.add_user(ADA)
    assert refusal(Browser(stranger.app).client.get("/admin/users/")) == (401, "token_missing")
    ada = Browser(stranger.app)
    ada.sign_in(ADA)
    assert ada.client.get("/admin/users/").status_code == 403
    grace = stranger.signed_in()
    foreign = grace.client.post(
        "/admin/users/delete/", data={"id": "2"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert refusal(foreign) == (403, "cross_origin")
    clock.advance(601)
    reply = grace.client.get("/admin/users/", headers=NAVIGATION)
    assert (reply.status_code, reply.location) == (303, "/auth/continue?next=%2Fadmin%2Fusers%2F")
