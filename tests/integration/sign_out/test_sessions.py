"""The devices that are signed in: list them, end one, start one for another device."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from app.auth.access.visitor import identity
from tests.support.browser import Browser, bearer, cleared, content, refusal
from tests.support.clock import Clock
from tests.support.samples import NOW
from tests.support.sites import MakeSite, add_user, let_in

from ...support.rows import stored

LEEWAY, MINUTE, HOUR, DAY = 30, 60, 3600, 86400
TOO_OLD = (403, "reauthentication_required")


def listed(browser: Browser) -> list[dict[str, Any]]:
    """GET /auth/sessions."""
    items = content(browser.client.get("/auth/sessions"))["sessions"]
    assert isinstance(items, list)
    return items


def moment(seconds: float) -> str:
    """ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_list_shows_each_device_once(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """Every session with its name and times in UTC, the most recently used first, one marked as this one."""
    clock.advance(MINUTE)
    Browser(site).sign_in(label="Phone", remember=True)
    clock.advance(MINUTE)
    signed_in.refresh()
    here, phone = listed(signed_in)
    times = {"started_at", "last_used_at", "expires_at", "copy_refused_at"}
    assert here.keys() == {"id", "current", "label", "device_bound"} | times
    assert (here["current"], here["started_at"]) == (True, moment(NOW))
    assert (here["last_used_at"], here["expires_at"]) == (moment(clock.now), moment(clock.now + DAY))
    assert (phone["current"], phone["label"]) == (False, "Phone")
    assert (phone["started_at"], phone["expires_at"]) == (
        moment(NOW + MINUTE),
        moment(NOW + MINUTE + 14 * DAY),
    )


def test_the_list_tells_nobody_when_its_owner_renews(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """Whoever has a copied token would present it right after each renewal, and never be found."""
    thief, phone = Browser(site, signed_in.held), Browser(site)
    phone.sign_in(label="Phone")
    tablet = Browser(site)
    tablet.sign_in(label="Tablet")
    assert thief.refresh().status_code == 200
    for renewing in (signed_in, phone):
        clock.advance(LEEWAY)
        quiet = [ways(thief), ways(tablet)]
        renewing.refresh()
        assert [ways(thief), ways(tablet)] == quiet
    assert {item["last_used_at"] for item in listed(thief)} == {moment(clock.now), moment(NOW)}
    clock.advance(HOUR)
    for browser in (signed_in, tablet):
        browser.refresh()
    assert listed(tablet)[1]["last_used_at"] == moment(NOW + HOUR)


def ways(browser: Browser) -> list[bytes]:
    """All that tells of the user's sessions."""
    return [browser.me().data, browser.client.get("/auth/sessions").data]


def test_list_shows_no_token(signed_in: Browser, site: Flask, ada: str) -> None:
    """Neither current nor parent leaves the row."""
    signed_in.refresh()
    (session,) = stored(site, ada).sessions
    shown = signed_in.client.get("/auth/sessions").get_data(as_text=True)
    assert not [name for name in ("current", "parent") if session[name] in shown]


def test_list_shows_no_session_that_is_over(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A session that ran out leaves the list by itself, and the row with the next write."""
    let_in(site, ada)
    clock.advance(DAY - 1)
    signed_in.refresh()
    clock.advance(1)
    assert [item["current"] for item in listed(signed_in)] == [True]
    assert len(stored(site, ada).sessions) == 2
    clock.advance(LEEWAY)
    signed_in.refresh()
    assert len(stored(site, ada).sessions) == 1


def test_end_another_session(signed_in: Browser, site: Flask, ada: str) -> None:
    """A device is signed out from afar; this one keeps its cookies."""
    other = let_in(site, ada)
    (there,) = (item["id"] for item in listed(signed_in) if not item["current"])
    reply = signed_in.client.delete(f"/auth/sessions/{there}")
    assert (reply.status_code, reply.data, cleared(reply)) == (204, b"", False)
    assert refusal(other.refresh()) == (401, "refresh_token_invalid")
    assert signed_in.refresh().status_code == 200


def test_end_this_session(signed_in: Browser, site: Flask, ada: str) -> None:
    """Ending the session at hand is a sign-out, with its cookies."""
    (here,) = (item["id"] for item in listed(signed_in))
    reply = signed_in.client.delete(f"/auth/sessions/{here}")
    assert (reply.status_code, cleared(reply)) == (204, True)
    assert stored(site, ada).sessions == []


def test_session_of_somebody_else_is_not_there(signed_in: Browser, site: Flask) -> None:
    """Somebody else's session and one that never was get the same 404, and nothing ends."""
    bob = add_user(site, "bob@example.org", "bob")
    let_in(site, bob)
    (theirs,) = stored(site, bob).sessions
    replies = [
        signed_in.client.delete(f"/auth/sessions/{name}") for name in (theirs["id"], "never-was", "%00")
    ]
    assert {refusal(reply) for reply in replies} == {(404, "not_found")}
    assert len({reply.data for reply in replies}) == 1
    assert stored(site, bob).sessions == [theirs]


def test_session_that_ran_out_is_not_there(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A session that is over cannot be ended: a 404."""
    let_in(site, ada)
    (there,) = (item["id"] for item in listed(signed_in) if not item["current"])
    clock.advance(DAY - 1)
    signed_in.refresh()
    clock.advance(1)
    assert refusal(signed_in.client.delete(f"/auth/sessions/{there}")) == (404, "not_found")


def test_start_a_session_for_another_device(signed_in: Browser, site: Flask, ada: str) -> None:
    """A tool gets a remembered session of its own by body, and this browser keeps what it has."""
    held = signed_in.held
    reply = signed_in.post("/auth/sessions", {"label": "Backup script"})
    assert reply.status_code == 201
    assert "Set-Cookie" not in reply.headers
    fields = content(reply)
    assert fields["refresh_expires_in"] == 14 * DAY
    assert [session["label"] for session in stored(site, ada).sessions][1:] == ["Backup script"]
    tool = Browser(site)
    assert tool.me(fields["access_token"]).status_code == 200
    assert tool.refresh(fields["refresh_token"]).status_code == 200
    assert Browser(site, held).refresh().status_code == 200


def test_start_needs_a_recent_sign_in(signed_in: Browser, clock: Clock) -> None:
    """Ten minutes after the sign-in it takes another one; refreshing does not make it recent."""
    clock.advance(10 * MINUTE)
    signed_in.refresh()
    assert signed_in.post("/auth/sessions", {}).status_code == 201
    clock.advance(1)
    reply = signed_in.post("/auth/sessions", {})
    assert refusal(reply) == TOO_OLD
    assert "insufficient_user_authentication" in reply.headers["WWW-Authenticate"]
    signed_in.sign_in()
    assert signed_in.post("/auth/sessions", {}).status_code == 201


def test_started_session_is_no_fresher_than_its_parent(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """A session inherits the sign-in it comes from: what asks for a recent one is as old for both."""
    clock.advance(9 * MINUTE)
    access = content(signed_in.post("/auth/sessions", {}))["access_token"]
    tool = Browser(site)
    with site.test_request_context(headers=bearer(access)):
        assert identity().auth_time == clock.now - 9 * MINUTE
    assert tool.me(access).status_code == 200


def test_started_session_starts_none(signed_in: Browser, site: Flask, ada: str) -> None:
    """Nobody signed in there: it takes a session in which somebody did."""
    access = content(signed_in.post("/auth/sessions", {}))["access_token"]
    assert refusal(Browser(site).post("/auth/sessions", {}, headers=bearer(access))) == TOO_OLD
    assert len(stored(site, ada).sessions) == 2


def test_started_session_ends_with_the_theft_of_its_parent(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """What a thief started ends when the theft is found; what a sign-out leaves behind stays."""
    other = let_in(site, ada)
    kept = content(other.post("/auth/sessions", {}))["refresh_token"]
    other.sign_out()
    thief = Browser(site, signed_in.held)
    thief.refresh()
    hidden = content(thief.post("/auth/sessions", {}))["refresh_token"]
    for _ in range(2):
        clock.advance(LEEWAY)
        thief.refresh()
    assert refusal(signed_in.refresh()) == (401, "refresh_token_reused")
    reply = Browser(site).refresh(hidden)
    assert refusal(reply) == (401, "refresh_token_invalid")
    assert content(reply)["reason"] == "refresh_token_reused"
    assert Browser(site).refresh(kept).status_code == 200


def test_ended_session_starts_none(signed_in: Browser, site: Flask, ada: str) -> None:
    """An access token that has not run out starts nothing once its session is over."""
    access = content(signed_in.refresh())["access_token"]
    signed_in.sign_out()
    reply = Browser(site).post("/auth/sessions", {}, headers=bearer(access))
    assert refusal(reply) == (401, "token_invalid")
    assert stored(site, ada).sessions == []


def test_started_session_counts_towards_the_most(make_site: MakeSite, ada: str, clock: Clock) -> None:
    """Beyond RATCHET_MAX_SESSIONS the least recently served makes way here too."""
    site = make_site(RATCHET_MAX_SESSIONS=2)
    first = let_in(site, ada)
    clock.advance(1)
    second = let_in(site, ada)
    assert second.post("/auth/sessions", {}).status_code == 201
    assert len(stored(site, ada).sessions) == 2
    assert refusal(first.refresh()) == (401, "refresh_token_invalid")


def test_starting_sessions_never_ends_the_one_that_starts_them(
    make_site: MakeSite, ada: str, clock: Clock
) -> None:
    """A thief who starts many sessions does not push the stolen one out: its theft is still found."""
    site = make_site(RATCHET_MAX_SESSIONS=3)
    owner = let_in(site, ada)
    thief = Browser(site, owner.held)
    thief.refresh()
    for _ in range(4):
        clock.advance(LEEWAY)
        assert thief.post("/auth/sessions", {}).status_code == 201
    assert owner.refresh().status_code == 200
    assert len(stored(site, ada).sessions) == 3


def test_where_one_session_is_allowed_none_is_started(make_site: MakeSite, ada: str) -> None:
    """With RATCHET_MAX_SESSIONS at 1 a start would end its starter, so it is refused."""
    browser = let_in(make_site(RATCHET_MAX_SESSIONS=1), ada)
    assert refusal(browser.post("/auth/sessions", {})) == (403, "reauthentication_required")
    assert browser.refresh().status_code == 200


def test_body_delivery_switched_off_starts_none(make_site: MakeSite, ada: str) -> None:
    """Where no refresh token may travel by body there is no way to hand one to another device."""
    site = make_site(RATCHET_BODY_DELIVERY=False)
    browser = let_in(site, ada)
    assert refusal(browser.post("/auth/sessions", {})) == (400, "invalid_request")
    assert len(stored(site, ada).sessions) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_access_token_is_needed(signed_in: Browser, site: Flask, method: str) -> None:
    """With only a refresh cookie nothing is listed or started."""
    reply = Browser(site, signed_in.held).client.open("/auth/sessions", method=method)
    assert refusal(reply) == (401, "token_missing")
