"""A session that is bound to a device, on real databases: its row, its cookies, its refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.auth.lifecycle.account import SessionRef
from app.auth.lifecycle.binding import Proof
from app.auth.sessions.issuer import IssuedTokens
from app.auth.web.services import services
from tests.support.browser import Browser, content, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.rows import stored, write
from tests.support.samples import NOW

KEY = '{"crv":"P-256","kty":"EC","x":"x","y":"y"}'
MISSING, PENDING = (401, "device_proof_required"), (503, "unavailable")
ACCESS_TTL, LEEWAY = 600, 30


def access_cookie(browser: Browser) -> str:
    """The access token in the jar."""
    cookie = browser.client.get_cookie("accessToken")
    assert cookie
    return cookie.value


def keep(browser: Browser, issued: IssuedTokens) -> None:
    """Put the access token of a DBSC reply into the jar."""
    browser.client.set_cookie("accessToken", issued.access_token)


def register(site: Flask, browser: Browser, subject: str) -> IssuedTokens:
    """What the browser does right after the sign-in."""
    (session,) = stored(site, subject).sessions
    with site.app_context():
        issued = services().sessions.register_device(
            SessionRef(subject, session["id"]), KEY, NOW - 1, [access_cookie(browser)]
        )
    keep(browser, issued)
    return issued


def prove(site: Flask, browser: Browser, subject: str, clock: Clock) -> IssuedTokens:
    """What the browser does when the bound cookie runs out; the refresh cookie of the reply is kept, too."""
    (session,) = stored(site, subject).sessions
    verify: Callable[[str], Proof] = lambda _key: Proof(clock.now)  # noqa: E731  # named for its type
    with site.app_context():
        issued = services().sessions.prove(SessionRef(subject, session["id"]), [browser.token], verify)
    keep(browser, issued)
    return issued


@pytest.fixture(name="bound")
def _bound(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> Browser:
    register(site, signed_in, ada)
    prove(site, signed_in, ada, clock)
    signed_in.refresh()
    return signed_in


def device_of(site: Flask, subject: str) -> dict[str, Any]:
    """The device on the row."""
    (session,) = stored(site, subject).sessions
    device = session["device"]
    assert isinstance(device, dict)
    return device


def test_a_row_without_a_device_has_no_place_for_one(signed_in: Browser, site: Flask, ada: str) -> None:
    """Who is not bound pays nothing."""
    assert signed_in.held
    assert "device" not in stored(site, ada).sessions[0]


def test_a_row_keeps_the_key_and_the_times(bound: Browser, site: Flask, ada: str) -> None:
    """What a registration and a proof write comes back from every database as it was."""
    assert bound.held
    assert device_of(site, ada) == {
        "state": "bound",
        "key": KEY,
        "is_required": False,
        "challenged_at": NOW,
        "pending_until": NOW + 60 + LEEWAY,
        "refused_at": None,
    }


def test_a_row_of_another_release_is_read(bound: Browser, site: Flask, ada: str) -> None:
    """Unknown fields are passed over, and a missing one reads as the strict choice."""
    (session,) = stored(site, ada).sessions
    known = {"key": KEY, "challenged_at": NOW, "attested_by": "the next release"}
    write(site, ada, sessions=[session | {"device": known}])
    copy = Browser(site, bound.held)
    assert refusal(copy.refresh()) == MISSING
    write(site, ada, sessions=[session | {"device": None}])
    assert copy.refresh().status_code == 200


def test_a_release_before_this_one_drops_the_device(bound: Browser, site: Flask, ada: str) -> None:
    """After a rollback the session goes on, and is not bound any more."""
    (session,) = stored(site, ada).sessions
    del session["device"]
    write(site, ada, sessions=[session])
    assert Browser(site, bound.held).refresh().status_code == 200


def test_a_copied_jar_dies_with_its_access_token(bound: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """The refresh cookie without the key renews nothing on any route, and the owner notices nothing."""
    thief = Browser(site, bound.held)
    thief.client.set_cookie("accessToken", access_cookie(bound))
    clock.advance(ACCESS_TTL + LEEWAY)
    for _ in range(2):
        assert refusal(thief.refresh()) == MISSING
        token = {"grant_type": "refresh_token", "refresh_token": thief.token}
        assert refusal(Browser(site).client.post("/auth/token", data=token)) == (400, "invalid_grant")
        assert refusal(Browser(site).refresh(thief.token)) == MISSING
        page = thief.client.get("/auth/continue?next=/", headers={"Sec-Fetch-Mode": "navigate"})
        assert "device_proof_required" in page.headers["Location"]
    assert prove(site, bound, ada, clock).expires_in == ACCESS_TTL
    assert bound.me().status_code == 200


def test_a_refresh_by_script_leaves_the_bound_cookie(bound: Browser, clock: Clock) -> None:
    """The reply says how long its token lives, and sets the refresh cookie and the mark as ever."""
    clock.advance(200)
    reply = bound.refresh()
    assert content(reply)["expires_in"] == ACCESS_TTL - 200
    assert set_cookies(reply).keys() == {"refreshToken", "signedIn"}
    clock.advance(200)
    assert content(bound.refresh(bound.token))["expires_in"] == ACCESS_TTL - 400


def test_a_page_that_continues_leaves_the_bound_cookie(bound: Browser, clock: Clock) -> None:
    """A redirect to continue with a good access cookie rotates, and goes back."""
    clock.advance(200)
    reply = bound.client.get("/auth/continue?next=/", headers={"Sec-Fetch-Mode": "navigate"})
    assert (reply.status_code, reply.headers["Location"]) == (303, "/")
    assert set_cookies(reply).keys() == {"refreshToken", "signedIn", "ratchetContinued"}


def test_a_browser_that_cannot_prove_waits(bound: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """It says so itself; nothing is lost."""
    clock.advance(ACCESS_TTL + LEEWAY)
    version = stored(site, ada).version
    skipped = {"Secure-Session-Skipped": "unreachable"}
    reply = bound.client.post("/auth/refresh", headers=skipped)
    assert (refusal(reply), reply.headers["Retry-After"]) == (PENDING, "1")
    page = bound.client.get("/auth/continue?next=/", headers=skipped | {"Sec-Fetch-Mode": "navigate"})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "3")
    assert stored(site, ada).version == version


def test_an_access_token_that_ran_out_on_the_way_waits(bound: Browser, clock: Clock) -> None:
    """The request left the browser with a good one."""
    clock.advance(ACCESS_TTL + LEEWAY - 1)
    assert refusal(bound.refresh()) == PENDING
    clock.advance(1)
    assert refusal(bound.refresh()) == MISSING


def test_a_lost_reply_to_the_registration_costs_nothing(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """The browser knows of no key, and stays signed in as one that cannot bind."""
    before = access_cookie(signed_in)
    register(site, signed_in, ada)
    signed_in.client.set_cookie("accessToken", before)
    clock.advance(300)
    reply = signed_in.refresh()
    assert content(reply)["expires_in"] == ACCESS_TTL - 300
    clock.advance(300 + LEEWAY)
    reply = signed_in.refresh()
    assert content(reply)["expires_in"] == ACCESS_TTL
    assert set_cookies(reply).keys() == {"accessToken", "refreshToken", "signedIn"}
    assert device_of(site, ada)["state"] == "overridden"


def test_until_it_is_decided_a_refresh_waits(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A thief who has only the refresh cookie cannot be first, and an honest browser loses nothing."""
    register(site, signed_in, ada)
    thief = Browser(site, signed_in.held)
    clock.advance(60 + LEEWAY - 1)
    assert refusal(thief.refresh()) == PENDING
    assert prove(site, signed_in, ada, clock).expires_in == ACCESS_TTL
    clock.advance(1)
    assert refusal(thief.refresh()) == MISSING


def test_the_list_says_which_device_is_bound(bound: Browser, site: Flask, clock: Clock) -> None:
    """And when a copy was refused."""
    shown = content(bound.client.get("/auth/sessions"))["sessions"][0]
    assert (shown["device_bound"], shown["copy_refused_at"]) == (True, None)
    assert refusal(Browser(site, bound.held).refresh()) == MISSING
    clock.advance(60)
    shown = content(bound.client.get("/auth/sessions"))["sessions"][0]
    assert shown["copy_refused_at"] == "2027-01-15T08:00:00Z"


def test_the_terminal_says_which_device_is_bound(bound: Browser, site: Flask) -> None:
    """``flask ratchet sessions`` marks it."""
    assert bound.held
    printed = site.test_cli_runner().invoke(args=["ratchet", "sessions", "ada@example.org"]).output
    assert "device-bound" in printed


def test_a_bound_session_starts_no_other(bound: Browser) -> None:
    """A thief would have one that is not bound, within one access lifetime."""
    reply = bound.post("/auth/sessions", {})
    assert refusal(reply) == (403, "reauthentication_required")
