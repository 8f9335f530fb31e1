"""set_password, and what the host's own objects show of Ratchet's writes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.auth import InvalidRequest, UserNotFound
from app.auth.signals import password_changed
from app.db import db
from app.models import User
from app.site import ratchet
from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger
from tests.support.sites import HASH, add_user

from ...support.rows import statements, stored


def user_of(subject: str) -> User:
    """The host's object."""
    user: User | None = db.session.get(User, int(subject))
    assert user is not None
    return user


def shown(user: User) -> tuple[str | None, bool]:
    """What the host sees of its object."""
    return user.password_hash, user.blocked


def test_a_set_password_is_the_end_of_the_old_one(signed_in: Browser, site: Flask, ada: str) -> None:
    """Every session ends, the old password is out, the new one is in, and it is told once."""
    told: list[str] = []

    def note(_sender: Flask, *, subject: str) -> None:
        told.append(subject)

    with site.app_context(), password_changed.connected_to(note):
        ratchet.set_password(user_of(ada), NEW_PASSWORD)
    assert refusal(signed_in.refresh()) == (401, "refresh_token_invalid")
    assert refusal(Browser(site).sign_in()) == (401, "invalid_credentials")
    assert Browser(site).sign_in(password=NEW_PASSWORD).status_code == 200
    assert told == [ada]


def test_a_set_password_is_one_write(signed_in: Browser, site: Flask, ada: str) -> None:  # noqa: ARG001  # a session
    """There is no moment at which the new hash stands beside the old sessions."""
    with site.app_context():
        user = user_of(ada)
        with statements(site) as sent:
            ratchet.set_password(user, NEW_PASSWORD)
    assert sent == ["SELECT", "UPDATE"]


def test_a_password_that_is_refused_changes_nothing(signed_in: Browser, site: Flask, ada: str) -> None:
    """The rules for new passwords are those of every other way."""
    with site.app_context(), pytest.raises(InvalidRequest, match="at least 15 characters"):
        ratchet.set_password(user_of(ada), "short")
    assert stored(site, ada).password_hash == HASH
    assert signed_in.refresh().status_code == 200


def test_a_user_without_a_row_gets_no_password(site: Flask) -> None:
    """A host that forgot to commit its user is told so."""
    with site.app_context(), pytest.raises(UserNotFound, match="committed"):
        ratchet.set_password(User(email="new@example.org"), NEW_PASSWORD)


def test_the_hosts_object_shows_what_was_written(site: Flask, ada: str) -> None:
    """A user that the host loaded before is neither stale nor written back, in whatever isolation."""
    with site.app_context():
        user = user_of(ada)
        assert shown(user) == (HASH, False)
        ratchet.set_password(user, NEW_PASSWORD)
        ratchet.block(user)
        assert shown(user) == (stored(site, ada).password_hash, True)
        ratchet.unblock(user)
        assert shown(user) == (stored(site, ada).password_hash, False)
        assert not db.session.is_modified(user)


def test_what_the_host_has_pending_stays_pending(site: Flask, ada: str) -> None:
    """A value that the host has set and not yet saved is the host's to save."""
    with site.app_context():
        user = user_of(ada)
        user.password_hash, user.username = "pending", "countess"
        ratchet.set_password(user, NEW_PASSWORD)
        assert (user.password_hash, user.username) == ("pending", "countess")
        db.session.rollback()
        assert (user.password_hash, user.username) == (stored(site, ada).password_hash, "ada")


def test_only_the_object_of_that_user_is_told(site: Flask, ada: str) -> None:
    """Another user whom the host holds stays as they are."""
    other = add_user(site, "bob@example.org", "bob")
    with site.app_context():
        bob, user = user_of(other), user_of(ada)
        ratchet.block(user)
        assert (bob.blocked, user.blocked) == (False, True)
    assert Browser(site).sign_in("bob", PASSWORD).status_code == 200


def test_a_host_may_encrypt_the_column_of_the_hash(make_stranger: MakeStranger, clock: Clock) -> None:
    """With a random nonce no hash is written twice alike: what is not decided on it does not compare it."""
    stranger = make_stranger("encrypted")
    key = stranger.add_user(password_hash=None)
    with stranger.app.test_request_context():
        user: Any = stranger.db.session.get(stranger.model, key)
        tokens = [stranger.ratchet.start_session(user).refresh_token for _ in range(2)]
        user.password_hash = HASH
        stranger.db.session.commit()
    browser = Browser(stranger.app)
    for _ in range(2):
        clock.advance(30)
        reply = browser.refresh(tokens[0])
        tokens[0] = content(reply)["refresh_token"]
    assert browser.post("/auth/logout", {"refresh_token": tokens[0]}).status_code == 204
    with stranger.app.app_context():
        user = stranger.db.session.get(stranger.model, key)
        assert user.password_hash == HASH
        stranger.ratchet.set_password(user, NEW_PASSWORD)
        assert refusal(browser.refresh(tokens[1])) == (401, "refresh_token_invalid")
        stranger.ratchet.block(user)
        stranger.ratchet.unblock(user)
        stranger.ratchet.end_sessions(user)
