"""Tests of a host that roll everything back: Ratchet joins the connection that stands for the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.support.browser import Browser, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.sites import HASH


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Iterator[Stranger]:
    """A host under test: what is written is rolled back in the end."""
    stranger = make_stranger()
    stranger.add_user("before@example.org")
    assert Browser(stranger.app).sign_in("before@example.org").status_code == 200
    with stranger.app.app_context():
        engines: Any = stranger.db.engines
        engine = engines[None]
        with engine.connect() as connection:
            transaction = connection.begin()
            engines[None] = connection
            yield stranger
            stranger.db.session.remove()
            transaction.rollback()
        engines[None] = engine
        count = select(func.count()).select_from(stranger.model)
        assert stranger.db.session.scalar(count) == 1


def test_a_user_who_is_not_committed_signs_in(stranger: Stranger, clock: Clock) -> None:
    """The whole life of a session is written in the transaction of the test."""
    user = stranger.model(email="grace@example.org", password_hash=HASH)
    stranger.db.session.add(user)
    stranger.db.session.commit()
    browser = stranger.signed_in()
    clock.advance(60)
    assert browser.refresh().status_code == 200
    assert browser.client.get("/live").json == {"email": "grace@example.org"}
    assert browser.sign_out().status_code == 204
    assert refusal(browser.refresh()) == (401, "refresh_token_missing")


def test_the_next_test_finds_nobody(stranger: Stranger) -> None:
    """What the test before wrote is gone."""
    assert refusal(Browser(stranger.app).sign_in("grace@example.org")) == (401, "invalid_credentials")
