"""Signals: each is sent once, with its details, after the change is on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from blinker import NamedSignal
from flask import Flask

from app.auth import (
    password_changed,
    reuse_detected,
    session_ended,
    session_refreshed,
    sign_in_failed,
    user_signed_in,
)
from tests.support.browser import PASSWORD, REFRESH_COOKIE, Browser, present
from tests.support.clock import Clock
from tests.support.sites import MakeSite, add_user, let_in

from ...support.rows import stored, write

SIGNALS = (
    user_signed_in,
    sign_in_failed,
    session_refreshed,
    session_ended,
    reuse_detected,
    password_changed,
)
Heard = list[tuple[str, str, list[str]]]
"""Name of the signal, what it says (verdict or reason), ids of the sessions on disk at that moment."""


@contextmanager
def listening(site: Flask, subject: str) -> Iterator[Heard]:
    """Everything that is heard of a user in this block."""
    heard: Heard = []

    def receiver(signal: NamedSignal) -> Callable[..., None]:
        def note(sender: Flask, **details: Any) -> None:
            assert sender is site
            assert details.get("subject", subject) == subject
            said = details.get("verdict") or details.get("reason") or ""
            heard.append((signal.name, said, [one["id"] for one in stored(site, subject).sessions]))

        return note

    with ExitStack() as stack:
        for signal in SIGNALS:
            stack.enter_context(signal.connected_to(receiver(signal), site))
        yield heard


def names(heard: Heard) -> list[tuple[str, str]]:
    """What was heard, without the state of the disk."""
    return [(name, said) for name, said, _ in heard]


def test_sign_in_is_told_with_its_session_on_disk(browser: Browser, site: Flask, ada: str) -> None:
    """Who listens finds the session in the row."""
    with listening(site, ada) as heard:
        browser.sign_in()
    (session,) = stored(site, ada).sessions
    assert heard == [("user-signed-in", "", [session["id"]])]


@pytest.mark.parametrize(
    ("password", "columns", "reason"),
    [
        pytest.param("wrong", {}, "invalid_credentials", id="a wrong password"),
        pytest.param(PASSWORD, {"blocked": True}, "account_blocked", id="a blocked account"),
        pytest.param(PASSWORD, {"confirmed": False}, "account_unconfirmed", id="an unconfirmed account"),
    ],
)
def test_failed_sign_in_is_told(
    browser: Browser, site: Flask, ada: str, password: str, columns: dict[str, bool], reason: str
) -> None:
    """Who tried, from where, and why it failed; the name in its canonical spelling."""
    write(site, ada, **({"blocked": False} | columns))
    details: list[dict[str, Any]] = []

    def note(_site: Flask, **given: Any) -> None:
        details.append(given)

    with sign_in_failed.connected_to(note, site):
        browser.sign_in(" ADA ", password)
    assert details == [{"identifier": "ada", "address": "127.0.0.1", "reason": reason}]


def test_refresh_is_told_with_its_verdict(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """Rotate, repeat and recover are told apart."""
    parent = signed_in.held
    with listening(site, ada) as heard:
        signed_in.refresh()
        signed_in.refresh()
        clock.advance(30)
        Browser(site, parent).refresh()
    verdicts = ("rotate", "repeat", "recover")
    assert names(heard) == [("session-refreshed", verdict) for verdict in verdicts]


def test_theft_is_told_once_with_the_session_gone(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """The alarm, then the end, both after the row has lost the session; a second try is no second alarm."""
    stolen = signed_in.held
    for _ in range(2):
        signed_in.refresh()
        clock.advance(30)
    with listening(site, ada) as heard:
        for _ in range(2):
            Browser(site, stolen).refresh()
    assert heard == [("reuse-detected", "", []), ("session-ended", "reuse", [])]


def test_details_hold_the_session(signed_in: Browser, site: Flask, ada: str) -> None:
    """A signal carries the session as a value, and the id of the user as text."""
    (kept,) = stored(site, ada).sessions
    details: list[dict[str, Any]] = []

    def note(_site: Flask, **given: Any) -> None:
        details.append(given)

    with session_ended.connected_to(note, site):
        signed_in.sign_out()
    (given,) = details
    assert (given["subject"], given["reason"]) == (ada, "signed_out")
    assert (given["session"].id, given["session"].started_at) == (kept["id"], kept["started_at"])


def end_from_afar(browser: Browser, site: Flask, subject: str) -> None:
    """DELETE /auth/sessions/<id> of this session."""
    browser.client.delete(f"/auth/sessions/{stored(site, subject).sessions[0]['id']}")


def block_and_refresh(browser: Browser, site: Flask, subject: str) -> None:
    """A refresh after an operator blocked the account."""
    write(site, subject, blocked=True)
    browser.refresh()


def change_password(browser: Browser, _site: Flask, _subject: str) -> None:
    """POST /auth/password."""
    browser.change_password()


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(
            lambda browser, *_: browser.sign_out(), [("session-ended", "signed_out")], id="a sign-out"
        ),
        pytest.param(end_from_afar, [("session-ended", "ended")], id="an end from afar"),
        pytest.param(block_and_refresh, [("session-ended", "refused")], id="a refresh of a blocked account"),
        pytest.param(
            lambda browser, *_: browser.sign_in(),
            [("session-ended", "replaced"), ("user-signed-in", "")],
            id="a sign-in over a session",
        ),
        pytest.param(
            change_password,
            [("session-ended", "password_changed"), ("password-changed", "")],
            id="a change of the password",
        ),
    ],
)
def test_end_of_a_session_is_told_with_its_reason(
    signed_in: Browser, site: Flask, ada: str, act: Callable[..., Any], expected: list[tuple[str, str]]
) -> None:
    """A session ends once and for one reason, and is off the disk when that is told."""
    (gone,) = stored(site, ada).sessions
    with listening(site, ada) as heard:
        act(signed_in, site, ada)
    assert names(heard) == expected
    assert not [on_disk for _, _, on_disk in heard if gone["id"] in on_disk]


def test_sign_in_of_somebody_else_is_told_as_a_replacement(signed_in: Browser, site: Flask, ada: str) -> None:
    """Two people at one browser: the session that was there ends, and it is said why."""
    told: list[tuple[str, str]] = []

    def note(_site: Flask, **given: Any) -> None:
        told.append((given["subject"], given["reason"]))

    add_user(site, "eve@example.org", "eve")
    with session_ended.connected_to(note, site):
        signed_in.sign_in("eve")
    assert told == [(ada, "replaced")]


def test_session_that_makes_way_is_told(make_site: MakeSite, ada: str) -> None:
    """Beyond RATCHET_MAX_SESSIONS the session that makes way is told before the new session."""
    site = make_site(RATCHET_MAX_SESSIONS=1)
    let_in(site, ada)
    with listening(site, ada) as heard:
        Browser(site).sign_in()
    assert names(heard) == [("session-ended", "displaced"), ("user-signed-in", "")]


def test_session_that_ran_out_is_told(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A refresh too late is told as the end of its session."""
    clock.advance(86400)
    with listening(site, ada) as heard:
        signed_in.refresh()
    assert heard == [("session-ended", "expired", [])]


def test_nothing_is_told_of_what_changes_nothing(site: Flask, ada: str) -> None:
    """Bad tokens, two cookies of sessions that are over, a second sign-out: nobody is alarmed."""
    over = [let_in(site, ada) for _ in range(2)]
    for browser in over:
        assert Browser(site, browser.held).sign_out().status_code == 204
    with listening(site, ada) as heard:
        Browser(site, "garbage").refresh()
        present(site, "; ".join(f"{REFRESH_COOKIE}={browser.held}" for browser in over))
        Browser(site).refresh()
        Browser(site, "garbage").sign_out()
    assert heard == []


def test_receiver_that_fails_does_not_fail_the_request(
    signed_in: Browser, site: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """The change is made: the reply goes out, the others are told, and the log has the fault."""
    told: list[str] = []

    def fail(_site: Flask, **_: Any) -> None:
        raise RuntimeError("the mail server is away")

    def note(_site: Flask, **given: Any) -> None:
        told.append(given["verdict"])

    with session_refreshed.connected_to(fail, site), session_refreshed.connected_to(note, site):
        assert signed_in.refresh().status_code == 200
    assert told == ["rotate"]
    assert "the mail server is away" in caplog.text
