"""Cookies that no honest browser sends, and two of one name that an honest browser can send."""

from __future__ import annotations

import hashlib
import json

import pytest
from flask import Flask
from itsdangerous import Signer, URLSafeTimedSerializer

from app.auth.audit import fingerprint
from tests.support.browser import (
    REFRESH_COOKIE,
    Browser,
    bearer,
    content,
    present,
    refusal,
    set_cookies,
)
from tests.support.clock import Clock
from tests.support.samples import SECRET
from tests.support.sites import add_user, let_in

from ...support.rows import Stored, stored

OVER = (401, "refresh_token_invalid")
MISSING = (401, "refresh_token_missing")
LEEWAY = 30
HOUR, POLL, RENEWAL = 3600, 10, 420
"""Seconds: how long a thief polls, how often, and after how many the owner renews."""


@pytest.mark.parametrize(
    ("cookies", "expected"),
    [
        pytest.param("", MISSING, id="an empty header holds no token"),
        pytest.param("={}", MISSING, id="a cookie without a name is nobody's"),
        pytest.param("{}", MISSING, id="a value without a name is nobody's"),
        pytest.param("refreshtoken={}", MISSING, id="a name in another case is another name"),
        pytest.param("xrefreshToken={}", MISSING, id="a longer name is another name"),
        pytest.param("refreshToken=", OVER, id="an empty value is no token"),
        pytest.param("refreshToken", OVER, id="a name without a value is no token"),
        pytest.param("refreshToken={},refreshToken={}", OVER, id="a comma joins nothing"),
        pytest.param("refreshToken=\xe9{}", OVER, id="bytes beyond ASCII are no token"),
        pytest.param('refreshToken="{}"', OVER, id="nor is a token in quotes"),
        pytest.param("refreshToken=%00{}", OVER, id="nor is a NUL in code"),
        pytest.param("refreshToken=" + "x" * 9000, OVER, id="nor are nine thousand letters"),
        pytest.param("refreshToken={}={}", OVER, id="nor two of them with an equals sign"),
        pytest.param("refreshToken=.; refreshToken=..", OVER, id="nor are dots"),
        pytest.param("$Version=1; $refreshToken={}", MISSING, id="a mark of RFC 2965 is no name"),
    ],
)
def test_odd_header(
    signed_in: Browser, site: Flask, ada: str, cookies: str, expected: tuple[int, str]
) -> None:
    """An odd ``Cookie`` header is refused with a message, and the session that it names does not change."""
    before = stored(site, ada)
    reply = present(site, cookies.replace("{}", signed_in.held))
    assert refusal(reply) == expected
    assert stored(site, ada) == before


@pytest.mark.parametrize(
    "cookies",
    [
        pytest.param('refreshToken="{}"; refreshToken={}', id="behind a copy in quotes"),
        pytest.param("$Version=1; refreshToken={}; $Path=/auth", id="beside cookies of RFC 2965's names"),
        pytest.param("; ;;refreshToken={};", id="among stray semicolons"),
        pytest.param("a=1; refreshToken={}; b=" + "x" * 5000, id="among large cookies of others"),
        pytest.param("refreshToken=stale; refreshToken={}", id="behind one that is garbage"),
        pytest.param("refreshToken={}; refreshToken=stale", id="before one that is garbage"),
        pytest.param("refreshToken=x; " * 480 + "refreshToken={}", id="behind all the garbage that fits"),
        pytest.param(
            "".join(f"refreshToken={n}.x.y.z; " for n in range(300)) + "refreshToken={}",
            id="behind garbage of three hundred kinds",
        ),
    ],
)
def test_odd_header_that_still_holds_the_token(signed_in: Browser, site: Flask, cookies: str) -> None:
    """A good cookie in an odd header is good."""
    reply = present(site, cookies.replace("{}", signed_in.held))
    assert reply.status_code == 200
    assert REFRESH_COOKIE in set_cookies(reply)


def test_junk_does_not_hide_a_good_access_cookie(signed_in: Browser, site: Flask) -> None:
    """What a sibling host plants under the name of the access cookie keeps nobody out."""
    access = content(signed_in.refresh())["access_token"]
    junk = "".join(f"accessToken={number}.{access}; " for number in range(20))
    client = site.test_client(use_cookies=False)
    assert client.get("/auth/me", headers={"Cookie": f"{junk}accessToken={access}"}).status_code == 200


def test_cookies_of_other_accounts_do_not_hide_the_good_one(signed_in: Browser, site: Flask) -> None:
    """A sibling host gets signed cookies by signing in itself, as many as a header has room for."""
    mallory = add_user(site, "mallory@example.org", "mallory")
    planted = []
    for _ in range(10):
        thief = let_in(site, mallory)
        planted.append(f"{REFRESH_COOKIE}={thief.held}; ")
        thief.sign_out()
    reply = present(site, f"{''.join(planted)}{REFRESH_COOKIE}={signed_in.held}")
    assert reply.status_code == 200


@pytest.mark.parametrize("order", [1, -1], ids=["stale first", "fresh first"])
def test_stale_cookie_of_the_same_name_is_no_theft(
    signed_in: Browser, site: Flask, clock: Clock, order: int
) -> None:
    """A cookie left on an old path comes along with the good one for ever: the good one counts."""
    pair = [signed_in.held]
    for _ in range(3):
        signed_in.refresh()
        clock.advance(LEEWAY)
    pair.append(signed_in.held)
    reply = present(site, "; ".join(f"{REFRESH_COOKIE}={value}" for value in pair[::order]))
    assert reply.status_code == 200
    clock.advance(LEEWAY)
    assert Browser(site, set_cookies(reply)[REFRESH_COOKIE]["value"]).refresh().status_code == 200


@pytest.mark.parametrize("order", [1, -1], ids=["ended first", "live first"])
def test_cookie_of_an_ended_session_does_not_hide_the_live_one(
    signed_in: Browser, site: Flask, ada: str, order: int
) -> None:
    """Two cookies of two sessions: the one that is over is passed by."""
    pair = [signed_in.held, let_in(site, ada).held]
    signed_in.sign_out()
    cookies = "; ".join(f"{REFRESH_COOKIE}={value}" for value in pair[::order])
    assert present(site, cookies).status_code == 200


def rotated_away(browser: Browser, clock: Clock) -> str:
    """A token of the browser's session that has become an orphan while the browser went on."""
    stolen = browser.held
    for _ in range(2):
        browser.refresh()
        clock.advance(LEEWAY)
    return stolen


def test_two_stale_cookies_are_a_theft(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """Where no cookie is good, an orphan ends its session: a second orphan does not hide it."""
    stale = [rotated_away(signed_in, clock), rotated_away(signed_in, clock)]
    reply = present(site, "; ".join(f"{REFRESH_COOKIE}={value}" for value in stale))
    assert refusal(reply) == (401, "refresh_token_reused")
    assert "Set-Cookie" not in reply.headers
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize("order", [1, -1], ids=["ended first", "stolen first"])
def test_an_ended_session_beside_a_stolen_token_hides_no_theft(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, order: int
) -> None:
    """A thief who adds a cookie of their own ended session is found all the same."""
    own = let_in(site, add_user(site, "bob@example.org", "bob"))
    pair = [own.held, rotated_away(signed_in, clock)]
    own.sign_out()
    reply = present(site, "; ".join(f"{REFRESH_COOKIE}={value}" for value in pair[::order]))
    assert refusal(reply) == (401, "refresh_token_reused")
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize("order", [1, -1], ids=["orphan first", "good first"])
def test_an_orphan_beside_a_good_cookie_of_its_session_is_told(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, caplog: pytest.LogCaptureFixture, order: int
) -> None:
    """Nobody is signed out by it, and the audit trail has a line that names the session."""
    caplog.set_level("INFO", logger="flask_ratchet.audit")
    pair = [rotated_away(signed_in, clock), signed_in.held]
    reply = present(site, "; ".join(f"{REFRESH_COOKIE}={value}" for value in pair[::order]))
    assert reply.status_code == 200
    events = [json.loads(record.message) for record in caplog.records]
    told = [event["session"] for event in events if event["event"] == "orphan"]
    assert told == [fingerprint(stored(site, ada).sessions[0]["id"])]
    assert signed_in.refresh().status_code == 200


@pytest.mark.parametrize("place", ["before it", "behind it", "in the body"])
def test_an_orphan_beside_a_good_cookie_of_another_session_is_a_theft(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, place: str
) -> None:
    """A thief cannot try a stolen token beside a cookie of their own: the stolen session ends."""
    stolen, own = rotated_away(signed_in, clock), let_in(site, add_user(site, "bob@example.org", "bob"))
    if place == "in the body":
        reply = own.refresh(stolen.rpartition(".")[0])
    else:
        pair = [stolen, own.held][:: 1 if place == "before it" else -1]
        reply = present(site, "; ".join(f"{REFRESH_COOKIE}={value}" for value in pair))
    assert reply.status_code == 200
    assert stored(site, ada).sessions == []
    assert refusal(signed_in.refresh()) == OVER


def test_an_orphan_of_the_thief_hides_no_theft(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """Where no cookie is good the rule is applied to every one, in whatever order they come."""
    bob = add_user(site, "bob@example.org", "bob")
    own = let_in(site, bob)
    pair = [rotated_away(own, clock), rotated_away(signed_in, clock)]
    reply = present(site, "; ".join(f"{REFRESH_COOKIE}={value}" for value in pair))
    assert refusal(reply) == (401, "refresh_token_reused")
    assert (stored(site, ada).sessions, stored(site, bob).sessions) == ([], [])


@pytest.mark.parametrize("way", ["a wrong password", "signing out other devices"])
def test_a_stolen_token_cannot_be_tried_elsewhere(
    signed_in: Browser, site: Flask, ada: str, clock: Clock, way: str
) -> None:
    """What a sign-in or sign-out may do shows if a token is still good, so an orphan is a theft there."""
    stolen, own = rotated_away(signed_in, clock), let_in(site, add_user(site, "bob@example.org", "bob"))
    thief = site.test_client(use_cookies=False)
    headers = {"Cookie": f"{REFRESH_COOKIE}={stolen}; {REFRESH_COOKIE}={own.held}"}
    if way == "a wrong password":
        fields = {"identifier": "ada", "password": "wrong"}
        assert thief.post("/auth/login", json=fields, headers=headers).status_code == 401
    else:
        assert thief.post("/auth/logout", json={"scope": "others"}, headers=headers).status_code == 204
    assert stored(site, ada).sessions == []
    assert refusal(signed_in.refresh())[0] == 401


def test_a_good_token_of_another_session_stays_as_it_is(
    signed_in: Browser, site: Flask, clock: Clock
) -> None:
    """Only the one that counts is renewed; the other is neither used nor a theft."""
    bob = add_user(site, "bob@example.org", "bob")
    own = let_in(site, bob)
    clock.advance(LEEWAY)
    before = stored(site, bob)
    assert signed_in.refresh(own.token).status_code == 200
    cookies = f"{REFRESH_COOKIE}={signed_in.held}; {REFRESH_COOKIE}={own.held}"
    assert present(site, cookies).status_code == 200
    assert stored(site, bob) == before


def test_an_older_token_beside_the_newest_hides_no_thief(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A thief who polls with parent and current learns nothing from the parent without a risk."""
    newest = older = signed_in.held
    for after in range(0, HOUR, POLL):
        clock.advance(POLL)
        if after % RENEWAL == 0 and signed_in.refresh().status_code == 401:
            break
        reply = present(site, f"{REFRESH_COOKIE}={older}; {REFRESH_COOKIE}={newest}")
        if reply.status_code == 401:
            break
        handed = set_cookies(reply)[REFRESH_COOKIE]["value"]
        newest, older = handed, older if handed == newest else newest
    assert stored(site, ada).sessions == []


def test_a_session_of_the_thief_beside_the_stolen_token_hides_no_thief(
    signed_in: Browser, site: Flask, ada: str, clock: Clock
) -> None:
    """A thief who polls with a cookie of their own beside it is found, too."""
    own = let_in(site, add_user(site, "bob@example.org", "bob"))
    stolen = signed_in.held
    for after in range(0, HOUR, POLL):
        clock.advance(POLL)
        if after % RENEWAL == 0 and signed_in.refresh().status_code == 401:
            break
        reply = present(site, f"{REFRESH_COOKIE}={stolen}; {REFRESH_COOKIE}={own.held}")
        assert reply.status_code == 200
        handed = set_cookies(reply)[REFRESH_COOKIE]["value"]
        if content(reply)["user"]["username"] == "ada":
            stolen = handed
        else:
            own.refresh_cookie = handed
    assert stored(site, ada).sessions == []


def test_same_cookie_twice_is_one_cookie(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """A copy beside the original hides no theft: one token is one, however often it is sent."""
    stolen = signed_in.held
    for _ in range(2):
        signed_in.refresh()
        clock.advance(LEEWAY)
    reply = present(site, f"{REFRESH_COOKIE}={stolen}; {REFRESH_COOKIE}={stolen}")
    assert refusal(reply) == (401, "refresh_token_reused")


@pytest.mark.parametrize(
    ("cut", "tail"),
    [
        pytest.param(1, "", id="without its last character"),
        pytest.param(0, "=", id="with padding"),
        pytest.param(0, "==", id="with more padding"),
        pytest.param(0, "A", id="with a character too many"),
        pytest.param(1, "*", id="with a character that is not base64"),
        pytest.param(0, "%3D", id="with padding in code"),
        pytest.param(0, "\\n", id="with a backslash"),
    ],
)
@pytest.mark.parametrize("delivery", ["cookie", "body"])
def test_mangled_token(signed_in: Browser, site: Flask, ada: str, cut: int, tail: str, delivery: str) -> None:
    """A mangled copy of a good token is the same token or none, and never a theft."""
    before = stored(site, ada)
    token = signed_in.token if delivery == "body" else signed_in.held
    mangled = token[: len(token) - cut] + tail
    if delivery == "body":
        answer = Browser(site).refresh(mangled)
    else:
        answer = present(site, f"{REFRESH_COOKIE}={mangled}")
    assert answer.status_code == 200 or refusal(answer) == OVER
    assert len(stored(site, ada).sessions) == 1
    assert answer.status_code == 200 or stored(site, ada) == before


def test_last_character_of_a_signature_can_change_without_harm(signed_in: Browser, site: Flask) -> None:
    """Base64 leaves bits unused: whatever the last character becomes, it is this token or none."""
    token = signed_in.held
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        reply = present(site, f"{REFRESH_COOKIE}={token[:-1]}{last}")
        assert reply.status_code == 200 or refusal(reply) == OVER
    assert signed_in.refresh().status_code == 200


def _signed_for_another_purpose(token: str) -> dict[str, str]:
    """The same text under other signatures that the same secret can make."""
    timed = URLSafeTimedSerializer(SECRET, salt="cookie-session")
    return {
        "sha1": Signer(SECRET, "ratchet refresh cookie", key_derivation="hmac").sign(token).decode(),
        "salt": Signer(SECRET, "remember", key_derivation="hmac", digest_method=hashlib.sha256)
        .sign(token)
        .decode(),
        "session": str(timed.dumps(token)),
        "bare": token,
    }


@pytest.mark.parametrize("purpose", ["sha1", "salt", "session", "bare"])
def test_cookie_signed_for_another_purpose(signed_in: Browser, site: Flask, ada: str, purpose: str) -> None:
    """What the same secret signed for something else is no refresh cookie."""
    before = stored(site, ada)
    cookie = _signed_for_another_purpose(signed_in.token)[purpose]
    assert refusal(present(site, f"{REFRESH_COOKIE}={cookie}")) == OVER
    assert stored(site, ada) == before


def test_access_token_is_no_refresh_token(signed_in: Browser, site: Flask, ada: str) -> None:
    """An access token does not refresh, by cookie, by body or as a bearer."""
    access = content(signed_in.refresh())["access_token"]
    before: Stored = stored(site, ada)
    signer = Signer(SECRET, "ratchet refresh cookie", key_derivation="hmac", digest_method=hashlib.sha256)
    assert refusal(present(site, f"{REFRESH_COOKIE}={signer.sign(access).decode()}")) == OVER
    assert refusal(Browser(site).refresh(access)) == OVER
    assert refusal(Browser(site).post("/auth/refresh", headers=bearer(access))) == MISSING
    assert stored(site, ada) == before


def test_cookie_of_one_user_says_nothing_of_another(signed_in: Browser, site: Flask, ada: str) -> None:
    """Refreshing renews the session the cookie names and no other."""
    bob = add_user(site, "bob@example.org", "bob")
    let_in(site, bob)
    before = stored(site, bob)
    assert str(content(signed_in.refresh())["user"]["id"]) == ada
    assert stored(site, bob) == before
