"""The site under gunicorn with two workers: sign-in, refresh and sign-out over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest
from itsdangerous import Signer

from app.auth.tokens.claims import RefreshClaims, RefreshTokens
from app.auth.tokens.jws import derive_key
from app.auth.web.cookies import COOKIE_SALT
from tests.support.browser import REFRESH_COOKIE
from tests.support.sites import add_user

from ...support.peers.caller import Client, Reply
from ...support.server.gunicorn import Server
from ...support.server.servers import SECRET, server, serving, site_on
from ...support.server.workers import workers_of

SHORT_LEEWAY = 0.3
"""Seconds. A real server's clock cannot be turned, so one test waits this long."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated SQLite database with one user, ada."""
    url = f"sqlite:///{tmp_path_factory.mktemp('served') / 'site.sqlite'}"
    with site_on(url) as site:
        add_user(site, "ada@example.org", "ada")
    return url


@pytest.fixture(scope="module")
def running(database: str) -> Iterator[Server]:
    """The site with the default settings."""
    with server(database) as started:
        yield started


@pytest.fixture
def client(running: Server) -> Client:
    """A client in front of it, nobody signed in."""
    return Client(running.base_url)


def test_sign_in_sets_a_guarded_cookie_and_returns_a_jwt(client: Client) -> None:
    """The refresh token is in a cookie that no script reads and that goes only to /auth."""
    reply = client.sign_in(remember=True)
    assert reply.status == 200
    cookie = reply.cookies[REFRESH_COOKIE]
    assert (cookie["httponly"], cookie["secure"]) == (True, True)
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", "/auth", "")
    assert reply.json["access_token"].count(".") == 2
    assert client.me(reply.json["access_token"]).json["user"]["email"] == "ada@example.org"
    assert "refresh_token" not in reply.json


def test_refresh_by_cookie_rotates_both_tokens(client: Client) -> None:
    """The reply sets another refresh cookie and returns another access token."""
    signed_in = client.sign_in()
    wait_for_the_next_second()
    reply = client.refresh()
    assert reply.status == 200
    assert reply.cookies[REFRESH_COOKIE].value != signed_in.cookies[REFRESH_COOKIE].value
    assert reply.json["access_token"] != signed_in.json["access_token"]
    assert "refresh_token" not in reply.json


def test_refresh_by_body_rotates_both_tokens_and_sets_no_cookie(client: Client) -> None:
    """A client without cookies is answered only in the body."""
    signed_in = client.sign_in(delivery="body")
    wait_for_the_next_second()
    reply = client.refresh(signed_in.json["refresh_token"])
    assert reply.status == 200
    assert reply.json["refresh_token"] != signed_in.json["refresh_token"]
    assert reply.json["access_token"] != signed_in.json["access_token"]
    assert (signed_in.cookies, reply.cookies) == ({}, {})


@pytest.mark.parametrize("delivery", ["cookie", "body"])
def test_replay_within_the_leeway_gets_the_same_token(client: Client, delivery: str) -> None:
    """A second tab that presents the parent is handed the very token the first tab got."""
    parent = refresh_token(client.sign_in(delivery=delivery))
    first = present(client, parent, delivery)
    second = present(client, parent, delivery)
    assert (first.status, second.status) == (200, 200)
    assert refresh_token(first) == refresh_token(second) != parent


@pytest.mark.parametrize("delivery", ["cookie", "body"])
def test_replay_after_its_successor_was_used_ends_the_session(hasty: Client, delivery: str) -> None:
    """Two live copies mean a thief: 401 refresh_token_reused, and no token of the session works again."""
    signed_in = hasty.sign_in(delivery=delivery)
    tokens = [refresh_token(signed_in)]
    tokens.append(refresh_token(present(hasty, tokens[0], delivery)))
    time.sleep(SHORT_LEEWAY)
    last = present(hasty, tokens[1], delivery)
    tokens.append(refresh_token(last))
    replayed = present(hasty, tokens[0], delivery)
    assert replayed.verdict == (401, "refresh_token_reused")
    assert replayed.cookies == {}
    for token in tokens:
        assert present(hasty, token, delivery).verdict == (401, "refresh_token_invalid")
    for access in (signed_in.json["access_token"], last.json["access_token"]):
        assert hasty.me(access).verdict == (401, "token_invalid")


def expired_token() -> str:
    """An authentic refresh token of long ago."""
    claims = RefreshClaims(subject="1", session_id="gone", token_id="gone", expires_at=1_000_000_000)
    return RefreshTokens([derive_key(SECRET, "refresh token")], None).sign(claims)


def sealed(token: str) -> str:
    """The cookie value around a refresh token."""
    return Signer(SECRET, COOKIE_SALT, key_derivation="hmac", digest_method=sha256).sign(token).decode()


@pytest.mark.parametrize(
    ("cookie", "fields"),
    [
        pytest.param(None, None, id="nothing at all"),
        pytest.param(None, {}, id="an empty object"),
        pytest.param("garbage", None, id="garbage in the cookie"),
        pytest.param(None, {"refresh_token": "garbage"}, id="garbage in the body"),
        pytest.param(sealed(expired_token()), None, id="an expired token in the cookie"),
        pytest.param(None, {"refresh_token": expired_token()}, id="an expired token in the body"),
    ],
)
def test_sign_out_is_204_whatever_is_presented(
    client: Client, cookie: str | None, fields: dict[str, str] | None
) -> None:
    """Who wants to be signed out is, and the cookies go."""
    client.cookies = {} if cookie is None else {REFRESH_COOKIE: cookie}
    reply = client.post("/auth/logout", fields)
    assert (reply.status, reply.body) == (204, b"")
    assert {morsel["max-age"] for morsel in reply.cookies.values()} == {"0"}
    assert set(reply.cookies) == {REFRESH_COOKIE, "accessToken", "signedIn"}


def test_signing_out_ends_the_session(client: Client) -> None:
    """Afterwards the tokens of the session are worth nothing, kept copies included."""
    signed_in = client.sign_in()
    kept = client.cookies[REFRESH_COOKIE]
    assert client.post("/auth/logout").status == 204
    assert client.cookies == {}
    assert present(client, kept, "cookie").verdict == (401, "refresh_token_invalid")
    assert client.me(signed_in.json["access_token"]).verdict == (401, "token_invalid")


def test_restart_leaves_the_user_signed_in(database: str) -> None:
    """What decides about a session is on the user row, nothing is in a process."""
    with serving(database, workers=1) as base_url:
        before = Client(base_url)
        before.sign_in()
    with serving(database, workers=1) as base_url:
        after = Client(base_url)
        after.cookies = before.cookies
        assert after.refresh().status == 200


def test_new_secret_with_the_old_one_as_fallback_leaves_the_user_signed_in(
    client: Client, database: str
) -> None:
    """Tokens of the old key are accepted, those handed out are signed with the new one."""
    signed_in = client.sign_in()
    new = "another secret of a served site, also long"
    with serving(
        database, workers=1, FLASK_SECRET_KEY=new, FLASK_SECRET_KEY_FALLBACKS=json.dumps([SECRET])
    ) as base_url:
        changing = Client(base_url)
        changing.cookies = dict(client.cookies)
        assert changing.me(signed_in.json["access_token"]).status == 200
        assert changing.refresh().status == 200
    with serving(database, workers=1, FLASK_SECRET_KEY=new) as base_url:
        changed = Client(base_url)
        changed.cookies = changing.cookies
        assert changed.refresh().status == 200
        assert changed.me(signed_in.json["access_token"]).verdict == (401, "token_invalid")


def test_tokens_of_one_worker_work_in_the_other(running: Server, client: Client) -> None:
    """Sign in at one worker while the other stands still, then the other way round."""
    one, other = workers_of(running)
    with standing_still(other):
        signed_in = client.sign_in()
    with standing_still(one):
        assert client.me(signed_in.json["access_token"]).status == 200
        assert client.refresh().status == 200


@pytest.fixture(scope="module")
def hasty_url(database: str) -> Iterator[str]:
    """The address of the site with a leeway that is soon over."""
    with serving(database, FLASK_RATCHET_LEEWAY=f"{SHORT_LEEWAY}s") as base_url:
        yield base_url


@pytest.fixture
def hasty(hasty_url: str) -> Client:
    """A client in front of the site with the short leeway."""
    return Client(hasty_url)


def refresh_token(reply: Reply) -> str:
    """What a reply hands out to refresh with: a cookie's value, or a token in the body."""
    if REFRESH_COOKIE in reply.cookies:
        return reply.cookies[REFRESH_COOKIE].value
    return str(reply.json["refresh_token"])


def present(client: Client, token: str, delivery: str) -> Reply:
    """Refresh with this token, delivered that way."""
    if delivery == "body":
        return client.refresh(token)
    client.cookies[REFRESH_COOKIE] = token
    return client.refresh()


def wait_for_the_next_second() -> None:
    """An access token counts in whole seconds: two of one second are the same token."""
    time.sleep(1 - time.time() % 1)


@contextmanager
def standing_still(worker: int) -> Iterator[None]:
    """Stop a worker process, so that the other one answers, and let it go on afterwards."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)
