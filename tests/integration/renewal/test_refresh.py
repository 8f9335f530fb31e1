"""A refresh over HTTP: every verdict of the rule, with the clock turned, on each database."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import (
    COOKIES,
    REFRESH_COOKIE,
    Browser,
    content,
    present,
    refusal,
    set_cookies,
)
from tests.support.clock import Clock
from tests.support.sites import MakeSite, let_in

from ...support.rows import stored, write

LEEWAY, MINUTE, DAY = 30, 60, 86400
OVER = (401, "refresh_token_invalid")
THEFT = (401, "refresh_token_reused")


def test_first_refresh_rotates_both_tokens(browser: Browser) -> None:
    """A fresh session has no parent, so its first refresh hands out new tokens, even in the same second."""
    signed_in = content(browser.sign_in())
    first = browser.held
    reply = browser.refresh()
    assert set_cookies(reply).keys() == COOKIES
    assert browser.held != first
    assert content(reply)["access_token"] != signed_in["access_token"]
    assert content(reply).keys() == signed_in.keys()


def test_repeat_hands_out_the_very_same_token(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """Within the leeway parent and current both get the current token again, to the byte."""
    parent = signed_in.held
    signed_in.refresh()
    current = signed_in.held
    for token in (parent, current):
        clock.advance(LEEWAY - 1)
        tab = Browser(site, token)
        assert tab.refresh().status_code == 200
        assert tab.held == current


def test_current_rotates_once_the_leeway_is_over(signed_in: Browser, clock: Clock) -> None:
    """At the leeway, to the second, the current token gives way to a fresh one."""
    signed_in.refresh()
    current = signed_in.held
    clock.advance(LEEWAY)
    signed_in.refresh()
    assert signed_in.held != current


def test_recover_after_a_lost_reply(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """Who presents the parent never got the current token: it is orphaned, and a fresh one goes out."""
    parent = signed_in.held
    signed_in.refresh()
    orphan = signed_in.held
    clock.advance(LEEWAY)
    tab = Browser(site, parent)
    assert tab.refresh().status_code == 200
    assert tab.held not in (parent, orphan)
    assert refusal(Browser(site, orphan).refresh()) == THEFT


def test_reuse_ends_the_whole_session(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A token older than the parent is a theft, and then nothing of that session works."""
    stolen = signed_in.held
    for _ in range(2):
        signed_in.refresh()
        clock.advance(LEEWAY)
    newest, access = signed_in.held, content(signed_in.refresh())["access_token"]
    reply = Browser(site, stolen).refresh()
    assert refusal(reply) == THEFT
    assert "Set-Cookie" not in reply.headers
    assert stored(site, ada).sessions == []
    assert refusal(Browser(site, stolen).refresh()) == OVER
    assert refusal(Browser(site, newest).refresh()) == OVER
    assert refusal(signed_in.refresh()) == OVER
    assert refusal(Browser(site).me(access)) == (401, "token_invalid")


def test_owner_is_told_that_it_was_a_theft(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """Where the thief is found first, the owner gets the usual refusal, and the reason beside it."""
    thief = Browser(site, signed_in.held)
    for browser in (thief, signed_in):
        assert browser.refresh().status_code == 200
        clock.advance(30)
    assert content(thief.refresh())["error"] == "refresh_token_reused"
    told = content(signed_in.refresh())
    assert (told["error"], told["reason"]) == ("refresh_token_invalid", "refresh_token_reused")


def test_reason_is_told_beside_another_dead_cookie(site: Flask, ada: str, clock: Clock) -> None:
    """An old cookie of a session that was signed out does not hide that this one was stolen."""
    owner, other = let_in(site, ada), let_in(site, ada)
    thief = Browser(site, owner.held)
    for browser in (thief, owner):
        assert browser.refresh().status_code == 200
        clock.advance(30)
    thief.refresh()
    dead = other.held
    other.sign_out()
    for pair in ((owner.held, dead), (dead, owner.held)):
        reply = present(site, "; ".join(f"{REFRESH_COOKIE}={cookie}" for cookie in pair))
        assert content(reply)["reason"] == "refresh_token_reused"


def test_thief_and_victim_cannot_both_go_on(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """Thief and victim start with one copy each; the session ends at the second hand-over at the latest."""
    thief = Browser(site, signed_in.held)
    replies = []
    for party in (signed_in, thief, signed_in):
        clock.advance(LEEWAY)
        replies.append(party.refresh().status_code)
    assert replies == [200, 200, 401]
    assert refusal(thief.refresh()) == OVER


@pytest.mark.parametrize("newest", [True, False], ids=["the newest token", "always the first copy"])
@pytest.mark.parametrize("pause", [5, LEEWAY - 5])
def test_thief_who_polls_is_found(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, pause: int, *, newest: bool
) -> None:
    """Presenting a copy every few seconds does not keep its token in place for ever."""
    copy = signed_in.held
    thief = Browser(site, copy)
    for after in range(0, 30 * MINUTE, pause):
        if after % (5 * MINUTE) == 0 and after and signed_in.refresh().status_code == 401:
            break
        if thief.refresh().status_code == 401:
            break
        thief = thief if newest else Browser(site, copy)
        clock.advance(pause)
    assert stored(site, ada).sessions == []


def test_row_of_the_first_edition_goes_on_working(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A row without the new times repeats, rotates and recovers as before."""
    parent = signed_in.held
    signed_in.refresh()
    (session,) = stored(site, ada).sessions
    new = ("made_at", "shown_at", "confirmed_at")
    write(site, ada, sessions=[{name: session[name] for name in session if name not in new}])
    current = signed_in.held
    assert Browser(site, parent).refresh().status_code == 200
    clock.advance(LEEWAY)
    assert signed_in.refresh().status_code == 200
    assert signed_in.held != current


def test_reuse_of_one_session_leaves_the_others(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A theft ends the stolen session; other devices of the user stay signed in."""
    other = let_in(site, ada)
    stolen = signed_in.held
    for _ in range(2):
        signed_in.refresh()
        clock.advance(LEEWAY)
    assert refusal(Browser(site, stolen).refresh()) == THEFT
    assert other.refresh().status_code == 200


@pytest.mark.parametrize("replayed", [1, LEEWAY, DAY - 1])
def test_strict_has_no_leeway_and_no_recovery(
    make_site: MakeSite,
    ada: str,
    clock: Clock,
    replayed: int,
) -> None:
    """With RATCHET_STRICT anything but the current token is a theft, however soon it comes."""
    site = make_site(RATCHET_STRICT=True)
    browser = let_in(site, ada)
    parent = browser.held
    browser.refresh()
    clock.advance(replayed)
    assert refusal(Browser(site, parent).refresh()) == THEFT
    assert stored(site, ada).sessions == []


def test_strict_rotates_at_every_refresh(make_site: MakeSite, ada: str) -> None:
    """With RATCHET_STRICT the current token rotates each time, without a turn of the clock."""
    browser = let_in(make_site(RATCHET_STRICT=True), ada)
    held = [browser.held]
    for _ in range(3):
        browser.refresh()
        held.append(browser.held)
    assert len(set(held)) == 4


@pytest.mark.parametrize(
    ("remember", "idle"),
    [
        pytest.param(True, 14 * DAY, id="a remembered session ends after fourteen days unused"),
        pytest.param(False, DAY, id="a session that is not remembered ends after one day unused"),
    ],
)
def test_idle_limit(site: Flask, ada: str, clock: Clock, *, remember: bool, idle: int) -> None:
    """A second before the idle limit a session goes on, and from then anew; at the limit it is over."""
    browser = let_in(site, ada, remember=remember)
    clock.advance(idle - 1)
    assert browser.refresh().status_code == 200
    clock.advance(idle)
    reply = browser.refresh()
    assert refusal(reply) == OVER
    assert "Set-Cookie" not in reply.headers


def test_absolute_limit_is_reached_by_refreshing(site: Flask, ada: str, clock: Clock) -> None:
    """Renewing never extends a session beyond ninety days, nor any token of it."""
    browser = let_in(site, ada, remember=True)
    for _ in range(8):
        clock.advance(10 * DAY)
        last = browser.refresh()
        assert last.status_code == 200
    assert set_cookies(last)["refreshToken"]["max-age"] == str(10 * DAY)
    clock.advance(10 * DAY - MINUTE)
    last = browser.refresh()
    assert content(last)["expires_in"] == MINUTE
    clock.advance(MINUTE)
    assert refusal(browser.refresh()) == OVER
    assert refusal(browser.me(content(last)["access_token"])) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        pytest.param({"blocked": True}, "account_blocked", id="a blocked account"),
        pytest.param({"confirmed": False}, "account_unconfirmed", id="an unconfirmed account"),
    ],
)
def test_refused_account(
    signed_in: Browser, site: Flask, ada: str, columns: dict[str, bool], code: str
) -> None:
    """Who may not sign in any more is told at the next refresh, and the session is over for good."""
    held = signed_in.held
    write(site, ada, **columns)
    reply = signed_in.refresh()
    assert refusal(reply) == (403, code)
    assert "Set-Cookie" not in reply.headers
    assert stored(site, ada).sessions == []
    write(site, ada, blocked=False, confirmed=True)
    assert refusal(Browser(site, held).refresh()) == OVER


def test_thief_of_a_blocked_account_learns_nothing_of_it(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A stolen token is a theft first: only a good one is told why the account may not sign in."""
    stolen = signed_in.held
    for _ in range(2):
        signed_in.refresh()
        clock.advance(LEEWAY)
    write(site, ada, blocked=True)
    assert refusal(Browser(site, stolen).refresh()) == THEFT
