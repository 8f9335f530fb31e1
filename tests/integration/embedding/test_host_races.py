"""What a host writes while an operation is under way stands, and nobody gets in on a password of before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import cast

import pytest
from flask import Flask

from app.auth.errors import InvalidCredentials, RatchetError
from app.auth.lifecycle.account import SessionOptions, SessionRef
from app.auth.passwords.hashing import hash_password
from app.auth.web.services import EXTENSION, Services
from app.db import db
from app.models import User
from app.site import ratchet
from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, refusal
from tests.support.clock import Clock
from tests.support.sites import HASH

from ...support.rows import just_before, stored, write

NEW_HASH = hash_password(NEW_PASSWORD, 10)
ROUNDS = 30

Act = Callable[[], object]


def host_changes(site: Flask, subject: str, *, end: bool = False, **columns: object) -> None:
    """What a host does: set columns of its user object, commit, and perhaps end the user's sessions."""
    with site.app_context():
        user = db.session.get(User, int(subject))
        for name, value in columns.items():
            setattr(user, name, value)
        db.session.commit()
        if end:
            ratchet.end_sessions(user)


def is_blocked(site: Flask, subject: str) -> bool:
    """What is on disk."""
    with site.app_context():
        return bool(db.session.scalar(db.select(User.blocked).where(User.id == int(subject))))


def reuse(browser: Browser, clock: Clock) -> None:
    """Present a token that is older than the parent."""
    stolen = browser.refresh_cookie
    assert stolen is not None
    for _ in range(2):
        browser.refresh()
        clock.advance(30)
    browser.refresh_cookie = stolen
    browser.refresh()


OPERATIONS = [
    pytest.param(lambda browser, _: browser.sign_in(), id="a sign-in over a session"),
    pytest.param(lambda browser, _: browser.refresh(), id="a refresh"),
    pytest.param(lambda browser, _: browser.sign_out(), id="a sign-out"),
    pytest.param(lambda browser, _: browser.sign_out("all"), id="a sign-out everywhere"),
    pytest.param(reuse, id="a theft"),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_writes_back_nothing_that_it_does_not_change(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, operation: Callable[[Browser, Clock], object]
) -> None:
    """A password and a block that the host sets between question and write are there afterwards."""
    host = lambda: host_changes(site, ada, password_hash=NEW_HASH, blocked=True)  # noqa: E731  # one line
    with just_before(site, "UPDATE", host):
        operation(signed_in, clock)
    assert stored(site, ada).password_hash == NEW_HASH
    assert is_blocked(site, ada)


@pytest.mark.parametrize("end", [True, False], ids=["and ends the sessions", "only"])
@pytest.mark.parametrize(
    ("columns", "answer"),
    [
        pytest.param({"password_hash": NEW_HASH}, (401, "invalid_credentials"), id="another password"),
        pytest.param({"blocked": True}, (403, "account_blocked"), id="a block"),
    ],
)
def test_a_sign_in_under_way_does_not_outlive_what_the_host_does(
    browser: Browser, site: Flask, ada: str, columns: dict[str, object], answer: tuple[int, str], *, end: bool
) -> None:
    """The hash that was verified has to be the one on the row when the session is written."""
    with just_before(site, "UPDATE", lambda: host_changes(site, ada, end=end, **columns)):
        reply = browser.sign_in()
    assert refusal(reply) == answer
    assert stored(site, ada).sessions == []


def test_ending_no_session_moves_the_version(site: Flask, ada: str) -> None:
    """Whoever decided on the row of before has to look again, also where there was nothing to end."""
    before = stored(site, ada).version
    host_changes(site, ada, end=True)
    assert stored(site, ada).version == before + 1


@pytest.mark.parametrize(
    ("word", "nth"),
    [
        pytest.param("UPDATE", 1, id="before the raised hash is written"),
        pytest.param("SELECT", 2, id="after the raised hash is written"),
    ],
)
def test_a_raised_hash_is_not_written_over_a_newer_one(
    browser: Browser, site: Flask, ada: str, word: str, nth: int
) -> None:
    """A reset that comes while the old password is being raised stands, and the old one is out."""
    write(site, ada, password_hash=hash_password(PASSWORD, 4))
    with just_before(site, word, lambda: write(site, ada, password_hash=NEW_HASH), nth=nth):
        reply = browser.sign_in()
    assert refusal(reply) == (401, "invalid_credentials")
    assert stored(site, ada).password_hash == NEW_HASH


def test_two_who_raise_a_hash_at_once_both_get_in(browser: Browser, site: Flask, ada: str) -> None:
    """Who loses the race for the raised hash has given the right password all the same."""
    write(site, ada, password_hash=hash_password(PASSWORD, 4))
    other = Browser(site)
    with just_before(site, "UPDATE", other.sign_in):
        assert browser.sign_in().status_code == 200
    assert other.refresh().status_code == 200
    assert browser.refresh().status_code == 200


def test_a_sign_in_of_the_host_under_way_does_not_outlive_a_reset(site: Flask, ada: str) -> None:
    """``start_session`` lets in whom ``authenticate`` has just verified, on the password it verified."""
    with site.test_request_context(method="POST"):
        with just_before(site, "SELECT", lambda: write(site, ada, password_hash=NEW_HASH), nth=2):
            user = ratchet.authenticate("ada", PASSWORD)
        with pytest.raises(InvalidCredentials):
            ratchet.start_session(user)
    assert stored(site, ada).sessions == []


def test_a_host_may_ask_for_a_new_password_on_the_way_in(site: Flask, ada: str) -> None:
    """Who is authenticated and then given another password by the same request is let in."""
    with site.test_request_context(method="POST"):
        user = ratchet.authenticate("ada", PASSWORD)
        ratchet.set_password(user, NEW_PASSWORD)
        ratchet.start_session(user)
    assert len(stored(site, ada).sessions) == 1


def keep_signing_in(site: Flask, subject: str, known: str, stop: Event) -> None:
    """Sign in all the time on the password of this hash, as somebody who knows it does."""
    with site.app_context():
        state = cast("Services", site.extensions[EXTENSION])
        replaces = None
        while not stop.is_set():
            account = state.store.load(subject)
            if account is None or account.password_hash != known:
                continue
            time.sleep(0.002)  # in the place of bcrypt, which takes a hundred times as long
            with suppress(RatchetError):
                issued = state.sessions.start(account, SessionOptions(), replaces=replaces)
                replaces = SessionRef(subject, issued.session.id)
        db.session.remove()


@contextmanager
def intruders(site: Flask, subject: str, known: str) -> Iterator[None]:
    """Two of them, from their first sign-in until none of theirs is under way any more."""
    stop, before = Event(), stored(site, subject).version
    threads = [Thread(target=keep_signing_in, args=(site, subject, known, stop)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        while stored(site, subject).version < before + 3:
            time.sleep(0.002)
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_no_reset_is_undone_by_those_who_keep_signing_in(site: Flask, ada: str) -> None:
    """Of thirty resets, each with the end of all sessions, no old hash and no session comes back."""
    known = HASH
    for number in range(ROUNDS):
        fresh = f"hash {number}"
        with intruders(site, ada, known):
            host_changes(site, ada, password_hash=fresh, end=True)
        now = stored(site, ada)
        assert (now.password_hash, now.sessions) == (fresh, []), number
        known = fresh


def test_no_block_is_undone_by_those_who_keep_signing_in(site: Flask, ada: str) -> None:
    """Of thirty blocks that the host sets each is there afterwards, and no session comes after it."""
    for number in range(ROUNDS):
        with intruders(site, ada, HASH):
            host_changes(site, ada, blocked=True)
            version = stored(site, ada).version
        assert is_blocked(site, ada), number
        assert stored(site, ada).version == version, number
        write(site, ada, blocked=False)
