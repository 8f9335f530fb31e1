"""What a host has pending in db.session stays its own: neither committed, rolled back nor flushed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Response
from sqlalchemy import create_engine, func, select

from tests.support.browser import Browser, refusal
from tests.support.hosts.strangers import MakeStranger, Stranger

PENDING = "pending@example.org"


class Pending:
    """A host that has something pending during every request to the blueprint, and ends it its own way."""

    def __init__(self, stranger: Stranger, end: Callable[[], None], *, flush: bool = False) -> None:
        self.stranger, self.end, self.flush = stranger, end, flush
        self.was_pending: list[bool] = []
        self.user: Any = None
        stranger.app.before_request(self.begin)
        stranger.app.after_request(self.look)
        self.grace: Browser = stranger.signed_in()
        self.is_on = True

    is_on = False

    def begin(self) -> None:
        """Add a user, and flush where the test says so."""
        if not self.is_on:
            return
        self.user = self.stranger.model(email=PENDING)
        self.stranger.db.session.add(self.user)
        if self.flush:
            self.stranger.db.session.flush()

    def look(self, response: Response) -> Response:
        """Note what became of it, then end the transaction."""
        if not self.is_on:
            return response
        session = self.stranger.db.session
        pending = self.user in session if self.flush else self.user in session.new
        self.was_pending.append(pending and self.count() == 0)
        self.end()
        return response

    def count(self) -> int:
        """How many such users the database shows to others."""
        with self.stranger.app.app_context():
            url = self.stranger.db.engine.url
        engine = create_engine(url)
        model = self.stranger.model
        try:
            with engine.connect() as connection:
                return connection.scalar(select(func.count()).where(model.email == PENDING)) or 0
        finally:
            engine.dispose()


@pytest.fixture
def stranger(make_stranger: MakeStranger, database: str) -> Stranger:
    """A stranger's app with one user."""
    options = {"connect_args": {"timeout": 0.1}} if database.startswith("sqlite") else {}
    stranger = make_stranger(SQLALCHEMY_ENGINE_OPTIONS=options)
    stranger.add_user()
    return stranger


@pytest.mark.parametrize(
    ("path", "status"), [("/auth/refresh", 200), ("/auth/logout", 204), ("/auth/sessions", 201)]
)
def test_pending_change_stays_pending(stranger: Stranger, path: str, status: int) -> None:
    """The change is not flushed when the reply is made; then the host commits it."""
    host = Pending(stranger, stranger.db.session.commit)
    assert host.grace.post(path).status_code == status
    assert host.was_pending == [True]
    assert host.count() == 1


def test_host_may_roll_back(stranger: Stranger) -> None:
    """What the host takes back is gone, and the rotation stands."""
    host = Pending(stranger, stranger.db.session.rollback)
    parent = host.grace.held
    assert host.grace.refresh().status_code == 200
    assert (host.was_pending, host.count()) == ([True], 0)
    assert host.grace.held != parent
    assert host.grace.refresh().status_code == 200


def test_refusal_leaves_it_pending(stranger: Stranger) -> None:
    """A verdict that ends the session is on disk before the 401 leaves, and touches nothing of the host's."""
    host = Pending(stranger, stranger.db.session.rollback)
    assert refusal(Browser(stranger.app, "garbage").refresh()) == (401, "refresh_token_invalid")
    assert host.was_pending == [True]


def test_flushed_change_stays_uncommitted(stranger: Stranger, database: str) -> None:
    """A transaction that the host has open goes on; SQLite has one writer, so there a refresh gives up."""
    host = Pending(stranger, stranger.db.session.rollback, flush=True)
    reply = host.grace.refresh()
    assert reply.status_code == (503 if database.startswith("sqlite") else 200)
    assert (host.was_pending, host.count()) == ([True], 0)
