"""Tests of a host that roll everything back: the host and Ratchet write on one connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from app.auth import current_user
from app.auth.testing import rollback
from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.sites import HASH


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Iterator[Stranger]:
    """A host under test: what is written is rolled back in the end."""
    stranger = make_stranger(claims=lambda user: {"email": user.email}, may_sign_in=lambda _: None)
    add_views_that_write(stranger)
    stranger.add_user("before@example.org")
    assert Browser(stranger.app).sign_in("before@example.org").status_code == 200
    with rollback(stranger.app, stranger.db):
        yield stranger
    with stranger.app.app_context():
        assert count(stranger) == 1
        engine: object = stranger.db.engine
        assert not isinstance(engine, Connection)
        stranger.db.session.rollback()
    assert Browser(stranger.app).sign_in("before@example.org").status_code == 200


def add_views_that_write(stranger: Stranger) -> None:
    """One commits before Ratchet writes, and then reads; two do not commit."""

    @stranger.app.post("/register")
    def register() -> str:
        user = stranger.model(email="grace@example.org")
        stranger.db.session.add(user)
        stranger.db.session.commit()
        stranger.ratchet.start_session(user)
        return f"Welcome, {user.email}"

    @stranger.app.post("/rename")
    @stranger.ratchet.required
    def rename() -> str:
        current_user.shoe_size = 42
        stranger.db.session.flush()
        return "not committed"

    @stranger.app.post("/rename-all")
    @stranger.ratchet.required
    def rename_all() -> str:
        stranger.db.session.execute(stranger.db.update(stranger.model).values(shoe_size=42))
        return "not committed"


def count(stranger: Stranger) -> int:
    """How many users there are."""
    return int(stranger.db.session.scalar(select(func.count()).select_from(stranger.model)) or 0)


def test_a_user_who_is_not_committed_signs_in(stranger: Stranger, clock: Clock) -> None:
    """The whole life of a session is written in the transaction of the test."""
    stranger.add_user()
    browser = stranger.signed_in()
    clock.advance(60)
    assert browser.refresh().status_code == 200
    assert browser.client.get("/live").json == {"email": "grace@example.org"}
    assert browser.sign_out().status_code == 204
    assert refusal(browser.refresh()) == (401, "refresh_token_missing")


def test_the_next_test_finds_nobody(stranger: Stranger) -> None:
    """What the test before wrote is gone."""
    assert refusal(Browser(stranger.app).sign_in("grace@example.org")) == (401, "invalid_credentials")


def test_an_app_context_may_be_open(stranger: Stranger) -> None:
    """A test that shares ``db.session`` with the views is rolled back as well."""
    with stranger.app.app_context():
        user = stranger.model(email="grace@example.org", password_hash=HASH)
        stranger.db.session.add(user)
        stranger.db.session.commit()
        assert stranger.signed_in().client.get("/live").json == {"email": "grace@example.org"}


def test_a_rollback_of_the_host_takes_back_its_own_work_only(stranger: Stranger) -> None:
    """A commit before it stays, for this test, and so does the session that Ratchet has written."""
    stranger.add_user()
    browser = stranger.signed_in()
    with stranger.app.app_context():
        stranger.db.session.add(stranger.model(email="grace@example.org", password_hash=HASH))
        with pytest.raises(IntegrityError):
            stranger.db.session.commit()
        stranger.db.session.rollback()
        assert count(stranger) == 2
    assert browser.refresh().status_code == 200


def test_what_ratchet_writes_stays_when_a_view_ends(stranger: Stranger) -> None:
    """Its session closes without a commit; what it has not committed is gone, and the sign-in is not."""
    browser = Browser(stranger.app)
    assert browser.post("/register").text == "Welcome, grace@example.org"
    assert browser.client.get("/live").json == {"email": "grace@example.org"}
    for path in ("/rename", "/rename-all"):
        assert browser.post(path).status_code == 200
        assert content(browser.me())["user"]["shoe_size"] is None


def test_deleting_and_listing_are_rolled_back_too(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They use sessions of their own, which join the transaction of the test."""
    monkeypatch.setattr("app.auth.sessions.deletion.sleep", lambda _: None)
    key = stranger.add_user()
    runner = stranger.app.test_cli_runner()
    made = runner.invoke(
        args=["ratchet", "create-user", "ada@example.org"], input="correct horse battery staple"
    )
    assert made.exit_code == 0, made.output
    with stranger.app.app_context():
        stranger.ratchet.delete(stranger.db.session.get(stranger.model, key))
    listed = runner.invoke(args=["ratchet", "list"]).output
    assert "ada@example.org" in listed
    assert "grace@example.org" not in listed


def test_guesses_are_forgotten(make_stranger: MakeStranger) -> None:
    """Ten wrong passwords in one test are not held against the next one, whose user has the same key."""
    stranger = make_stranger()
    stranger.add_user()
    for _ in range(2):
        with rollback(stranger.app, stranger.db):
            replies = [Browser(stranger.app).sign_in("grace@example.org", "wrong") for _ in range(11)]
        assert [reply.status_code for reply in replies] == [401] * 10 + [429]


def test_a_failing_test_is_rolled_back(make_stranger: MakeStranger) -> None:
    """And everything is as it was: engine, sessions, savepoints."""
    stranger = make_stranger()
    options: Any = dict(stranger.db.session.session_factory.kw)
    with pytest.raises(IntegrityError), rollback(stranger.app, stranger.db):
        [stranger.add_user() for _ in range(2)]
    with stranger.app.app_context():
        assert count(stranger) == 0
    assert options.items() <= stranger.db.session.session_factory.kw.items()
