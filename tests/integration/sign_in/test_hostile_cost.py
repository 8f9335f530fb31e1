"""What a request without a login costs: a few milliseconds before the throttle agrees, then a fair share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from app.auth.passwords import hash_limit
from app.auth.passwords.hash_limit import RETRY_SECONDS, HashLimit
from app.auth.passwords.throttle import ACCOUNT_AND_IP
from app.auth.web.services import services
from app.db import db
from app.models import User
from tests.support.browser import REFRESH_COOKIE, Browser, refusal
from tests.support.sites import MakeSite, let_in

from ...support.rows import statements

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # none of them is asked for long

LIMIT = 0.1
"""Seconds of processor time, where a few thousandths are usual and the oldest fault took five seconds."""

HEADER, LINE, BODY = 8000, 4000, 16_000
"""Bytes that gunicorn lets through in a header and in the request line, and a site in a body."""

LINES = 64
"""Lines that gunicorn takes, as the site configures it."""

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
TYPES = (JSON, FORM, "multipart/form-data; boundary=x")

HEAVY = (
    "\u0301", "\u0316", "\u0344", "\u0f73", "\ufdfa", "\u0390", "\u1fb7", "\u00df", "\u0130", "\u00bc",
    "\u00e9", "\U0001d15e", "\U0001f511", "\u00a0", "a", "A", "0", "9", ".", "-", "_", "~", "/", "//", "\\",
    "?", "#", "%", "%25", "%cc%81", "&", "=", "a=b&", "+", ";", ",", ":", "@", "*", '"', "'", "(", "[", "]",
    "{", "}", '{"a":', '"a":1,', "1e308,", "\\u0301", "\\ud800", " ", "\t", "\r", "\n", "\0", "<", 'b="\\',
    "a/b;q=0.1,", "q=0.1;", "refreshToken=a.b; ", "--x\r\n", "Content-Disposition: form-data; name=a\r\n\r\n",
)  # fmt: skip
"""What some reader of text can be slow with, when there is much of it."""

HEADERS = (
    "HTTP_COOKIE", "HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_ACCEPT", "HTTP_AUTHORIZATION", "HTTP_ORIGIN",
    "HTTP_HOST", "CONTENT_TYPE", "HTTP_SEC_PURPOSE", "HTTP_X_FORWARDED_FOR",
)  # fmt: skip
POSTS = ("/auth/login", "/auth/refresh", "/auth/token", "/auth/revoke", "/sign-in", "/account/password")


def much(pieces: list[str], *, in_turn: bool) -> str:
    """As much of these pieces as a body can hold, in turn or one kind after the other."""
    if in_turn:
        whole = "".join(pieces)
        return whole * (BODY // len(whole.encode()))
    return "".join(piece * (BODY // len(pieces) // len(piece.encode())) for piece in pieces)


Request = dict[str, Any]


def header(name: str, path: str = "/auth/refresh", method: str = "POST") -> Callable[[str], Request]:
    """A request with the text in one header."""
    return lambda text: {"path": path, "method": method, name: text.encode()[:HEADER].decode("latin-1")}


def field(name: str) -> Callable[[str], Request]:
    """A sign-in with the text in one field, spelt as it is and as short as JSON allows."""

    def make(text: str) -> Request:
        room = text.encode()[: BODY - 100].decode(errors="ignore").replace('"', "").replace("\\", "")
        fields = {"identifier": "nobody", "password": "x"} | {name: room}
        return body("/auth/login", JSON)(json.dumps(fields, ensure_ascii=False))

    return make


def form(name: str) -> Callable[[str], Request]:
    """The form of the sign-in page with the text in one field."""
    return lambda text: body("/sign-in", FORM)(f"{name}={text.replace('&', '')}&identifier=a&password=a")


def body(path: str, media_type: str) -> Callable[[str], Request]:
    """A request whose whole body is the text."""
    return lambda text: {
        "path": path, "method": "POST", "data": text.encode()[:BODY], "content_type": media_type
    }  # fmt: skip


def query(path: str) -> Callable[[str], Request]:
    """A page that is asked for with the text as ``next``."""
    return lambda text: {"path": path, "QUERY_STRING": f"next=/{quote_from_bytes(text.encode())[:LINE]}"}


def address(text: str) -> Request:
    """A guarded page whose own address is the text."""
    return {
        "path": "/account",
        "PATH_INFO": f"/account/sessions/{text.encode()[:LINE].decode('latin-1')}/end",
    }


SHAPES: dict[str, Callable[[str], Request]] = {
    **{f"{name} of a sign-in": field(name) for name in ("identifier", "password", "label", "delivery", "x")},
    **{f"{name} of the form": form(name) for name in ("identifier", "password", "x")},
    **{f"{path} {media_type}": body(path, media_type) for path in POSTS for media_type in TYPES},
    **{f"{name} of {path}": header(name, path) for path in (*POSTS, "/auth/continue") for name in HEADERS},
    **{f"next of {path}": query(path) for path in ("/auth/continue", "/sign-in")},
    "an address": address,
}


def cost(site: Flask, request: Request) -> float:
    """Seconds of processor time that the site spends on a request; its best of three where one is over."""
    spent = _spent(site, request)
    return spent if spent < LIMIT else min(spent, *(_spent(site, request) for _ in range(2)))


def _spent(site: Flask, request: Request) -> float:
    named = {name: request[name] for name in ("path", "method", "data", "content_type") if name in request}
    environ = create_environ(**named) | {name: value for name, value in request.items() if name.isupper()}
    before = time.thread_time()
    run_wsgi_app(site, environ, buffered=True)
    return time.thread_time() - before


@pytest.fixture
def stern(make_site: MakeSite) -> Flask:
    """A site whose throttle agrees to no sign-in from here any more."""
    site = make_site(PROPAGATE_EXCEPTIONS=False)
    for number in range(100):
        Browser(site).sign_in(f"nobody{number}", "wrong")
    assert Browser(site).sign_in("anybody", "wrong").status_code == 429
    return site


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES)
def test_no_text_is_dear_before_the_throttle(stern: Flask, shape: str) -> None:
    """Hostile text in any place that a stranger can fill costs next to nothing."""
    cost(stern, SHAPES[shape]("a"))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(HEAVY), min_size=1, max_size=4), st.booleans())
    @example(["\u0344", "\u0316"], False)  # hypothesis takes it by position
    @example(["a&"], True)
    def costs_little(pieces: list[str], in_turn: bool) -> None:
        assert cost(stern, SHAPES[shape](much(pieces, in_turn=in_turn))) < LIMIT

    costs_little()


@pytest.mark.parametrize("name", ["accessToken", "refreshToken", "signedIn", "ratchetContinued"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/account"), ("POST", "/auth/refresh"), ("GET", "/auth/continue"), ("POST", "/auth/login")],
)
def test_all_the_cookies_that_a_server_takes_cost_little(
    stern: Flask, method: str, path: str, name: str
) -> None:
    """A server joins many lines of cookies; reading them must not take the square of their number."""
    cookies = "; ".join(f"{name}={number}" for number in range(HEADER * LINES // (len(name) + 8)))
    request = {"path": path, "method": method, "HTTP_COOKIE": cookies, "HTTP_SEC_FETCH_MODE": "navigate"}
    public = request | {"path": "/healthz", "method": "GET"}  # Flask itself parses them
    assert cost(stern, request) < cost(stern, public) + LIMIT


def test_many_sessions_of_one_account_are_read_at_once(site: Flask, ada: str) -> None:
    """Thirty cookies of sessions that are over cost a sign-in one more query, not sixty."""
    ended = []
    for _ in range(30):
        browser = let_in(site, ada)
        ended.append(f"{REFRESH_COOKIE}={browser.held}")
        browser.sign_out()
    counts = []
    for cookies in ("; ".join(ended[:1]), "; ".join(ended)):
        with statements(site) as sent:
            fields = {"identifier": "ada", "password": "wrong"}
            reply = site.test_client(use_cookies=False).post(
                "/auth/login", json=fields, headers={"Cookie": cookies}
            )
        assert reply.status_code == 401
        counts.append(len(sent))
    assert counts[1] == counts[0] <= 3


@pytest.fixture
def busy(site: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Say whether as many sign-ins hash in this site as may."""

    def say(is_busy: bool) -> None:
        monkeypatch.setattr(hash_limit, "MAX_HASHES", 0 if is_busy else 1)
        with site.app_context():
            monkeypatch.setattr(services().authenticator, "_hashes", HashLimit())

    return say


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_sign_in_too_many_is_refused_and_is_no_guess(
    browser: Browser,
    ada: str,  # noqa: ARG001  # is there
    busy: Callable[[bool], None],
    name: str,
) -> None:
    """It is a 503 with the seconds to wait, for a known name and an unknown one, and counts for no limit."""
    busy(True)
    for _ in range(ACCOUNT_AND_IP.amount + 1):
        reply = browser.sign_in(name)
        assert refusal(reply) == (503, "unavailable")
        assert reply.headers["Retry-After"] == str(RETRY_SECONDS)
    busy(False)
    assert browser.sign_in(name).status_code == (200 if name == "ada" else 401)


def test_a_password_change_too_many_changes_nothing(signed_in: Browser, busy: Callable[[bool], None]) -> None:
    """It is a 503; the session goes on, and afterwards the change is done."""
    busy(True)
    assert refusal(signed_in.change_password()) == (503, "unavailable")
    assert signed_in.refresh().status_code == 200
    busy(False)
    assert signed_in.change_password().status_code == 200


REVERSED = "\u0344" * 40_000 + "\u0316" * 40_000


@pytest.mark.parametrize("name", ["identifier", "password"])
def test_a_form_of_marks_is_refused_at_its_length(stern: Flask, name: str) -> None:
    """Eighty thousand combining marks in the form of the sign-in page took five seconds and more."""
    raw = f"{name}={REVERSED}&identifier=a&password=a".encode()
    assert cost(stern, {"path": "/sign-in", "method": "POST", "data": raw, "content_type": FORM}) < LIMIT


def test_a_query_of_the_host_for_marks_finds_nobody_at_once(site: Flask) -> None:
    """A host may look for whatever somebody typed: the column normalises no text that is longer than it."""
    with site.app_context():
        db.session.scalar(db.select(User).where(User.email == "a"))
        before = time.thread_time()
        assert db.session.scalar(db.select(User).where(User.email == REVERSED)) is None
        assert time.thread_time() - before < LIMIT
