"""What a request costs: statements, and bytes on the row."""

from __future__ import annotations

from base64 import urlsafe_b64decode

from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.sites import MakeSite, let_in

from ...support.rows import statements, stored

LEEWAY = 30


def test_rotation_is_one_select_and_one_update(signed_in: Browser, site: Flask) -> None:
    """A rotation asks the database twice and no more."""
    with statements(site) as sent:
        assert signed_in.refresh().status_code == 200
    assert sent == ["SELECT", "UPDATE"]


def test_repeat_is_one_select(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A repeat a moment after the hand-out writes nothing; a later one notes when it was."""
    signed_in.refresh()
    before = stored(site, ada)
    clock.advance(2)
    with statements(site) as sent:
        assert signed_in.refresh().status_code == 200
    assert sent == ["SELECT"]
    assert stored(site, ada) == before
    clock.advance(2)
    with statements(site) as sent:
        assert signed_in.refresh().status_code == 200
    assert sent == ["SELECT", "UPDATE"]


def test_row_does_not_grow(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A session costs its place in the row once: a refresh keeps no byte."""
    signed_in.refresh()
    before = len(str(stored(site, ada).sessions))
    for _ in range(5):
        clock.advance(LEEWAY)
        signed_in.refresh()
    assert len(str(stored(site, ada).sessions)) == before


def test_row_holds_no_token(signed_in: Browser, site: Flask, ada: str) -> None:
    """A stolen database cannot make a token: the row has ids and times, no signature."""
    (session,) = stored(site, ada).sessions
    token = signed_in.held
    assert not [part for part in token.split(".") if part in str(session)]
    assert session.keys() == {
        "id", "current", "parent", "made_at", "shown_at", "served_at", "confirmed_at", "started_at",
        "expires_at", "auth_time", "remember", "delivery", "label", "started_by",
    }  # fmt: skip


def test_ids_are_drawn_and_have_128_bits(signed_in: Browser, site: Flask, ada: str) -> None:
    """Session and token ids are long, and no two of them are the same (ASVS 7.2.3)."""
    signed_in.refresh()
    let_in(site, ada)
    ids = [
        row[name] for row in stored(site, ada).sessions for name in ("id", "current", "parent") if row[name]
    ]
    assert len(set(ids)) == len(ids) == 5
    assert {len(urlsafe_b64decode(f"{drawn}==")) * 8 for drawn in ids} == {128}


def test_sign_in_writes_the_row_once(browser: Browser, site: Flask, ada: str) -> None:
    """A sign-in is one look at the row and one change of it."""
    before = stored(site, ada).version
    with statements(site) as sent:
        browser.sign_in()
    assert sent == ["SELECT", "UPDATE"]
    assert stored(site, ada).version == before + 1


def test_me_is_one_select(signed_in: Browser, site: Flask) -> None:
    """The row is asked once and not written; what other devices ended was asked a moment before."""
    signed_in.me()
    with statements(site) as sent:
        signed_in.me()
    assert sent == ["SELECT"]


def test_the_first_request_after_a_sign_in_does_not_look_at_the_row(browser: Browser, site: Flask) -> None:
    """The process knows what it has written: it asks for news, and for the row that the view shows."""
    browser.sign_in()
    with statements(site) as sent:
        assert browser.me().status_code == 200
    assert sent == ["SELECT"] * 2


def test_the_first_request_after_a_refresh_does_not_look_at_the_row(
    signed_in: Browser, make_site: MakeSite
) -> None:
    """The same on another node that has refreshed the session."""
    other = make_site()
    there = Browser(other, signed_in.held)
    there.refresh()
    with statements(other) as sent:
        assert there.me().status_code == 200
    assert sent == ["SELECT"] * 2
