"""Restarts and changed secrets: what keeps people signed in, and what no key can open."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.forgery import ACCESS, forge_access, forge_for
from tests.support.samples import SECRET
from tests.support.sites import MakeSite

from ...support.rows import statements, stored

NEW_SECRET = "another secret of forty characters, at the least"
OVER = (401, "refresh_token_invalid")


def test_restart_keeps_people_signed_in(signed_in: Browser, make_site: MakeSite) -> None:
    """A new process knows the sessions of the old one: they are on the user row."""
    after = Browser(make_site(), signed_in.held)
    assert after.refresh().status_code == 200
    assert after.me().status_code == 200


def test_two_processes_serve_one_session(signed_in: Browser, make_site: MakeSite, clock: Clock) -> None:
    """It does not matter which process answers: they follow one another, and repeat one another."""
    parent = signed_in.held
    second = Browser(make_site(), parent)
    assert (signed_in.refresh().status_code, second.refresh().status_code) == (200, 200)
    assert second.held == signed_in.held
    clock.advance(30)
    second.refresh()
    assert signed_in.refresh().status_code == 200
    assert signed_in.held == second.held


def test_old_secret_as_fallback_keeps_people_signed_in(signed_in: Browser, make_site: MakeSite) -> None:
    """After a change of SECRET_KEY the old tokens hold, and what goes out is signed with the new one."""
    access = content(signed_in.refresh())["access_token"]
    rotated = Browser(make_site(SECRET_KEY=NEW_SECRET, SECRET_KEY_FALLBACKS=[SECRET]), signed_in.held)
    assert rotated.me(access).status_code == 200
    assert rotated.refresh().status_code == 200
    sole_candidate = Browser(make_site(SECRET_KEY=NEW_SECRET), rotated.held)
    assert sole_candidate.refresh().status_code == 200
    assert sole_candidate.me().status_code == 200


def test_fallback_never_signs(signed_in: Browser, make_site: MakeSite) -> None:
    """A process that was not told of the new secret does not take its tokens: the old one signs nothing."""
    rotated = Browser(make_site(SECRET_KEY=NEW_SECRET, SECRET_KEY_FALLBACKS=[SECRET]), signed_in.held)
    access = content(rotated.refresh())["access_token"]
    assert refusal(signed_in.me(access)) == (401, "token_invalid")
    signed_in.refresh_cookie = rotated.held
    assert refusal(signed_in.refresh()) == OVER


def test_nodes_with_reversed_secrets_serve_one_session(signed_in: Browser, make_site: MakeSite) -> None:
    """While a new secret is rolled out, nodes that sign with either take what the other signed."""
    nodes = [
        make_site(SECRET_KEY=SECRET, SECRET_KEY_FALLBACKS=[NEW_SECRET]),
        make_site(SECRET_KEY=NEW_SECRET, SECRET_KEY_FALLBACKS=[SECRET]),
    ]
    held = signed_in.held
    for site in nodes * 2:
        browser = Browser(site, held)
        assert browser.refresh().status_code == 200
        held = browser.held


def test_changed_secret_without_fallback_signs_people_out(signed_in: Browser, make_site: MakeSite) -> None:
    """Tokens of a forgotten secret are refused in words, never with a 500."""
    access = content(signed_in.refresh())["access_token"]
    browser = Browser(make_site(SECRET_KEY=NEW_SECRET), signed_in.held)
    reply = browser.refresh()
    assert refusal(reply) == OVER
    assert "Set-Cookie" not in reply.headers
    assert refusal(browser.me(access)) == (401, "token_invalid")


def test_forged_token_leaves_the_victim_alone(signed_in: Browser, site: Flask, ada: str) -> None:
    """A token that names a victim and is signed with another key does not even reach the database."""
    before = stored(site, ada)
    forged = forge_for(NEW_SECRET, ada, before.sessions[0]["id"], before.sessions[0]["current"])
    with statements(site) as sent:
        for _ in range(20):
            assert refusal(Browser(site).refresh(forged)) == OVER
            assert Browser(site).post("/auth/logout", {"refresh_token": forged}).status_code == 204
    assert sent == []
    assert stored(site, ada) == before
    assert signed_in.refresh().status_code == 200


def test_key_alone_makes_no_refresh_token(site: Flask, ada: str, signed_in: Browser) -> None:
    """A stolen signing key opens no session: the token ids are on the row, and a guess ends the session."""
    (session,) = stored(site, ada).sessions
    assert refusal(Browser(site).refresh(forge_for(SECRET, ada, "guessed"))) == OVER
    assert stored(site, ada).sessions == [session]
    assert refusal(Browser(site).refresh(forge_for(SECRET, ada, session["id"]))) == (
        401,
        "refresh_token_reused",
    )
    assert refusal(signed_in.refresh()) == OVER


def test_key_alone_opens_no_view_that_asks_the_row(site: Flask, ada: str, signed_in: Browser) -> None:
    """An access token under the right key holds until the row is asked, which knows no such session."""
    forged = forge_access({**ACCESS, "sub": ada, "sid": "guessed"})
    for method, path in (("GET", "/auth/me"), ("GET", "/auth/sessions"), ("POST", "/auth/sessions")):
        reply = Browser(site).client.open(path, method=method, headers=bearer(forged))
        assert refusal(reply) == (401, "token_invalid")
    assert signed_in.refresh().status_code == 200


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param("999999", id="nobody has this id"),
        pytest.param("0", id="no id is nought"),
        pytest.param("-1", id="nor negative"),
        pytest.param("1" + "0" * 30, id="nor as large as this"),
        pytest.param("\u0661", id="nor written in other digits"),
        pytest.param("1 OR 1=1", id="nor a piece of SQL"),
        pytest.param("ada", id="nor a name"),
        pytest.param("1\0", id="nor ends in a NUL"),
    ],
)
def test_subject_that_is_nobodys(site: Flask, subject: str) -> None:
    """An authentic token of a user who is not there is refused like any other, whatever it calls them."""
    token = forge_for(SECRET, subject, "a session")
    assert refusal(Browser(site).refresh(token)) == OVER
    assert Browser(site).post("/auth/logout", {"refresh_token": token}).status_code == 204
