"""@ratchet.required on a stranger's own views: bearer or cookie, fresh, live, and who is who."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.auth.tokens.claims import AccessTokens
from app.auth.tokens.jws import derive_key
from tests.support.browser import Browser, access_token, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.samples import SECRET

GUARDED = ("/private", "/fresh", "/live")
MISSING, INVALID = (401, "token_missing"), (401, "token_invalid")
GRACE = {"email": "grace@example.org"}


@pytest.fixture
def grace(stranger: Stranger) -> Browser:
    """A browser in front of the stranger's app, its user signed in."""
    return stranger.signed_in()


@pytest.mark.parametrize("path", GUARDED)
def test_nobody_comes_in_without_a_token(stranger: Stranger, path: str) -> None:
    """A guarded view answers 401 and says that an access token would do."""
    reply = Browser(stranger.app).client.get(path)
    assert refusal(reply) == MISSING
    assert reply.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize("path", GUARDED)
def test_bearer_and_cookie_let_in(stranger: Stranger, grace: Browser, path: str) -> None:
    """Either brings in, and current_user is the stranger's own user object."""
    token = access_token(grace)
    assert content(grace.client.get(path)) == GRACE
    assert content(Browser(stranger.app).client.get(path, headers=bearer(token))) == GRACE


def test_open_view_knows_who_is_there(stranger: Stranger, grace: Browser) -> None:
    """Where nothing is demanded, current_user is the user or false."""
    assert content(grace.client.get("/open")) == GRACE
    assert content(Browser(stranger.app).client.get("/open")) == {"email": None}
    reply = Browser(stranger.app).client.get("/open", headers=bearer("garbage"))
    assert content(reply) == {"email": None}


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        pytest.param("Bearer {}", 200, id="as RFC 6750 writes it"),
        pytest.param("bearer {}", 200, id="the scheme in any case"),
        pytest.param("Bearer  {}", 200, id="with two spaces"),
        pytest.param("Bearer {}, Bearer {}", 401, id="two headers, as a server joins them"),
        pytest.param("Bearer garbage, Bearer {}", 401, id="two headers, the second one good"),
        pytest.param("Bearer", 401, id="without a token"),
        pytest.param("Bearer {}=", 401, id="with padding"),
        pytest.param("Bearer {} x", 401, id="with a word behind it"),
        pytest.param("{}", 401, id="without a scheme"),
        pytest.param("Token {}", 401, id="of another scheme"),
        pytest.param("Basic {}", 401, id="as a password"),
        pytest.param('Bearer "{}"', 401, id="quoted"),
        pytest.param("Bearer \xe9{}", 401, id="behind a letter beyond ASCII"),
    ],
)
def test_authorization_header(stranger: Stranger, grace: Browser, authorization: str, expected: int) -> None:
    """One bearer token is one; everything like it is none."""
    header = authorization.replace("{}", access_token(grace))
    reply = Browser(stranger.app).client.get("/private", headers={"Authorization": header})
    assert reply.status_code == expected


def test_two_authorization_headers(stranger: Stranger, grace: Browser) -> None:
    """A request that says twice who it is from is from nobody."""
    token = access_token(grace)
    twice = [("Authorization", f"Bearer {token}")] * 2
    assert refusal(Browser(stranger.app).client.get("/private", headers=twice)) == INVALID


def test_bad_bearer_is_not_saved_by_a_good_cookie(grace: Browser) -> None:
    """A bearer counts above the cookie, good or bad."""
    assert refusal(grace.client.get("/private", headers=bearer("garbage"))) == INVALID


def test_another_scheme_leaves_the_cookie_its_say(grace: Browser) -> None:
    """A proxy's own Basic authorization does not sign anybody out."""
    reply = grace.client.get("/private", headers={"Authorization": "Basic dTpw"})
    assert content(reply) == GRACE


@pytest.mark.parametrize("path", GUARDED)
def test_refresh_token_is_no_bearer(stranger: Stranger, path: str) -> None:
    """A refresh token opens no view, as a bearer or in the access cookie."""
    signed_in = Browser(stranger.app).sign_in("grace@example.org", delivery="body")
    token = content(signed_in)["refresh_token"]
    browser = Browser(stranger.app)
    assert refusal(browser.client.get(path, headers=bearer(token))) == INVALID
    browser.client.set_cookie("accessToken", token)
    assert refusal(browser.client.get(path)) == INVALID


def test_token_in_query_or_form_is_ignored(stranger: Stranger, grace: Browser) -> None:
    """An access token is taken from nowhere but its header and its cookie."""
    fields = {"access_token": access_token(grace), "token": access_token(grace)}
    client = Browser(stranger.app).client
    assert refusal(client.get("/private", query_string=fields)) == MISSING
    assert refusal(client.post("/private", data=fields)) == MISSING
    assert refusal(client.post("/private", json=fields)) == MISSING


@pytest.mark.parametrize("path", GUARDED)
def test_cookie_from_another_site_changes_nothing(stranger: Stranger, grace: Browser, path: str) -> None:
    """A cookie comes along from any page, so an unsafe method passes the origin check; a bearer need not."""
    foreign = {"Sec-Fetch-Site": "cross-site"}
    token = access_token(grace)
    assert refusal(grace.client.post(path, headers=foreign)) == (403, "cross_origin")
    assert grace.client.get(path, headers=foreign).status_code == 200
    assert grace.client.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    sent = Browser(stranger.app).client.post(path, headers=foreign | bearer(token))
    assert sent.status_code == 200


def test_fresh_demands_a_recent_sign_in(grace: Browser, clock: Clock) -> None:
    """Within RATCHET_FRESH_FOR the view opens; later it asks for the password, however fresh the token."""
    clock.advance(600)
    grace.refresh()
    assert grace.client.get("/fresh").status_code == 200
    clock.advance(1)
    reply = grace.client.get("/fresh")
    assert refusal(reply) == (403, "reauthentication_required")
    assert reply.headers["WWW-Authenticate"].startswith('Bearer error="insufficient_user_authentication"')
    assert grace.client.get("/private").status_code == 200


def test_fresh_asks_the_row(stranger: Stranger, grace: Browser, clock: Clock) -> None:
    """An access token that the secret has signed for a live session makes no sign-in recent."""
    clock.advance(601)
    claims = stranger.app.extensions["ratchet"].token_issuer.read_access(access_token(grace), clock.now)
    forged = AccessTokens([derive_key(SECRET, "access token")], None, None).sign(
        replace(claims, auth_time=int(clock.now))
    )
    assert refusal(grace.client.get("/fresh", headers=bearer(forged))) == (403, "reauthentication_required")
    reply = grace.client.post("/auth/sessions", json={}, headers=bearer(forged))
    assert refusal(reply) == (403, "reauthentication_required")
    assert content(grace.client.get("/private", headers=bearer(forged))) == GRACE


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"Origin": "https://evil.example"}, 403, id="a page of another origin"),
        pytest.param({"Origin": "null"}, 403, id="an origin that hides itself"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403, id="another site"),
        pytest.param({"Origin": "http://localhost"}, 200, id="our own page"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="our own page, by Fetch Metadata"),
        pytest.param({}, 200, id="a program"),
    ],
)
def test_a_socket_is_opened_by_our_own_pages(
    stranger: Stranger, grace: Browser, headers: dict[str, str], expected: int
) -> None:
    """A WebSocket handshake is a GET with the visitor's cookies, from whatever page; a bearer is its own."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "WebSocket", "Sec-WebSocket-Version": "13"}
    assert grace.client.get("/socket", headers=upgrade | headers).status_code == expected
    sent = upgrade | headers | bearer(access_token(grace))
    assert Browser(stranger.app).client.get("/socket", headers=sent).status_code == 200


def test_fresh_for_is_a_setting(make_stranger: MakeStranger, clock: Clock) -> None:
    """What counts as recent is the host's choice."""
    stranger = make_stranger(RATCHET_FRESH_FOR="5s")
    stranger.add_user()
    grace = stranger.signed_in()
    clock.advance(6)
    assert grace.client.get("/fresh").status_code == 403


def test_access_token_runs_out(grace: Browser, clock: Clock) -> None:
    """At the second of its end an access token opens nothing any more, in whatever view."""
    clock.advance(600)
    for path in GUARDED:
        assert refusal(grace.client.get(path)) == INVALID


@pytest.mark.parametrize("path", GUARDED)
def test_sign_out_counts_at_once(stranger: Stranger, grace: Browser, path: str) -> None:
    """The access token of a session that was signed out opens nothing, though it has not run out."""
    token = access_token(grace)
    grace.sign_out()
    assert refusal(Browser(stranger.app).client.get(path, headers=bearer(token))) == INVALID


def test_live_asks_the_row(stranger: Stranger, grace: Browser) -> None:
    """A user whom the host blocks in the row is kept out of a live view at once, and later of the others."""
    assert content(grace.client.get("/private")) == GRACE
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.update(stranger.model).values(blocked=True))
        stranger.db.session.commit()
    assert refusal(grace.client.get("/live")) == INVALID
    assert content(grace.client.get("/private")) == GRACE


def test_id_that_was_given_out_again(stranger: Stranger, grace: Browser) -> None:
    """The token of a deleted user does not open a live view for whoever has the id now."""
    with stranger.app.app_context():
        (user,) = stranger.db.session.scalars(stranger.db.select(stranger.model))
        key = user.id
        stranger.db.session.delete(user)
        stranger.db.session.commit()
    stranger.add_user("mallory@example.org", id=key)
    assert refusal(grace.client.get("/live")) == INVALID
    assert refusal(grace.me()) == INVALID
    assert refusal(grace.refresh()) == (401, "refresh_token_invalid")


def test_deleted_user_is_nobody(stranger: Stranger, grace: Browser) -> None:
    """A view that only looks at current_user does not break when the user is gone."""
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.delete(stranger.model))
        stranger.db.session.commit()
    assert refusal(grace.client.get("/live")) == INVALID
    assert grace.client.get("/private").status_code == 401


def test_second_access_cookie_of_the_same_name(stranger: Stranger, grace: Browser) -> None:
    """A stale cookie of another path does not hide the good one, in either order."""
    good = access_token(grace)
    client = stranger.app.test_client(use_cookies=False)
    for pair in ((good, "garbage"), ("garbage", good)):
        cookies = "; ".join(f"accessToken={value}" for value in pair)
        assert content(client.get("/private", headers={"Cookie": cookies})) == GRACE


def test_access_cookie_can_be_switched_off(make_stranger: MakeStranger) -> None:
    """With RATCHET_ACCESS_COOKIE off a view takes only a bearer token."""
    stranger = make_stranger(RATCHET_ACCESS_COOKIE=False)
    stranger.add_user()
    token = content(Browser(stranger.app).sign_in("grace@example.org"))["access_token"]
    browser = Browser(stranger.app)
    browser.client.set_cookie("accessToken", token)
    assert refusal(browser.client.get("/private")) == MISSING
    assert browser.client.get("/private", headers=bearer(token)).status_code == 200
