"""Who is there: current_user and identity, in views, in templates, and where a session starts or ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, jsonify, render_template_string

from app.auth import TokenMissing, current_user
from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, bearer, content
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger

from ...support.rows import statements

GREETING = "{% if current_user %}Dear {{ current_user.email }}{% else %}a stranger{% endif %}"
GRACE, NOBODY = "Dear grace@example.org", "a stranger"

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A host with pages that greet, and that say who is there before and after a session starts or ends."""
    made = make_stranger()
    app, ratchet = made.app, made.ratchet

    def start() -> None:
        ratchet.start_session(made.db.session.get(made.model, 1))

    acts: dict[str, Callable[[], object]] = {
        "/look": lambda: None,
        "/start": start,
        "/end": ratchet.end_session,
        "/change": lambda: (ratchet.change_password(PASSWORD, NEW_PASSWORD), ratchet.list_sessions()),
    }

    def view(act: Callable[[], object]) -> Callable[[], Any]:
        def answer() -> Any:
            before = _who(made)
            act()
            return jsonify(before=before, after=_who(made), page=render_template_string(GREETING))

        return answer

    for path, act in acts.items():
        app.add_url_rule(path, path, view(act), methods=["POST"])
        app.add_url_rule(f"/guarded{path}", f"/guarded{path}", ratchet.required(view(act)), methods=["POST"])
    app.add_url_rule("/greeting", "greeting", lambda: render_template_string(GREETING))
    app.add_url_rule("/plain", "plain", lambda: render_template_string("{{ 6 * 7 }}"))
    made.add_user(id=1)
    return made


def _who(stranger: Stranger) -> list[Any]:
    """The address by the package's name and by the object's, and the session; nothing for nobody."""
    ratchet = stranger.ratchet
    if not ratchet.identity:
        assert not current_user
        assert not ratchet.current_user
        return []
    assert ratchet.identity.subject == str(ratchet.current_user.id)
    assert ratchet.current_user.email == current_user.email
    return [current_user.email, ratchet.identity.session_id]


def test_templates_know_the_user(stranger: Stranger) -> None:
    """Without a word of the host."""
    assert stranger.signed_in().client.get("/greeting").text == GRACE
    assert Browser(stranger.app).client.get("/greeting").text == NOBODY


def test_a_template_that_asks_for_nobody_costs_nothing(stranger: Stranger) -> None:
    """No query, and any cache may keep the page."""
    browser = stranger.signed_in()
    browser.client.get("/greeting")  # looks up which sessions have ended, as each process does at times
    with statements(stranger.app) as sent:
        plain = browser.client.get("/plain")
    assert (plain.text, sent) == ("42", [])
    assert "Vary" not in plain.headers
    with statements(stranger.app) as sent:
        greeting = browser.client.get("/greeting")
    assert (greeting.text, sent) == (GRACE, ["SELECT"])
    assert "Cookie" in greeting.vary


def give_templates_another(app: Flask) -> None:
    """What a host with a variable of this name does, or another extension."""
    app.context_processor(lambda: {"current_user": "mine"})


@pytest.mark.parametrize("when", ["before Ratchet", "after Ratchet", "in the view"])
def test_a_variable_of_the_host_stays(make_stranger: MakeStranger, when: str) -> None:
    """Templates that knew a ``current_user`` before Ratchet came still show that one."""
    before = {"prepare": give_templates_another} if when == "before Ratchet" else {}
    stranger = make_stranger(**before)
    if when == "after Ratchet":
        give_templates_another(stranger.app)
    passed = {"current_user": "mine"} if when == "in the view" else {}
    stranger.app.add_url_rule("/mine", "mine", lambda: render_template_string("{{ current_user }}", **passed))
    stranger.add_user()
    assert stranger.signed_in().client.get("/mine").text == "mine"


@pytest.mark.parametrize("before", [[], ["signed in"]])
def test_whoever_signs_in_is_there_in_the_same_request(stranger: Stranger, before: list[str]) -> None:
    """Where nobody was, and in place of the session before; in the page that the view renders, too."""
    browser = stranger.signed_in() if before else Browser(stranger.app)
    told = content(browser.post("/start"))
    assert len(told["before"]) == 2 * len(before)
    assert told["after"][0] == "grace@example.org"
    assert told["after"] != told["before"]
    assert told["page"] == GRACE
    assert content(browser.post("/look"))["before"] == told["after"]


def test_whoever_signs_out_is_gone_in_the_same_request(stranger: Stranger) -> None:
    """So that the page after it greets nobody."""
    told = content(stranger.signed_in().post("/end"))
    assert (told["before"][0], told["after"], told["page"]) == ("grace@example.org", [], NOBODY)


def test_a_guarded_view_that_signs_out_still_knows_whom(stranger: Stranger) -> None:
    """It relies on its user from the first line to the last."""
    browser = stranger.signed_in()
    told = content(browser.post("/guarded/end"))
    assert told["after"] == told["before"]
    assert browser.post("/guarded/look").status_code == 401


def test_a_new_password_gives_the_request_its_new_session(stranger: Stranger) -> None:
    """What the view does next is done as that session."""
    told = content(stranger.signed_in().post("/guarded/change"))
    assert told["after"][0] == told["before"][0]
    assert told["after"][1] != told["before"][1]


def test_the_identity_is_what_the_token_says(stranger: Stranger, clock: Clock) -> None:
    """Subject, session, time of the sign-in and claims, without a query, by cookie or by bearer."""
    identity, signed_in_at = stranger.ratchet.identity, int(clock.now)
    browser = stranger.signed_in()
    token = content(browser.refresh())["access_token"]
    session = content(browser.me())["session"]["id"]
    clock.advance(60)
    browser.client.get("/greeting")  # looks up which sessions have ended, as each process does at times
    with (
        stranger.app.test_request_context(headers=bearer(token)),
        statements(stranger.app) as sent,
    ):
        assert identity
        assert (identity.subject, identity.session_id) == ("1", session)
        assert (identity.auth_time, identity.claims) == (signed_in_at, {})
    assert sent == []


def test_the_identity_of_nobody_is_false_and_has_no_fields(stranger: Stranger) -> None:
    """A subject that is nobody's would find its way into a query: it is a 401."""
    with stranger.app.test_request_context():
        assert not stranger.ratchet.identity
        with pytest.raises(TokenMissing):
            _ = stranger.ratchet.identity.subject
