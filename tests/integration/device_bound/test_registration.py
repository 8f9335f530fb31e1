"""POST /auth/dbsc/register: which key is taken for which session, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import ACCESS_COOKIE, content, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.device_bound.browser import REGISTER, BoundBrowser, offered
from tests.support.device_bound.key import DeviceKey, rsa_key
from tests.support.rows import stored
from tests.support.sites import MakeSite, add_user, let_in

from ...support.browser import Browser

REFUSED, UNREADABLE = (400, "device_refused"), (400, "invalid_request")


@pytest.fixture
def browser(site: Flask, clock: Clock, ada: str) -> BoundBrowser:
    """Ada's browser, nobody signed in."""
    assert ada
    return BoundBrowser(site, clock)


def offer_to(browser: BoundBrowser) -> str:
    """Sign in without taking the offer; its challenge."""
    return offered(Browser.sign_in(browser))


def device_of(site: Flask, subject: str) -> dict[str, Any] | None:
    """What the row says of the device of the one session."""
    (session,) = stored(site, subject).sessions
    device: dict[str, Any] | None = session.get("device")
    return device


def test_browser_gets_its_instructions(browser: BoundBrowser) -> None:
    """The id, where to refresh, and the one cookie with the very attributes that it is set with."""
    reply = browser.register(offer_to(browser))
    cookie = set_cookies(reply)[ACCESS_COOKIE]
    assert set_cookies(reply).keys() == {ACCESS_COOKIE}
    assert cookie["max-age"] == "59"
    said = content(reply)
    (credential,) = said["credentials"]
    raw = reply.headers["Set-Cookie"].partition("Max-Age=59; ")[2]
    assert credential == {"type": "cookie", "name": ACCESS_COOKIE, "attributes": raw}
    assert said["refresh_url"] == "/auth/dbsc/refresh"
    assert reply.headers["Secure-Session-Challenge"].endswith(f';id="{said["session_identifier"]}"')


@pytest.mark.parametrize("key", [DeviceKey(), rsa_key()], ids=["ES256", "RS256"])
def test_both_algorithms_bind(site: Flask, clock: Clock, ada: str, key: DeviceKey) -> None:
    """A registration, a proof, and another one when the access token has run out."""
    browser = BoundBrowser(site, clock, key)
    browser.sign_in()
    assert browser.prove().status_code == 200
    clock.advance(601)
    assert browser.get("/auth/me").status_code == 200
    assert content(browser.get("/auth/me"))["session"]["device_bound"] is True
    assert device_of(site, ada)


def replayed(browser: BoundBrowser, challenge: str) -> TestResponse:
    """The same registration after the first proof."""
    browser.register(challenge)
    assert browser.prove().status_code == 200
    return browser.send(REGISTER, browser.key.proof(challenge, registers=True))


def second_key(browser: BoundBrowser, challenge: str) -> TestResponse:
    """Another key, as of a thief who registers his own."""
    browser.register(challenge)
    return browser.send(REGISTER, DeviceKey().proof(challenge, registers=True))


def wrong_key(browser: BoundBrowser, challenge: str) -> TestResponse:
    """A proof by another key than the one that it brings."""
    return browser.send(REGISTER, DeviceKey().proof(challenge, jwk=browser.key.jwk))


def made_up(browser: BoundBrowser, challenge: str) -> TestResponse:
    """A challenge that the site has not issued."""
    return browser.register(challenge.replace(".", ".A")[:-1])


def of_a_refresh(browser: BoundBrowser, challenge: str) -> TestResponse:
    """A challenge that is for the next proof."""
    browser.register(challenge)
    assert browser.challenge
    return browser.register(browser.challenge)


def without_cookies(browser: BoundBrowser, challenge: str) -> TestResponse:
    """A client that has seen the challenge, and has no token."""
    return BoundBrowser(browser.client.application, lambda: 0).register(challenge)


def of_an_ended_session(browser: BoundBrowser, challenge: str) -> TestResponse:
    """The session is over in the meantime; the client has kept its cookies."""
    copy = browser.copy()
    browser.sign_out()
    return copy.client.post(
        REGISTER, headers={"Secure-Session-Response": browser.key.proof(challenge, registers=True)}
    )


@pytest.mark.parametrize(
    ("register", "expected"),
    [
        (replayed, REFUSED),
        (second_key, REFUSED),
        (wrong_key, UNREADABLE),
        (made_up, UNREADABLE),
        (of_a_refresh, UNREADABLE),
        (without_cookies, REFUSED),
        (of_an_ended_session, REFUSED),
        pytest.param(lambda browser, _: browser.send(REGISTER), UNREADABLE, id="no proof"),
        pytest.param(lambda browser, _: browser.send(REGISTER, "x" * 5000), UNREADABLE, id="no JWT"),
    ],
)
def test_what_is_refused(
    browser: BoundBrowser, register: Callable[[BoundBrowser, str], TestResponse], expected: tuple[int, str]
) -> None:
    """Each row is a registration and its refusal; no cookie is set, and no row is changed."""
    reply = register(browser, offer_to(browser))
    assert refusal(reply) == expected
    assert "Set-Cookie" not in reply.headers


def test_challenge_of_another_session_or_user(site: Flask, clock: Clock, browser: BoundBrowser) -> None:
    """A challenge is for the session of the reply that it came in, whoever presents it."""
    add_user(site, "eve@example.org", "eve")
    mine, eve = offer_to(browser), BoundBrowser(site, clock)
    hers = offered(Browser.sign_in(eve, "eve"))
    assert refusal(browser.register(hers)) == UNREADABLE
    assert refusal(eve.register(mine)) == UNREADABLE
    assert browser.register(mine).status_code == 200


@pytest.mark.parametrize(("after", "status"), [(299, 200), (301, 400)])
def test_a_key_is_registered_within_minutes(
    browser: BoundBrowser, clock: Clock, after: int, status: int
) -> None:
    """Each row is the seconds after the sign-in, and the status."""
    challenge = offer_to(browser)
    clock.advance(after)
    assert browser.register(challenge).status_code == status


def test_a_lost_reply_can_be_asked_for_again(browser: BoundBrowser, site: Flask, ada: str) -> None:
    """The same key while no proof has been seen is the same success."""
    challenge = offer_to(browser)
    first = browser.register(challenge)
    again = browser.register(challenge)
    assert (first.status_code, again.status_code) == (200, 200)
    assert device_of(site, ada)


def test_a_stripped_header_changes_nothing(
    site: Flask, clock: Clock, browser: BoundBrowser, ada: str
) -> None:
    """Without the offer the session is as it was before: refresh and continue work, and no device is kept."""
    offer_to(browser)
    for _ in range(3):
        clock.advance(601)
        assert Browser.refresh(browser).status_code == 200
        assert browser.me().status_code == 200
    assert device_of(site, ada) is None


@pytest.mark.parametrize("delivery", ["cookie", "body"])
def test_only_a_cookie_is_offered_to_be_bound(browser: BoundBrowser, delivery: str) -> None:
    """A client that keeps its tokens itself has no cookie that a browser could keep."""
    reply = Browser.sign_in(browser, delivery=delivery)
    assert ("Secure-Session-Registration" in reply.headers) == (delivery == "cookie")


def test_only_a_new_session_is_offered_to_be_bound(site: Flask, ada: str) -> None:
    """Not a refresh, and not what a guarded view answers."""
    browser = let_in(site, ada)
    assert "Secure-Session-Registration" not in browser.refresh().headers
    assert "Secure-Session-Registration" not in browser.me().headers
    assert "Secure-Session-Registration" in browser.change_password().headers


def test_nothing_is_there_where_the_setting_is_off(make_site: MakeSite) -> None:
    """No header and no route."""
    site = make_site(RATCHET_DEVICE_BOUND=False)
    add_user(site, "ada@example.org", "ada")
    browser = Browser(site)
    assert "Secure-Session-Registration" not in browser.sign_in().headers
    for path in (REGISTER, "/auth/dbsc/refresh"):
        assert browser.post(path).status_code == 404


def test_offer_costs_less_than_two_hundred_bytes(browser: BoundBrowser) -> None:
    """The header with its line end, in a reply that starts a session, and nothing in any other."""
    reply = Browser.sign_in(browser)
    name = "Secure-Session-Registration"
    assert len(f"{name}: {reply.headers[name]}\r\n") < 150


def test_below_a_path_of_a_proxy(browser: BoundBrowser) -> None:
    """The addresses and the path of the cookie begin with the prefix (SCRIPT_NAME)."""
    offer = browser.client.post(
        "/auth/login",
        json={"identifier": "ada", "password": "correct horse battery staple"},
        environ_overrides={"SCRIPT_NAME": "/shop"},
    ).headers["Secure-Session-Registration"]
    assert 'path="/shop/auth/dbsc/register"' in offer
