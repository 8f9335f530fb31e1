"""Every error of the contract over HTTP: its status, its code, its sentence and its headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from werkzeug.test import TestResponse

from app.auth import InsufficientScope, RatchetError, SignInRefused
from app.db import db
from tests.support.browser import NEW_PASSWORD, Browser, bearer, content, refusal

from ...support.device_bound.browser import REFRESH, BoundBrowser, offered
from ...support.device_bound.key import DeviceKey
from ...support.rows import stored
from ...support.scene import Scene, ask_when_stale, barred_sign_in, guess_often, sign_out_from_afar


@dataclass(frozen=True)
class Error:
    """What a refused request has to look like."""

    status: int
    code: str
    challenge: str = ""
    waits: bool = False


INVALID_REQUEST = Error(400, "invalid_request")
BAD_CREDENTIALS = Error(401, "invalid_credentials")
MISSING = Error(401, "token_missing", challenge="invalid_token")
INVALID = Error(401, "token_invalid", challenge="invalid_token")
NO_REFRESH_TOKEN = Error(401, "refresh_token_missing")
OVER = Error(401, "refresh_token_invalid")
REUSED = Error(401, "refresh_token_reused")
TOO_OLD = Error(403, "reauthentication_required", challenge="insufficient_user_authentication")
CROSS_ORIGIN = Error(403, "cross_origin")
UNAVAILABLE = Error(503, "unavailable", waits=True)


def bound(at: Scene) -> BoundBrowser:
    """A browser whose session is bound."""
    browser = BoundBrowser(at.site, at.clock)
    browser.sign_in()
    browser.prove()
    return browser


def copied(at: Scene) -> Browser:
    """A copy of its cookies, when the access token in it has run out."""
    copy = bound(at).copy()
    at.clock.advance(700)
    return copy


def register_another(at: Scene) -> TestResponse:
    """Register a second key with the challenge of the first."""
    browser = BoundBrowser(at.site, at.clock)
    challenge = offered(browser.sign_in())
    browser.key = DeviceKey()
    return browser.register(challenge)


ERRORS: list[tuple[str, Callable[[Scene], TestResponse], Error]] = [
    ("a body without its fields", lambda at: at.browser.post("/auth/login", {}), INVALID_REQUEST),
    ("a new password that is too short",
     lambda at: at.browser.post("/auth/password", {"current_password": "x", "new_password": "x"}),
     INVALID_REQUEST),
    ("a body beyond its limit",
     lambda at: at.browser.post("/auth/login", {"x": "x" * 20_000}), Error(413, "invalid_request")),
    ("a body of another media type",
     lambda at: at.browser.post("/auth/login", None, data={"a": "b"}), Error(415, "invalid_request")),
    ("an unknown user", lambda at: Browser(at.site).sign_in("nobody"), BAD_CREDENTIALS),
    ("a wrong password", lambda at: at.browser.sign_in(password="wrong"), BAD_CREDENTIALS),
    ("a wrong current password",
     lambda at: at.browser.post(
         "/auth/password", {"current_password": "wrong", "new_password": NEW_PASSWORD}
     ), BAD_CREDENTIALS),
    ("a sign-in to a blocked account",
     lambda at: barred_sign_in(at, blocked=True), Error(403, "account_blocked")),
    ("a sign-in to an unconfirmed account",
     lambda at: barred_sign_in(at, confirmed=False), Error(403, "account_unconfirmed")),
    ("a refresh of a blocked account",
     lambda at: at.refused(blocked=True).refresh(), Error(403, "account_blocked")),
    ("a refresh of an unconfirmed account",
     lambda at: at.refused(confirmed=False).refresh(), Error(403, "account_unconfirmed")),
    ("no access token", lambda at: Browser(at.site).me(), MISSING),
    ("an access token that is none", lambda at: Browser(at.site).me("garbage"), INVALID),
    ("an access token of an ended session", sign_out_from_afar, INVALID),
    ("no refresh token", lambda at: Browser(at.site).refresh(), NO_REFRESH_TOKEN),
    ("a refresh token that is none", lambda at: Browser(at.site, "garbage").refresh(), OVER),
    ("a body refresh token that is none", lambda at: Browser(at.site).refresh("garbage"), OVER),
    ("a refresh token whose successor was used", lambda at: at.stale().refresh(), REUSED),
    ("a sign-in too long ago", ask_when_stale, TOO_OLD),
    ("a post from another site",
     lambda at: at.browser.post("/auth/refresh", headers={"Sec-Fetch-Site": "cross-site"}), CROSS_ORIGIN),
    ("one guess too many", guess_often, Error(429, "too_many_attempts", waits=True)),
    ("a prefetch",
     lambda at: at.browser.post("/auth/refresh", headers={"Sec-Purpose": "prefetch"}), UNAVAILABLE),
    ("a refresh while the database is away", lambda at: at.elsewhere().refresh(), UNAVAILABLE),
    ("a sign-in while the database is away", lambda at: at.elsewhere().sign_in(), UNAVAILABLE),
    ("a sign-out while the database is away", lambda at: at.elsewhere().sign_out(), UNAVAILABLE),
    ("a look at oneself while the database is away",
     lambda at: at.elsewhere().me(content(at.browser.refresh())["access_token"]), UNAVAILABLE),
    ("an OAuth client's token that is none",
     lambda at: at.browser.client.post(
         "/auth/token", data={"grant_type": "refresh_token", "refresh_token": "garbage"}
     ), Error(400, "invalid_grant")),
    ("another grant",
     lambda at: at.browser.client.post("/auth/token", data={"grant_type": "password"}),
     Error(400, "unsupported_grant_type")),
    ("a question about tokens from nobody",
     lambda at: at.browser.client.post("/auth/introspect"),
     Error(401, "invalid_client", challenge="invalid_token")),
    ("a session that is not there",
     lambda at: at.browser.client.delete("/auth/sessions/never-was"), Error(404, "not_found")),
    ("a copy of a bound session", lambda at: copied(at).refresh(), Error(401, "device_proof_required")),
    ("no proof where one is needed", lambda at: bound(at).send(REFRESH), Error(403, "challenge_used")),
    ("a second device", register_another, Error(400, "device_refused")),
    ("a method that is not declared",
     lambda at: at.browser.client.put("/auth/refresh"), Error(405, "method_not_allowed")),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "error"), [pytest.param(ask, error, id=name) for name, ask, error in ERRORS])
def test_error(scene: Scene, ask: Callable[[Scene], TestResponse], error: Error) -> None:
    """An error has its code, one sentence, and the headers that belong to it, and no others."""
    reply = ask(scene)
    assert refusal(reply) == (error.status, error.code)
    assert_one_sentence(reply)
    assert "Set-Cookie" not in reply.headers
    challenge = f'Bearer error="{error.challenge}"' if error.challenge else ""
    assert reply.headers.get("WWW-Authenticate", "").partition(",")[0] == challenge
    assert reply.headers.get("Retry-After", "").isdigit() == error.waits
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert {"Cookie", "Authorization"} <= set(reply.vary)


def assert_one_sentence(reply: TestResponse) -> None:
    """The reply has only code and description; that one is a sentence for a person."""
    fields = content(reply)
    assert fields.keys() == {"error", "error_description"}
    sentence = fields["error_description"]
    assert (len(sentence.split()) > 2, sentence[-1], "\n" in sentence) == (True, ".", False)


def test_table_has_every_error() -> None:
    """Whoever adds an error adds its row, unless only a host with hooks of its own can meet it."""
    of_hooks = {SignInRefused.code, InsufficientScope.code}
    assert {error.code for *_, error in ERRORS} == {kind.code for kind in _kinds(RatchetError)} - of_hooks


def _kinds(parent: type[RatchetError]) -> Iterator[type[RatchetError]]:
    """The errors below ``parent`` that have a code of their own."""
    for kind in parent.__subclasses__():
        if "code" in vars(kind):
            yield kind
        yield from _kinds(kind)


def test_nothing_is_lost_while_the_database_is_away(scene: Scene) -> None:
    """A fault changes no cookie: the next node that works takes them."""
    held = scene.browser.held
    away = scene.elsewhere()
    assert away.refresh().status_code == 503
    assert away.held == held
    assert scene.browser.refresh().status_code == 200


def test_fault_of_the_database_is_in_the_log(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """An operator reads why, in a line and in the words of the driver, without a statement or a value."""
    assert scene.elsewhere().refresh().status_code == 503
    (line,) = [record.getMessage() for record in caplog.records if record.name == "flask_ratchet"]
    assert line.startswith("the database failed: ")
    assert not [word for word in ("SELECT", "\n", scene.ada + ",") if word in line]
    assert len(line) > len("the database failed: OperationalError: ")


def test_exhausted_pool_is_unavailable_and_recovers(scene: Scene) -> None:
    """When every connection is taken the answer comes soon and says so; afterwards all is as before."""
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0}
    site = scene.make_site(SQLALCHEMY_ENGINE_OPTIONS=options)
    browser = Browser(site, scene.browser.held)
    with site.app_context():
        engine = db.engine
    with engine.connect():
        assert refusal(browser.refresh()) == (503, "unavailable")
    assert browser.refresh().status_code == 200


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh", "/auth/logout"])
def test_nothing_internal_leaks(scene: Scene, empty_database: str, path: str) -> None:
    """Where the code meets a database without its tables, the reply says neither what nor where."""
    site = scene.make_site(SQLALCHEMY_DATABASE_URI=empty_database, PROPAGATE_EXCEPTIONS=False)
    reply = Browser(site, scene.browser.held).post(path, {"identifier": "ada", "password": "x"})
    assert refusal(reply) in ((500, "server_error"), (503, "unavailable"))
    assert_one_sentence(reply)
    text = reply.get_data(as_text=True).lower()
    assert not [word for word in ("select", "users", "traceback", "sqlalchemy", "file") if word in text]
    assert "Set-Cookie" not in reply.headers


def test_refused_request_writes_nothing(scene: Scene) -> None:
    """A request from another site, without a token or with a bad one, does not touch the row."""
    before = stored(scene.site, scene.ada)
    scene.browser.post("/auth/logout", headers={"Origin": "https://evil.example"})
    Browser(scene.site).refresh("garbage")
    Browser(scene.site).post("/auth/password", {}, headers=bearer("garbage"))
    assert stored(scene.site, scene.ada) == before
