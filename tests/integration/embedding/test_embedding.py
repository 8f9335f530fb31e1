"""Ratchet in apps of strangers: their models and keys, their database in memory, their own sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from app.auth import (
    AccountBlocked,
    InvalidCredentials,
    Ratchet,
    RatchetError,
    SettingsError,
    current_user,
)
from tests.support.browser import PASSWORD, Browser, bearer, content, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.forgery import forge_for
from tests.support.hosts.strangers import MODELS, MakeStranger, Stranger
from tests.support.samples import SECRET

MEMORY = ["sqlite://", "sqlite:///:memory:"]
DEVICES = 2


def a_day(stranger: Stranger, clock: Clock) -> None:
    """Sign in, look around, refresh, change the password, sign the other device out, sign out."""
    here, there = stranger.signed_in(), stranger.signed_in()
    assert content(here.client.get("/live")) == {"email": "grace@example.org"}
    assert len(content(here.client.get("/auth/sessions"))["sessions"]) == DEVICES
    clock.advance(60)
    assert here.refresh().status_code == 200
    new = "an even better battery staple"
    assert here.post("/auth/password", {"current_password": PASSWORD, "new_password": new}).status_code == 200
    assert refusal(there.refresh()) == (401, "refresh_token_invalid")
    assert content(here.client.get("/private")) == {"email": "grace@example.org"}
    assert here.sign_out().status_code == 204
    assert refusal(here.client.get("/private")) == (401, "token_missing")


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_of_key(make_stranger: MakeStranger, clock: Clock, kind: str) -> None:
    """Numbers, UUIDs and text are keys alike, whatever the column is called, with or without user names."""
    stranger = make_stranger(kind)
    key = stranger.add_user()
    a_day(stranger, clock)
    with stranger.app.app_context():
        user: Any = stranger.db.session.get(stranger.model, key)
        assert (user.email, user.sessions) == ("grace@example.org", [])


def test_reply_shows_the_hosts_public_fields(make_stranger: MakeStranger) -> None:
    """``public_fields`` of the model says what a reply shows of a user; a UUID is text."""
    numbered, people = make_stranger(), make_stranger("uuid")
    key = numbered.add_user(shoe_size=41)
    shown = content(Browser(numbered.app).sign_in("grace@example.org"))["user"]
    assert shown == {"id": key, "email": "grace@example.org", "shoe_size": 41}
    name = people.add_user()
    shown = content(Browser(people.app).sign_in("grace@example.org"))["user"]
    assert shown == {"id": str(name), "email": "grace@example.org", "username": None}


@pytest.mark.parametrize("name", ["password_hash", "sessions", "shoesize"])
def test_what_no_reply_may_show_stops_the_start(make_stranger: MakeStranger, name: str) -> None:
    """The hash of the password was sent to the browser with every sign-in."""
    stranger = make_stranger()
    stranger.add_user()
    app = Flask(__name__)
    app.config.from_mapping(stranger.app.config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stranger.model, "public_fields", ("email", name))
        with pytest.raises(SettingsError, match=f"public_fields of Member has '{name}'"):
            Ratchet(app, db=stranger.db, user_model=stranger.model)
    assert Browser(app).client.post("/auth/login").status_code == 404
    assert content(stranger.signed_in().me())["user"].keys() == {"id", "email", "shoe_size"}


def test_without_user_names_an_address_is_needed(make_stranger: MakeStranger) -> None:
    """Where the model has no user name, nobody signs in with one, and nothing breaks."""
    stranger = make_stranger("no username")
    stranger.add_user()
    browser = Browser(stranger.app)
    assert refusal(browser.sign_in("grace")) == (401, "invalid_credentials")
    reply = browser.post("/auth/login", {"username": "grace", "password": PASSWORD})
    assert refusal(reply) == (401, "invalid_credentials")
    assert content(stranger.signed_in().me())["user"].keys() == {"id", "email"}


@pytest.mark.parametrize("kind", ["number", "uuid", "text"])
def test_token_for_a_key_of_another_kind(make_stranger: MakeStranger, kind: str) -> None:
    """A token of somebody whose key no row can have is a token of nobody."""
    stranger = make_stranger(kind)
    for subject in ("7", "00000000-0000-0000-0000-000000000000", "x" * 300, "\u00e9", "-0", "1e3", "7\0"):
        reply = Browser(stranger.app).refresh(forge_for(SECRET, subject, "a session"))
        assert refusal(reply) == (401, "refresh_token_invalid"), subject


@pytest.fixture(params=MEMORY)
def in_memory(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Stranger]:
    """A stranger's app as tests have it: TESTING, and a database in memory."""
    stranger = Stranger(MODELS["number"], request.param, clock, {})
    stranger.add_user()
    yield stranger
    stranger.leave()


def test_database_in_memory(in_memory: Stranger, clock: Clock) -> None:
    """An app under test with SQLite in memory works like any other."""
    a_day(in_memory, clock)


def test_database_in_memory_within_one_context(in_memory: Stranger) -> None:
    """A host's tests may hold one app context open over many requests: each has its own identity."""
    with in_memory.app.app_context():
        grace, nobody = in_memory.signed_in(), Browser(in_memory.app)
        assert content(grace.client.get("/open")) == {"email": "grace@example.org"}
        assert content(nobody.client.get("/open")) == {"email": None}
        assert refusal(nobody.client.get("/private")) == (401, "token_missing")


def test_two_apps_share_nothing(make_stranger: MakeStranger) -> None:
    """Two apps in one process have their own users, settings and cookies."""
    first, second = make_stranger(), make_stranger("uuid", RATCHET_COOKIE_NAME="other", SECRET_KEY="b" * 40)
    first.add_user()
    second.add_user("alan@example.org")
    token = content(Browser(first.app).sign_in("grace@example.org"))["access_token"]
    assert Browser(second.app).client.get("/private", headers=bearer(token)).status_code == 401
    assert refusal(Browser(second.app).sign_in("grace@example.org")) == (401, "invalid_credentials")
    assert "other" in set_cookies(Browser(second.app).sign_in("alan@example.org"))


@pytest.fixture
def host(make_stranger: MakeStranger) -> Stranger:
    """A stranger's app that signs people in and out in views of its own."""
    stranger = make_stranger()
    stranger.add_user()
    add_own_views(stranger.app, stranger)
    return stranger


def add_own_views(app: Flask, stranger: Stranger) -> None:
    """The host's own way in and out."""

    @app.post("/enter")
    def enter() -> ResponseReturnValue:
        user = stranger.ratchet.authenticate(request.form["name"], request.form["password"])
        issued = stranger.ratchet.start_session(user, remember="remember" in request.form, label="Desk")
        return jsonify(email=user.email, access_token=issued.access_token)

    @app.post("/leave")
    def leave() -> ResponseReturnValue:
        stranger.ratchet.end_session()
        return "", 204

    @app.post("/expel")
    @stranger.ratchet.required
    def expel() -> ResponseReturnValue:
        stranger.ratchet.end_sessions(current_user)
        return "", 204


def enter(browser: Browser, name: str = "grace@example.org", password: str = PASSWORD, **more: Any) -> Any:
    """POST /enter."""
    return browser.client.post("/enter", data={"name": name, "password": password, **more})


def test_host_signs_people_in_by_itself(host: Stranger) -> None:
    """The host gets its own user from authenticate, and from start_session cookies like any others."""
    browser = Browser(host.app)
    reply = enter(browser, remember="yes")
    assert content(reply)["email"] == "grace@example.org"
    assert set_cookies(reply)["refreshToken"]["max-age"] == str(14 * 86400)
    assert browser.refresh().status_code == 200
    assert content(browser.me())["session"]["label"] == "Desk"


def test_host_signs_people_out_by_itself(host: Stranger) -> None:
    """The session ends that the browser at hand holds, and its cookies go."""
    browser = Browser(host.app)
    enter(browser)
    held = browser.held
    browser.client.post("/leave")
    assert browser.refresh_cookie is None
    assert refusal(Browser(host.app, held).refresh()) == (401, "refresh_token_invalid")


def test_host_signs_somebody_out_everywhere(host: Stranger) -> None:
    """The host ends all sessions of a user."""
    here, there = host.signed_in(), host.signed_in()
    assert here.client.post("/expel").status_code == 204
    for browser in (here, there):
        assert refusal(browser.refresh()) == (401, "refresh_token_invalid")


def test_authenticate_raises_what_the_route_answers(host: Stranger) -> None:
    """The host's view gets the errors of the contract, rendered where it does not handle them."""
    assert refusal(enter(Browser(host.app), password="wrong")) == (401, "invalid_credentials")
    with host.app.test_request_context():
        with pytest.raises(InvalidCredentials):
            host.ratchet.authenticate("grace@example.org", "wrong")
        host.db.session.execute(host.db.update(host.model).values(blocked=True))
        host.db.session.commit()
        with pytest.raises(AccountBlocked):
            host.ratchet.authenticate("grace@example.org", PASSWORD)


def test_new_passwords_are_held_to_the_setting(host: Stranger) -> None:
    """What is too short is refused, and the hash of what is not signs in."""
    with host.app.app_context():
        with pytest.raises(RatchetError, match="at least 15 characters"):
            host.ratchet.hash_new_password("short")
        kept = host.ratchet.hash_new_password("long enough for anybody")
    host.add_user("alan@example.org", password_hash=kept)
    reply = Browser(host.app).sign_in("alan@example.org", "long enough for anybody")
    assert reply.status_code == 200


def test_user_without_a_row_cannot_be_signed_in(host: Stranger) -> None:
    """A host that forgot to commit its user is told so."""
    with host.app.test_request_context():
        user = host.model(email="new@example.org")
        host.db.session.add(user)
        host.db.session.flush()
        with pytest.raises(ValueError, match="committed"):
            host.ratchet.start_session(user)


@pytest.mark.parametrize("path", ["/private", "/live", "/mine"])
@pytest.mark.parametrize("looks", [False, True], ids=["unread", "read by the explanation"])
def test_body_of_a_refused_request_is_read_whoever_explains(
    make_stranger: MakeStranger, path: str, *, looks: bool
) -> None:
    """A host that answers refusals in its own words loses no upload, and can still look into the form."""
    stranger = make_stranger()

    @stranger.app.errorhandler(RatchetError)
    def explain(problem: RatchetError) -> ResponseReturnValue:
        return (request.form["note"] if looks else "no"), problem.status

    @stranger.app.post("/mine")
    def mine() -> ResponseReturnValue:
        stranger.ratchet.check_origin()
        return "never"

    body = BytesIO(b"note=yes&" + b"x" * 100_000)
    reply = stranger.app.test_client().post(
        path,
        input_stream=body,
        content_length=len(body.getvalue()),
        content_type="application/x-www-form-urlencoded",
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert (reply.status_code, reply.text) == (403 if path == "/mine" else 401, "yes" if looks else "no")
    assert body.tell() == len(body.getvalue())
