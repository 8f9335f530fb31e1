"""Beside Flask-Limiter, Flask-Talisman, Flask-CORS, Flask-Login and Flask-Session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cachelib import FileSystemCache
from flask import session
from werkzeug.exceptions import BadGateway, HTTPException, ServiceUnavailable, TooManyRequests

from tests.support.browser import Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.beside import import_any, run_snippet
from tests.support.hosts.strangers import MakeStranger, Stranger

GRACE = "grace@example.org"
SHOP = "https://shop.example"
FRAMED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


def test_a_limit_of_the_host_is_too_many_attempts(stranger: Stranger) -> None:
    """Its 429 is ours, with the time to wait, and without the words of the limit."""
    run_snippet(stranger, "limiter.py")
    client = stranger.app.test_client()
    for _ in range(60):
        assert client.get("/auth/me").status_code == 401
    reply = client.get("/auth/me")
    assert refusal(reply) == (429, "too_many_attempts")
    assert 0 < int(reply.headers["Retry-After"]) <= 60
    assert "60 per 1 minute" not in reply.text
    assert client.get("/private").status_code == 401
    for path in ("/auth/dbsc/register", "/auth/dbsc/refresh"):
        assert client.post(path).status_code == 400, "a 429 would make the browser forget its key"


@pytest.mark.parametrize(
    ("problem", "answer", "wait"),
    [
        pytest.param(
            TooManyRequests("10 a day", retry_after=7), (429, "too_many_attempts"), "7", id="a limit"
        ),
        pytest.param(
            ServiceUnavailable("node 3", retry_after=7), (503, "unavailable"), "7", id="maintenance"
        ),
        pytest.param(
            ServiceUnavailable("node 3"), (503, "unavailable"), "1", id="a fault of no known length"
        ),
        pytest.param(BadGateway("node 3"), (502, "server_error"), None, id="another fault"),
    ],
)
def test_what_the_host_refuses_keeps_its_time_to_wait(
    stranger: Stranger, problem: HTTPException, answer: tuple[int, str], wait: str | None
) -> None:
    """A hook of the host refuses a request to ours: the code fits the status, and Retry-After stays."""

    @stranger.app.before_request
    def refuse() -> None:
        raise problem

    reply = stranger.app.test_client().get("/auth/me")
    assert refusal(reply) == answer
    assert reply.headers.get("Retry-After") == wait
    assert str(problem.description) not in reply.text


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/auth/sign-in", "Too many attempts. Wait a little and try again."),
        ("POST", "/auth/sign-in", "Too many attempts. Wait a little and try again."),
        ("GET", "/auth/continue?next=/private", "this page tries again by itself"),
        ("POST", "/auth/continue?next=/private", "reload this page to send the form again"),
    ],
)
def test_a_limit_is_told_on_a_page(stranger: Stranger, method: str, path: str, words: str) -> None:
    """Where a person navigates to a page of ours; nobody is signed out by it."""
    run_snippet(stranger, "limiter.py")
    grace = stranger.signed_in()
    for _ in range(61):
        reply = grace.client.open(path, method=method, headers=NAVIGATION)
    assert (reply.status_code, reply.mimetype) == (429, "text/html")
    assert words in reply.text
    assert "Retry-After" in reply.headers
    assert "Set-Cookie" not in reply.headers
    assert "nonce-" in reply.headers["Content-Security-Policy"]


@pytest.mark.parametrize("is_first", [True, False])
def test_the_pages_of_continue_keep_their_policy(make_stranger: MakeStranger, is_first: bool) -> None:
    """Whether Talisman or Ratchet is first. Pages of the host have Talisman's; its other headers stay."""
    talisman = import_any("flask_talisman").Talisman
    stranger = make_stranger(prepare=talisman if is_first else lambda _: None)
    if not is_first:
        talisman(stranger.app)
    client, secure = stranger.app.test_client(), {"base_url": "https://localhost"}
    page = client.get("/auth/continue?next=/", headers=FRAMED, **secure)
    assert page.mimetype == "text/html"
    policy = page.headers["Content-Security-Policy"]
    (nonce,) = [part for part in policy.split("'") if part.startswith("nonce-")]
    assert f'nonce="{nonce.removeprefix("nonce-")}"' in page.text
    assert "default-src 'self'" not in policy
    assert "Strict-Transport-Security" in page.headers
    refused = client.get("/auth/me", **secure)
    assert refused.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    own = client.get("/open", **secure)
    assert "default-src 'self'" in own.headers["Content-Security-Policy"]


def test_a_page_of_another_origin_signs_in(make_stranger: MakeStranger) -> None:
    """Its preflight is answered, its sign-in is let in, its script reads the reply; no other origin may."""
    stranger = make_stranger(RATCHET_TRUSTED_ORIGINS=[SHOP], RATCHET_COOKIE_SAMESITE="None")
    stranger.add_user()
    run_snippet(stranger, "cors.py")
    browser = Browser(stranger.app)
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for origin, allowed in ((SHOP, SHOP), ("https://evil.example", None)):
        sent = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        preflight = browser.client.options("/auth/login", headers=sent | asks)
        assert preflight.headers.get("Access-Control-Allow-Origin") == allowed
        reply = browser.client.post(
            "/auth/login", json={"email": GRACE, "password": "correct horse battery staple"}, headers=sent
        )
        assert reply.headers.get("Access-Control-Allow-Origin") == allowed
        assert reply.status_code == (200 if allowed else 403)
    preflight = browser.client.options("/private", headers={"Origin": SHOP} | asks)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Credentials"]) == (200, "true")
    reply = browser.client.get("/private", headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
    assert content(reply) == {"email": GRACE}


def test_flask_login_knows_the_same_user(stranger: Stranger, clock: Clock) -> None:
    """Its decorator and its current_user follow our session; a page renews, a script gets 401."""
    flask_login = import_any("flask_login")
    stranger.model.__bases__ += (flask_login.UserMixin,)
    run_snippet(stranger, "login.py")

    @stranger.app.get("/legacy")
    @flask_login.login_required  # type: ignore[untyped-decorator]  # a package without types
    def legacy() -> dict[str, Any]:
        user = flask_login.current_user
        return {"of": user.email, "is": user.is_authenticated}

    assert refusal(Browser(stranger.app).client.get("/legacy")) == (401, "token_missing")
    grace = stranger.signed_in()
    assert content(grace.client.get("/legacy")) == {"of": GRACE, "is": True}
    clock.advance(601)
    assert refusal(grace.client.get("/legacy")) == (401, "token_invalid")
    reply = grace.client.get("/legacy", headers=NAVIGATION)
    assert (reply.status_code, reply.location) == (303, "/auth/continue?next=%2Flegacy")
    assert grace.client.get_cookie("remember_token") is None


def test_a_session_on_the_server_is_apart(stranger: Stranger, tmp_path: Path) -> None:
    """What it keeps survives a sign-out, and its loss signs nobody out."""
    stranger.app.config |= {
        "SESSION_TYPE": "cachelib",
        "SESSION_CACHELIB": FileSystemCache(str(tmp_path / "sessions")),
    }
    import_any("flask_session").Session(stranger.app)

    @stranger.app.get("/count")
    @stranger.ratchet.required(optional=True)
    def count() -> str:
        session["count"] = session.get("count", 0) + 1
        return str(session["count"])

    grace = stranger.signed_in()
    assert [grace.client.get("/count").text for _ in range(2)] == ["1", "2"]
    grace.sign_out()
    assert grace.client.get("/count").text == "3"
    grace.sign_in(GRACE)
    grace.client.delete_cookie("session")
    assert grace.client.get("/count").text == "1"
    assert grace.refresh().status_code == 200
