"""Signing in over HTTP: by which name, with which delivery, for how long, over which session."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.support.browser import COOKIES, PASSWORD, Browser, content, refusal, set_cookies
from tests.support.sites import MakeSite, let_in

from ...support.rows import stored, write

FOURTEEN_DAYS = 14 * 86400
TOKENS = {"access_token", "token_type", "expires_in", "user"}
REFRESH_TOKENS = {"refresh_token", "refresh_expires_in"}


def test_reply_names_the_user_and_how_long_the_token_lives(browser: Browser, ada: str) -> None:
    """A sign-in answers with a bearer token of ten minutes and the public fields of the user."""
    fields = content(browser.sign_in())
    assert (fields["token_type"], fields["expires_in"]) == ("Bearer", 600)
    assert fields["user"] == {"id": int(ada), "email": "ada@example.org", "username": "ada"}


def test_cookie_delivery_keeps_the_refresh_token_out_of_the_body(browser: Browser) -> None:
    """With cookie delivery the body has an access token and no other."""
    reply = browser.sign_in(delivery="cookie")
    assert content(reply).keys() == TOKENS
    assert set_cookies(reply).keys() == COOKIES
    assert browser.held.rpartition(".")[0] not in reply.get_data(as_text=True)


def test_body_delivery_sets_no_cookie(browser: Browser) -> None:
    """With body delivery both tokens are in the body, and nothing is left in the browser."""
    reply = browser.sign_in(delivery="body")
    assert content(reply).keys() == TOKENS | REFRESH_TOKENS
    assert "Set-Cookie" not in reply.headers
    assert browser.refresh(content(reply)["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("name", "path", "httponly"),
    [
        pytest.param("refreshToken", "/auth", True, id="the refresh cookie goes only to the blueprint"),
        pytest.param("accessToken", "/", True, id="the access cookie goes to every page"),
        pytest.param("signedIn", "/", False, id="the mark of a sign-in is for script to read"),
    ],
)
@pytest.mark.parametrize("remember", [True, False])
def test_cookie_attributes(browser: Browser, name: str, path: str, *, httponly: bool, remember: bool) -> None:
    """Every cookie is Secure and SameSite=Lax; Max-Age comes only where one asked to be remembered."""
    cookie = set_cookies(browser.sign_in(remember=remember))[name]
    age = {"max-age": str(FOURTEEN_DAYS)} if remember else {}
    cookie.pop("expires", None)
    expected = {"path": path, "secure": "True", "samesite": "Lax", "value": cookie["value"]} | age
    assert cookie == expected | ({"httponly": "True"} if httponly else {})


def test_cookies_fit_into_any_browser(make_site: MakeSite, ada: str) -> None:
    """Name and value together stay below 4,096 bytes, whatever the session is called (RFC 6265, 6.1)."""
    site = make_site(RATCHET_ISSUER="https://" + "i" * 250, RATCHET_AUDIENCE="https://" + "a" * 250)
    found = set_cookies(let_in(site, ada, remember=True).refresh())
    assert found.keys() == COOKIES
    assert all(len(name) + len(cookie["value"]) < 4096 for name, cookie in found.items())


def test_who_did_not_ask_is_not_remembered(browser: Browser) -> None:
    """Without ``remember`` the cookies end with the browser's window, on a refresh too."""
    for reply in (browser.sign_in(), browser.refresh()):
        given = {attribute for cookie in set_cookies(reply).values() for attribute in cookie}
        assert given == {"value", "path", "secure", "httponly", "samesite"}


def test_cookies_follow_the_settings(make_site: MakeSite, ada: str) -> None:  # noqa: ARG001  # she signs in
    """Prefix, name and the access cookie are the host's choice."""
    site = make_site(
        RATCHET_URL_PREFIX="/session", RATCHET_COOKIE_NAME="__Secure-r", RATCHET_ACCESS_COOKIE=False
    )
    browser = Browser(site)
    found = set_cookies(browser.post("/session/login", {"username": "ada", "password": PASSWORD}))
    assert found.keys() == {"__Secure-r", "__Secure-rSignedIn"}
    assert found["__Secure-r"]["path"] == "/session"
    assert browser.post("/session/refresh").status_code == 200


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param({"identifier": "ada@example.org"}, 200, id="an identifier with an @ is an address"),
        pytest.param({"identifier": "ada"}, 200, id="an identifier without one is a user name"),
        pytest.param({"email": "ada@example.org"}, 200, id="email names an address"),
        pytest.param({"username": "ada"}, 200, id="username names a user name"),
        pytest.param({"email": "ada"}, 401, id="a user name is no address"),
        pytest.param({"username": "ada@example.org"}, 401, id="an address is no user name"),
        pytest.param({"identifier": "ada", "email": "bob@example.org"}, 200, id="identifier counts first"),
        pytest.param({"identifier": ""}, 401, id="nobody has an empty name"),
        pytest.param({"identifier": "a" * 254}, 401, id="a name can be as long as the column"),
        pytest.param({"identifier": "a" * 255}, 400, id="and no longer"),
        pytest.param({"identifier": "ada\0"}, 401, id="nobody has a name with a NUL in it"),
        pytest.param({}, 400, id="a name has to be there"),
    ],
)
def test_fields_that_name_a_person(browser: Browser, name: dict[str, str], expected: int) -> None:
    """A person is named by ``identifier``, or by ``email``, or by ``username``."""
    assert browser.post("/auth/login", {**name, "password": PASSWORD}).status_code == expected


def test_wrong_password_and_unknown_user_get_the_same_answer(browser: Browser) -> None:
    """Nobody learns from the answer which names exist."""
    wrong, unknown = browser.sign_in("ada", "a wrong password"), browser.sign_in("nobody", "a wrong password")
    assert refusal(wrong) == (401, "invalid_credentials")
    assert (unknown.status, unknown.data) == (wrong.status, wrong.data)
    assert unknown.headers.to_wsgi_list() == wrong.headers.to_wsgi_list()


def test_grant_type_refreshes_at_the_login_url(browser: Browser) -> None:
    """A client that refreshes where it signs in gets new tokens by body."""
    first = content(browser.sign_in(delivery="body"))["refresh_token"]
    reply = browser.post("/auth/login", {"grant_type": "refresh_token", "refresh_token": first})
    assert content(reply).keys() == TOKENS | REFRESH_TOKENS
    assert content(reply)["refresh_token"] != first
    assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "invalid_request", id="a refresh grant needs its token"),
        pytest.param({"refresh_token": "x"}, "invalid_grant", id="any text is no token"),
        pytest.param({"refreshToken": ""}, "invalid_grant", id="nor is an empty one"),
        pytest.param({"grant_type": "password"}, "unsupported_grant_type", id="there is no other grant"),
        pytest.param({"grant_type": ""}, "unsupported_grant_type", id="nor an empty one"),
        pytest.param({"grant_type": 5}, "invalid_request", id="a grant type is text"),
    ],
)
@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh"])
def test_grant_type_refused(browser: Browser, path: str, fields: dict[str, str], expected: str) -> None:
    """A body that asks for a grant is refused in the words of OAuth, and never by a 401 (RFC 6749, 5.2).

    A client that takes a 401 for an access token that has run out would refresh once more, and wait for it.
    """
    reply = browser.post(path, {"grant_type": "refresh_token", **fields})
    assert refusal(reply) == (400, expected)
    assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh"])
def test_grant_of_an_ended_session_is_invalid(browser: Browser, site: Flask, ada: str, path: str) -> None:
    """So are a blocked account and an old token, which ends the session all the same."""
    tokens = content(browser.sign_in(delivery="body"))
    issued = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    write(site, ada, blocked=True)
    assert refusal(browser.post(path, issued)) == (400, "invalid_grant")
    assert stored(site, ada).sessions == []


def test_grant_type_beside_a_cookie(browser: Browser) -> None:
    """The cookie counts; where its session is over the refusal is OAuth's, and clears no cookie."""
    browser.sign_in()
    issued = {"grant_type": "refresh_token"}
    assert "refresh_token" not in content(browser.post("/auth/refresh", issued))
    held = browser.held
    browser.sign_out()
    browser.refresh_cookie = held
    reply = browser.post("/auth/refresh", issued)
    assert refusal(reply) == (400, "invalid_grant")
    assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize(
    ("label", "agent", "expected"),
    [
        pytest.param("My laptop", "curl/8", "My laptop", id="a label is what the person calls it"),
        pytest.param(None, "curl/8", "curl", id="without one the User-Agent says what it is"),
        pytest.param(" a\r\n\tb ", "", "a b", id="control characters and surplus space go"),
        pytest.param("x" * 999, "", "x" * 64, id="a long label is cut"),
        pytest.param("<b>", "", "<b>", id="markup is text"),
    ],
)
def test_label(browser: Browser, label: str | None, agent: str, expected: str) -> None:
    """A session carries a name for its device."""
    fields = {"identifier": "ada", "password": PASSWORD} | ({"label": label} if label else {})
    browser.post("/auth/login", fields, headers={"User-Agent": agent})
    assert content(browser.me())["session"]["label"] == expected


def test_extra_fields_are_ignored(browser: Browser, site: Flask, ada: str) -> None:
    """Nobody becomes more than they are by asking for it."""
    extra: dict[str, Any] = {"is_admin": True, "sessions": [{"id": "mine"}], "confirmed": True, "id": 1}
    assert browser.sign_in(**extra).status_code == 200
    (session,) = stored(site, ada).sessions
    assert session["id"] != "mine"
    assert content(browser.me())["user"].keys() == {"id", "email", "username"}


def test_body_delivery_can_be_the_default(make_site: MakeSite, ada: str) -> None:  # noqa: ARG001  # she is there
    """For clients that cannot ask for it; one that asks for the cookie gets that."""
    browser = Browser(make_site(RATCHET_DEFAULT_DELIVERY="body"))
    reply = browser.sign_in()
    assert ("refresh_token" in content(reply), set_cookies(reply)) == (True, {})
    assert "refresh_token" not in content(browser.sign_in(delivery="cookie"))
    assert browser.held


def test_body_delivery_can_be_switched_off(make_site: MakeSite, ada: str) -> None:
    """With RATCHET_BODY_DELIVERY off no refresh token travels in a body, in or out."""
    site = make_site(RATCHET_BODY_DELIVERY=False)
    token = let_in(site, ada).token
    before = stored(site, ada)
    assert refusal(Browser(site).sign_in(delivery="body")) == (400, "invalid_request")
    assert refusal(Browser(site).refresh(token)) == (400, "invalid_request")
    assert stored(site, ada) == before
