"""A host's list of breached passwords: it is asked once about each new password, and it may fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.auth import InvalidRequest, Ratchet
from tests.support.browser import PASSWORD, Browser, refusal
from tests.support.hosts.strangers import Model, numbered
from tests.support.samples import SECRET
from tests.support.sites import HASH

NEW = "an even better battery staple"
BREACHED = "a staple that everybody has seen"


class Host:
    """An app with one user, and a list of breached passwords that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_down = False
        self.app, db = Flask(__name__), SQLAlchemy()
        self.app.config.from_mapping(
            TESTING=True,
            SECRET_KEY=SECRET,
            SQLALCHEMY_DATABASE_URI="sqlite://",
            RATCHET_BCRYPT_ROUNDS=10,
        )
        db.init_app(self.app)
        self.model: Model = numbered(db)
        self.ratchet = Ratchet(self.app, db=db, user_model=self.model, is_breached=self._is_breached)
        self.db = db

    def _is_breached(self, password: str) -> bool:
        self.asked.append(password)
        if self.is_down:
            raise TimeoutError
        return password == BREACHED

    def change(self, new: str, current: str = PASSWORD) -> tuple[int, str]:
        """Sign in and change the password: the status, and the error's code."""
        browser = Browser(self.app)
        assert browser.sign_in("grace@example.org").status_code == 200
        reply = browser.post("/auth/password", {"current_password": current, "new_password": new})
        return (200, "") if reply.status_code == 200 else refusal(reply)


@pytest.fixture
def host() -> Iterator[Host]:
    """A host whose tables are in memory."""
    host = Host()
    with host.app.app_context():
        host.db.create_all()
        host.db.session.add(host.model(email="grace@example.org", password_hash=HASH))
        host.db.session.commit()
    yield host
    with host.app.app_context():
        host.db.engine.dispose()


def test_the_list_is_asked_once_about_a_changed_password(host: Host) -> None:
    """It is often a call over the network: a change costs one."""
    assert host.change(NEW) == (200, "")
    assert host.asked == [NEW]


def test_the_list_is_asked_once_about_the_password_of_a_sign_up(host: Host) -> None:
    """The same for the password of a user who is new."""
    with host.app.app_context():
        assert host.ratchet.hash_new_password(NEW)
    assert host.asked == [NEW]


def test_the_list_is_asked_once_about_a_reset_password(host: Host) -> None:
    """The same for a password that the host sets."""
    with host.app.app_context():
        host.ratchet.set_password(host.db.session.scalars(host.db.select(host.model)).one(), NEW)
    assert host.asked == [NEW]


def test_a_breached_password_is_refused_wherever_it_is_new(host: Host) -> None:
    """The answer of the list counts, and it is not asked again to make sure."""
    assert host.change(BREACHED) == (400, "invalid_request")
    with host.app.app_context(), pytest.raises(InvalidRequest, match="known to attackers"):
        host.ratchet.hash_new_password(BREACHED)
    assert host.asked == [BREACHED, BREACHED]


def test_a_new_password_is_judged_before_the_current_one(host: Host) -> None:
    """So a refused new password is no failed attempt at the current one."""
    assert host.change(BREACHED, current="wrong") == (400, "invalid_request")
    assert host.change(NEW, current="wrong") == (401, "invalid_credentials")


def test_a_list_that_fails_keeps_nobody_from_a_new_password(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """What it raised is in the log, and the password is not."""
    host.is_down = True
    assert host.change(NEW) == (200, "")
    assert "the breach check failed" in caplog.text
    assert NEW not in caplog.text
