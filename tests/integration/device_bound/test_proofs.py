"""POST /auth/dbsc/refresh: what is asked for, what is accepted, and when the browser is told to forget."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import ACCESS_COOKIE, REFRESH_COOKIE, Browser, content, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.device_bound.browser import CHALLENGE, REFRESH, BoundBrowser
from tests.support.device_bound.key import DeviceKey
from tests.support.rows import stored, write
from tests.support.sites import MakeSite, add_user

MISSING, AGAIN = (401, "device_proof_required"), (403, "challenge_used")
WINDOWS = {
    "Sec-CH-UA": '"Not:A-Brand";v="8", "Chromium";v="145", "Google Chrome";v="145"',
    "Sec-CH-UA-Platform": '"Windows"',
}


@pytest.fixture
def bound(site: Flask, clock: Clock, ada: str) -> BoundBrowser:
    """Ada's browser, whose session is bound."""
    assert ada
    browser = BoundBrowser(site, clock)
    browser.sign_in(remember=True)
    assert browser.prove().status_code == 200
    return browser


def as_environ(headers: dict[str, str]) -> dict[str, str]:
    """Headers as WSGI has them."""
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


def challenge_in(reply: TestResponse) -> str | None:
    """The challenge that a reply gives, if it gives one."""
    found = CHALLENGE.fullmatch(reply.headers.get("Secure-Session-Challenge", ""))
    return found and found[1]


def test_a_proof_is_an_ordinary_refresh(bound: BoundBrowser, clock: Clock, ada: str) -> None:
    """The refresh token rotates, the access cookie runs out just before its token, and one row is written."""
    before, version = bound.held, stored(bound.client.application, ada).version
    clock.advance(601)
    reply = bound.prove()
    assert reply.status_code == 200
    assert set_cookies(reply)["accessToken"]["max-age"] == "599"
    assert set_cookies(reply)[REFRESH_COOKIE]["value"] != before
    assert stored(bound.client.application, ada).version == version + 1
    assert bound.me().status_code == 200


def test_a_refresh_within_the_life_of_the_cookie_leaves_the_cookie(bound: BoundBrowser, clock: Clock) -> None:
    """ratchet.js may refresh; only the browser itself sets the bound cookie."""
    clock.advance(200)
    reply = bound.refresh()
    assert set_cookies(reply).keys() == {REFRESH_COOKIE, "signedIn"}
    assert content(reply)["expires_in"] == 400
    clock.advance(401)
    assert bound.get("/auth/me").status_code == 200


def no_proof(bound: BoundBrowser) -> TestResponse:
    """As a browser that has no challenge."""
    return bound.send(REFRESH)


def used(bound: BoundBrowser) -> TestResponse:
    """The proof that has just been accepted, again."""
    proof = bound.key.proof(bound.challenge or "")
    assert bound.send(REFRESH, proof).status_code == 200
    return bound.send(REFRESH, proof)


def old(bound: BoundBrowser) -> TestResponse:
    """A proof of a challenge from before the life of the access token and a minute."""
    proof = bound.key.proof(bound.challenge or "")
    bound._clock.advance(661)  # type: ignore[attr-defined]  # the clock of the site
    return bound.send(REFRESH, proof)


def guessed(bound: BoundBrowser) -> TestResponse:
    """A proof of a challenge that nobody has issued."""
    return bound.send(REFRESH, bound.key.proof("1800000000000.guessed"))


@pytest.mark.parametrize("ask", [no_proof, used, old, guessed])
def test_a_new_challenge_is_given(bound: BoundBrowser, ask: Callable[[BoundBrowser], TestResponse]) -> None:
    """Each row can be mended by the browser itself, so it is 403 with a challenge, and that one is good."""
    reply = ask(bound)
    assert refusal(reply) == AGAIN
    assert "Set-Cookie" not in reply.headers
    assert bound.prove(challenge_in(reply)).status_code == 200


@pytest.mark.parametrize("registers", [False, True], ids=["", "with its key in the header"])
def test_another_key_proves_nothing(bound: BoundBrowser, registers: bool) -> None:
    """It is refused without a challenge, and the owner goes on."""
    proof = DeviceKey().proof(bound.challenge or "", registers=registers)
    reply = bound.send(REFRESH, proof)
    assert refusal(reply) == MISSING
    assert challenge_in(reply) is None
    assert bound.prove().status_code == 200


def test_challenge_of_another_user_is_none(site: Flask, clock: Clock, bound: BoundBrowser) -> None:
    """Two bound sessions do not take each other's challenges."""
    add_user(site, "eve@example.org", "eve")
    eve = BoundBrowser(site, clock)
    eve.sign_in("eve")
    assert eve.challenge
    assert refusal(bound.send(REFRESH, bound.key.proof(eve.challenge))) == AGAIN


def signed_out(bound: BoundBrowser, _ada: str) -> None:
    """The jar has the cookies still: the reply was lost."""
    bound.copy().sign_out()


def replaced(bound: BoundBrowser, _ada: str) -> None:
    """Somebody signs in on the same browser, and the browser asks for the session before that one."""
    Browser.sign_in(bound)


def blocked(bound: BoundBrowser, ada: str) -> None:
    """An administrator has blocked the user."""
    write(bound.client.application, ada, blocked=True)


def without_cookies(bound: BoundBrowser, _ada: str) -> None:
    """The cookies are gone."""
    bound.client.delete_cookie(REFRESH_COOKIE, path="/auth")


def idle(bound: BoundBrowser, _ada: str) -> None:
    """Nobody has come for the idle limit."""
    bound._clock.advance(15 * 86400)  # type: ignore[attr-defined]  # the clock of the site


@pytest.mark.parametrize("end", [signed_out, replaced, blocked, without_cookies, idle])
@pytest.mark.parametrize("proves", [True, False])
def test_browser_is_told_to_forget(
    bound: BoundBrowser, ada: str, end: Callable[[BoundBrowser, str], None], proves: bool
) -> None:
    """Each row is why the session is not there any more; with and without a proof."""
    end(bound, ada)
    reply = bound.send(REFRESH, bound.key.proof(bound.challenge or "") if proves else None)
    assert (reply.status_code, content(reply)["continue"]) == (200, False)
    assert content(reply)["session_identifier"] == bound.session_id


def test_a_session_without_a_key_is_forgotten(site: Flask, clock: Clock, ada: str) -> None:
    """A browser that asks for a session that was never bound."""
    browser = BoundBrowser(site, clock)
    Browser.sign_in(browser)
    browser.session_id = stored(site, ada).sessions[0]["id"]
    assert content(browser.send(REFRESH))["continue"] is False
    assert browser.me().status_code == 200


@pytest.mark.parametrize("named", ["", '""', "x" * 65, "a b", "<script>"])
def test_a_session_has_to_be_named(bound: BoundBrowser, named: str) -> None:
    """What is no id is refused, and is not repeated in the reply."""
    reply = bound.send(REFRESH, **{"Sec-Secure-Session-Id": named})
    assert refusal(reply) == (400, "invalid_request")
    assert not named or named not in reply.get_data(as_text=True)


def test_quotation_marks_are_accepted(bound: BoundBrowser) -> None:
    """The draft has them around the id; Chromium sends none."""
    assert bound.session_id
    assert refusal(bound.send(REFRESH, **{"Sec-Secure-Session-Id": f'"{bound.session_id}"'})) == AGAIN


def test_another_site_cannot_ask(bound: BoundBrowser) -> None:
    """The origin check of every post holds here, too."""
    assert refusal(bound.send(REFRESH, **{"Sec-Fetch-Site": "cross-site"})) == (403, "cross_origin")


def test_two_proofs_at_once(bound: BoundBrowser, site: Flask, clock: Clock) -> None:
    """Of two workers with the same proof one accepts it, and the other asks for a new one."""
    clock.advance(601)
    proof, held = bound.key.proof(bound.challenge or ""), bound.held

    def send(_: int) -> int:
        client = site.test_client(use_cookies=False)
        headers = {
            "Cookie": f"{REFRESH_COOKIE}={held}",
            "Secure-Session-Response": proof,
            "Sec-Secure-Session-Id": bound.session_id or "",
        }
        return client.post(REFRESH, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(send, range(4)))
    assert statuses == [200, 403, 403, 403]


def test_a_browser_that_cannot_prove_just_now_is_not_signed_out(bound: BoundBrowser, clock: Clock) -> None:
    """It says so in a header; the answer is 503, and the next proof is accepted."""
    clock.advance(700)
    headers = {"Secure-Session-Skipped": f'quota_exceeded;session_identifier="{bound.session_id}"'}
    reply = bound.client.post("/auth/refresh", headers=headers)
    assert refusal(reply) == (503, "unavailable")
    assert bound.prove().status_code == 200


@pytest.mark.parametrize(
    ("headers", "goes_on"),
    [
        pytest.param(WINDOWS, False, id="a Chromium on Windows that has bound nothing"),
        pytest.param({**WINDOWS, "Sec-CH-UA-Platform": '"macOS"'}, True, id="another system"),
        pytest.param({**WINDOWS, "Sec-CH-UA": '"Chromium";v="144"'}, True, id="the release before"),
        pytest.param({}, True, id="a browser that says nothing"),
    ],
)
def test_required(make_site: MakeSite, clock: Clock, headers: dict[str, str], goes_on: bool) -> None:
    """Each row is a browser, and whether its session goes on without a key six minutes after the sign-in."""
    site = make_site(RATCHET_DEVICE_BOUND="required")
    add_user(site, "ada@example.org", "ada")
    browser = Browser(site)
    browser.client.environ_base |= as_environ(headers)
    browser.sign_in()
    clock.advance(240)
    assert browser.refresh().status_code == 200
    clock.advance(120)
    assert (browser.refresh().status_code == 200) == goes_on


def test_required_and_bound(make_site: MakeSite, clock: Clock) -> None:
    """A browser that binds goes on as without the setting."""
    site = make_site(RATCHET_DEVICE_BOUND="required")
    add_user(site, "ada@example.org", "ada")
    browser = BoundBrowser(site, clock)
    browser.client.environ_base |= as_environ(WINDOWS)
    browser.sign_in()
    assert browser.prove().status_code == 200
    for _ in range(3):
        clock.advance(601)
        assert browser.get("/auth/me").status_code == 200


def test_an_access_cookie_that_nobody_can_read_is_cleared(bound: BoundBrowser, clock: Clock) -> None:
    """The browser would not prove beside it. Without it the request is refused as ever, and nothing loops."""
    clock.advance(601)
    bound.client.set_cookie(ACCESS_COOKIE, "no.token.atall")
    reply = bound.refresh()
    assert refusal(reply) == (503, "unavailable")
    assert set_cookies(reply).keys() == {ACCESS_COOKIE}
    assert bound.client.get_cookie(ACCESS_COOKIE) is None
    assert refusal(bound.refresh()) == (401, "device_proof_required")
    assert bound.prove().status_code == 200


def test_a_link_of_another_site_is_loaded_again_from_this_one(bound: BoundBrowser, clock: Clock) -> None:
    """There the browser proves first; a browser with an access cookie needs no such page."""
    there = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
    assert bound.client.get("/auth/continue?next=/", headers=there).status_code == 303
    clock.advance(601)
    bound.client.delete_cookie(ACCESS_COOKIE)
    page = bound.client.get("/auth/continue?next=/", headers=there)
    assert (page.status_code, 'http-equiv="refresh"' in page.text) == (200, True)
    assert bound.prove().status_code == 200
