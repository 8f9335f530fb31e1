"""The user row: compare-and-swap, what other releases and hosts do to it, and what they cannot."""

from __future__ import annotations

from typing import cast

import pytest
from flask import Flask

from app.auth.lifecycle.account import Account
from app.auth.storage.accounts import AccountStore
from app.auth.web.services import EXTENSION, Services
from app.db import db
from app.models import User
from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock
from tests.support.sites import let_in

from ...support.rows import stored, write


def store_of(site: Flask) -> AccountStore:
    """The store of a site."""
    return cast("Services", site.extensions[EXTENSION]).store


def load(site: Flask, subject: str) -> Account:
    """The account as it is now."""
    with site.app_context():
        account = store_of(site).load(subject)
    assert account is not None
    return account


def test_swap_lands_once(signed_in: Browser, site: Flask, ada: str) -> None:
    """Of two changes decided on the same version the first is written, and the second is not."""
    before = load(site, ada)
    with site.app_context():
        assert store_of(site).compare_and_swap(before, before.sessions)
        assert not store_of(site).compare_and_swap(before, ())
    assert load(site, ada).sessions == before.sessions
    assert signed_in.refresh().status_code == 200


def test_version_counts_every_change(signed_in: Browser, site: Flask, ada: str) -> None:
    """Each rotation is one change of the row."""
    before = stored(site, ada).version
    signed_in.refresh()
    assert stored(site, ada).version == before + 1


@pytest.mark.parametrize("sessions", [None, []], ids=["NULL", "an empty list"])
def test_row_that_never_had_a_session(site: Flask, ada: str, sessions: list[object] | None) -> None:
    """Rows from before Ratchet have no sessions, and their users sign in like others."""
    write(site, ada, sessions=sessions)
    browser = Browser(site)
    assert browser.sign_in().status_code == 200
    assert browser.refresh().status_code == 200


def test_session_of_a_newer_release(signed_in: Browser, site: Flask, ada: str) -> None:
    """A field that another release wrote is passed over: old and new serve side by side."""
    (session,) = stored(site, ada).sessions
    write(site, ada, sessions=[{**session, "colour": "green", "nested": {"x": [1, None]}}])
    assert signed_in.refresh().status_code == 200
    assert signed_in.me().status_code == 200


def test_session_of_an_older_release(signed_in: Browser, site: Flask, ada: str) -> None:
    """A field that an older release did not write has its default."""
    (session,) = stored(site, ada).sessions
    optional = {"remember", "delivery", "label"}
    write(site, ada, sessions=[{name: value for name, value in session.items() if name not in optional}])
    assert signed_in.refresh().status_code == 200
    assert content(signed_in.me())["session"]["label"] == ""


def test_host_queries_leave_the_columns_alone(signed_in: Browser, site: Flask, ada: str) -> None:
    """A host that loads and saves users neither reads nor writes the state of their sessions."""
    texts: list[str] = []
    with site.app_context():
        user = db.session.get(User, int(ada))
        assert user is not None
        texts.append(str(db.select(User)))
        assert {"sessions", "sessions_version"} <= db.inspect(user).unloaded
        user.email = "lovelace@example.org"
        signed_in.refresh()
        db.session.commit()
    assert "sessions" not in texts[0]
    assert content(signed_in.me())["user"]["email"] == "lovelace@example.org"
    assert signed_in.refresh().status_code == 200


def test_host_that_saves_a_user_during_a_refresh_loses_nothing(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """The host's write and Ratchet's touch different columns: both stand."""
    with site.app_context():
        user = db.session.get(User, int(ada))
        assert user is not None
        clock.advance(30)
        assert signed_in.refresh().status_code == 200
        user.username = "countess"
        db.session.commit()
    assert signed_in.refresh().status_code == 200
    assert content(signed_in.me())["user"]["username"] == "countess"


def test_backup_brings_sessions_back_until_all_are_ended(signed_in: Browser, site: Flask, ada: str) -> None:
    """A row of yesterday knows the sessions of yesterday; ``ratchet end-sessions --all`` is for that."""
    held, backup = signed_in.held, stored(site, ada)
    signed_in.sign_out()
    assert Browser(site, held).refresh().status_code == 401
    write(site, ada, sessions=backup.sessions, sessions_version=backup.version)
    assert Browser(site, held).refresh().status_code == 200
    site.test_cli_runner().invoke(args=["ratchet", "end-sessions", "--all"])
    assert Browser(site, held).refresh().status_code == 401


def test_row_is_bounded(site: Flask, ada: str, clock: Clock) -> None:
    """Whatever a user does, the row keeps as many sessions as are allowed and no more."""
    for _ in range(13):
        let_in(site, ada, remember=True)
        clock.advance(1)
    assert len(stored(site, ada).sessions) == 10


def test_expired_sessions_go_with_the_next_write(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """No job cleans up: what ran out vanishes when the row is written anyway."""
    clock.advance(86400)
    assert len(stored(site, ada).sessions) == 1
    let_in(site, ada)
    assert len(stored(site, ada).sessions) == 1
    assert refusal(signed_in.refresh()) == (401, "refresh_token_invalid")
