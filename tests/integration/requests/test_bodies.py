"""Bodies that no honest client sends: each gets its 4xx, whatever it is sent to, and nothing is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import PASSWORD, Browser, content, refusal
from tests.support.sites import add_user

from ...support.rows import stored

ROUTES = ("/auth/login", "/auth/refresh", "/auth/logout", "/auth/password", "/auth/sessions")
KIB = 1024
JSON = "application/json"
NO_TEXT: tuple[Any, ...] = (5, 1.5, [], ["ada"], {}, {"$ne": ""}, True)
CREDENTIALS = {"identifier": "ada", "password": PASSWORD}


def send(browser: Browser, path: str, raw: bytes, media_type: str | None = JSON) -> TestResponse:
    """POST these very bytes."""
    return browser.post(path, None, data=raw, headers={"Content-Type": media_type} if media_type else {})


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(b"[" * 1000 + b"]" * 1000, 400, id="a thousand nested lists"),
        pytest.param(b'{"a":' * 1000 + b"1" + b"}" * 1000, 400, id="a thousand nested objects"),
        pytest.param(b"[" * 16_000, 400, id="sixteen thousand open brackets"),
        pytest.param(b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", 400, id="twenty nested lists in a field"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", 400, id="a number of five thousand digits"),
        pytest.param(b'{"a":NaN}', 400, id="not a number"),
        pytest.param(b'{"a":-Infinity}', 400, id="minus infinity"),
        pytest.param(b'{"a":1e999}', 400, id="a number that is infinite in effect"),
        pytest.param(b"\xef\xbb\xbf{}", 400, id="a byte order mark"),
        pytest.param("{}".encode("utf-16"), 400, id="UTF-16"),
        pytest.param("{}".encode("utf-32-le"), 400, id="UTF-32"),
        pytest.param(b'{"a":"\xff"}', 400, id="broken UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', 400, id="half a pair in UTF-8"),
        pytest.param(b'{"a":"\\ud800"}', 400, id="half a pair as an escape"),
        pytest.param(b'{"\\udfff":1}', 400, id="half a pair in a name"),
        pytest.param(b"null", 400, id="nothing but null"),
        pytest.param(b"[]", 400, id="a list"),
        pytest.param(b'"text"', 400, id="a text"),
        pytest.param(b"5", 400, id="a number"),
        pytest.param(b"true", 400, id="a truth"),
        pytest.param(b'{"scope":"all","scope":"session"}', 400, id="a name twice"),
        pytest.param(b'{"a":{"b":1,"b":2}}', 400, id="a name twice, further down"),
        pytest.param(b'{"a":1', 400, id="cut off"),
        pytest.param(b'{"a":1}{}', 400, id="two objects"),
        pytest.param(b"{'a':1}", 400, id="the wrong quotes"),
        pytest.param(b"\0", 400, id="a NUL"),
        pytest.param(b" ", 400, id="a space"),
        pytest.param(b"a" * (16 * KIB + 1), 413, id="a byte more than sixteen KiB"),
        pytest.param(b'{"password":"' + b"x" * KIB * KIB + b'"}', 413, id="a password of a megabyte"),
    ],
)
def test_hostile_body(signed_in: Browser, site: Flask, ada: str, raw: bytes, status: int) -> None:
    """Every route refuses it in the same words, before it looks at any token, and touches no cookie."""
    before = stored(site, ada)
    for path in ROUTES:
        reply = send(signed_in, path, raw)
        assert refusal(reply) == (status, "invalid_request"), path
        assert "Set-Cookie" not in reply.headers
    assert stored(site, ada) == before


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        "text/json",
        "*/*",
        "",
        None,
    ],
)
def test_other_media_type(signed_in: Browser, site: Flask, ada: str, media_type: str | None) -> None:
    """A body that does not say it is JSON is not read: a form of another site cannot say so."""
    before = stored(site, ada)
    for path in ROUTES:
        reply = send(signed_in, path, json.dumps(CREDENTIALS).encode(), media_type)
        assert refusal(reply) == (415, "invalid_request"), path
    assert stored(site, ada) == before


@pytest.mark.parametrize("path", ["/auth/token", "/auth/revoke"])
def test_form_of_many_parameters(browser: Browser, path: str) -> None:
    """Thousands of them are refused unread: parsing them took longer than all the rest."""
    reply = send(browser, path, b"a&" * 8000, "application/x-www-form-urlencoded")
    assert refusal(reply) == (400, "invalid_request")


@pytest.mark.parametrize("media_type", [JSON, "application/json; charset=utf-8", "Application/JSON"])
def test_json_by_its_names(browser: Browser, media_type: str) -> None:
    """JSON is recognised with a parameter and in any case."""
    assert send(browser, "/auth/login", json.dumps(CREDENTIALS).encode(), media_type).status_code == 200


def test_sixteen_kib_is_not_too_much(browser: Browser) -> None:
    """The limit is the last size that is read."""
    raw = json.dumps(CREDENTIALS | {"padding": ""}).encode()
    raw = raw[:-2] + b"x" * (16 * KIB - len(raw)) + raw[-2:]
    assert len(raw) == 16 * KIB
    assert send(browser, "/auth/login", raw).status_code == 200


TEXT_FIELDS = [
    pytest.param("/auth/login", name, id=f"{name} at sign-in")
    for name in ("identifier", "email", "username", "password", "delivery", "label", "grant_type")
] + [
    pytest.param("/auth/refresh", "refresh_token", id="refresh_token at refresh"),
    pytest.param("/auth/refresh", "refreshToken", id="refreshToken at refresh"),
    pytest.param("/auth/logout", "refresh_token", id="refresh_token at sign-out"),
    pytest.param("/auth/logout", "refreshToken", id="refreshToken at sign-out"),
    pytest.param("/auth/logout", "scope", id="scope at sign-out"),
]


@pytest.mark.parametrize(("path", "name"), TEXT_FIELDS)
def test_field_of_the_wrong_type(site: Flask, ada: str, path: str, name: str) -> None:
    """A text field takes text: nothing else gets as far as the row."""
    before = stored(site, ada)
    fields: dict[str, Any] = {} if name in ("email", "username") else {"identifier": "ada"}
    for wrong in NO_TEXT:
        reply = Browser(site).post(path, {"password": PASSWORD, **fields, name: wrong})
        assert refusal(reply) == (400, "invalid_request"), wrong
        assert "Set-Cookie" not in reply.headers
    assert stored(site, ada) == before


def test_a_field_that_is_null_is_absent(browser: Browser) -> None:
    """Many clients write what they do not have as ``null``."""
    fields = {"email": None, "remember": None, "delivery": None, "label": None, "grant_type": None}
    assert browser.post("/auth/login", CREDENTIALS | fields).status_code == 200
    assert browser.post("/auth/refresh", {"refresh_token": None, "refreshToken": None}).status_code == 200
    assert browser.post("/auth/sessions", {"label": None}).status_code == 201
    assert browser.post("/auth/logout", {"refresh_token": None, "scope": None}).status_code == 204


@pytest.mark.parametrize("path", ["/auth/login", "/auth/password"])
def test_a_needed_field_that_is_null_is_missing(signed_in: Browser, path: str) -> None:
    """What has to be there has to have a value."""
    fields = {"identifier": "ada", "password": None, "current_password": PASSWORD, "new_password": None}
    assert refusal(signed_in.post(path, fields)) == (400, "invalid_request")


@pytest.mark.parametrize("remember", [1, 0, "yes", "true", [], {}])
def test_remember_is_true_or_false(site: Flask, ada: str, remember: object) -> None:
    """Nothing but a truth value says whether to remember."""
    before = stored(site, ada)
    assert refusal(Browser(site).sign_in(remember=remember)) == (400, "invalid_request")
    assert stored(site, ada) == before


@pytest.mark.parametrize("name", ["current_password", "new_password"])
def test_password_fields_are_text(signed_in: Browser, site: Flask, ada: str, name: str) -> None:
    """A password change takes only text."""
    before = stored(site, ada)
    fields = {"current_password": PASSWORD, "new_password": "an even better battery staple"}
    for wrong in NO_TEXT:
        reply = signed_in.post("/auth/password", {**fields, name: wrong})
        assert refusal(reply) == (400, "invalid_request"), wrong
    assert stored(site, ada) == before


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/auth/refresh", "refresh_token"),
        ("/auth/refresh", "refreshToken"),
        ("/auth/logout", "refresh_token"),
    ],
)
def test_wrong_type_is_refused_beside_a_cookie_too(
    signed_in: Browser, site: Flask, ada: str, path: str, name: str
) -> None:
    """A cookie counts over the body, and does not excuse a body that is wrong."""
    before = stored(site, ada)
    assert refusal(signed_in.post(path, {name: 5})) == (400, "invalid_request")
    assert stored(site, ada) == before


@pytest.mark.parametrize("label", [5, [], {}])
def test_label_of_another_session_is_text(signed_in: Browser, site: Flask, ada: str, label: object) -> None:
    """A session for another device is not started with a label that is none."""
    before = stored(site, ada)
    assert refusal(signed_in.post("/auth/sessions", {"label": label})) == (400, "invalid_request")
    assert stored(site, ada) == before


def test_empty_body_has_no_fields(signed_in: Browser) -> None:
    """Where every field can be left out, so can the body, and its media type."""
    assert signed_in.post("/auth/refresh").status_code == 200
    assert signed_in.post("/auth/sessions").status_code == 201
    assert signed_in.post("/auth/logout").status_code == 204


def test_token_in_the_query_is_ignored(signed_in: Browser, site: Flask, ada: str) -> None:
    """What stands in an address stands in logs: no token is taken from there."""
    access = content(signed_in.refresh())["access_token"]
    query = {"refresh_token": signed_in.token, "access_token": access}
    browser = Browser(site)
    before = stored(site, ada)
    reply = browser.client.post("/auth/refresh", query_string=query)
    assert refusal(reply) == (401, "refresh_token_missing")
    assert refusal(browser.client.get("/auth/me", query_string=query)) == (401, "token_missing")
    assert browser.client.post("/auth/logout", query_string=query).status_code == 204
    assert stored(site, ada) == before


def test_line_break_in_a_name_is_a_name_of_nobody(site: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """A name with line breaks signs nobody in and writes no second line into a log."""
    add_user(site, "bob@example.org", "bob")
    reply = Browser(site).sign_in("eve\r\nINFO bob signed in")
    assert refusal(reply) == (401, "invalid_credentials")
    assert not [record for record in caplog.records if "\n" in record.getMessage()]
