"""Tokens that name a victim and are forged: whatever way they come, one refusal and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import ACCESS_COOKIE, REFRESH_COOKIE, Browser, bearer, present, refusal
from tests.support.forgery import (
    ACCESS_HEADER,
    ACCESS_KEY,
    BLANK_KEY,
    OTHER_KEY,
    REFRESH_HEADER,
    REFRESH_KEY,
    encode,
    forge,
    forge_access,
    forge_refresh,
)
from tests.support.samples import NOW
from tests.support.sites import let_in
from tests.support.watching import openings
from tests.unit.web.test_cookies import signed

from ...support.rows import statements, stored

INVALID, OVER = (401, "token_invalid"), (401, "refresh_token_invalid")
NO_GRANT = (400, "invalid_grant")
EVIL = "http://127.0.0.1:9/keys.json"
TIMES = {"iat": int(NOW), "exp": int(NOW) + 600, "auth_time": int(NOW)}


def header(claim: str, *, key: bytes | None = None, **changes: Any) -> Any:
    """A header with changes, under a key of the attacker's or, without one, under the right key."""
    return pytest.param(changes, key, id=claim)


HEADERS = [
    header("alg is none", key=BLANK_KEY, alg="none"),
    header("alg is nOnE under the right key", alg="nOnE"),
    header("alg is HS512 under the right key", alg="HS512"),
    header("alg is a list", alg=["HS256"]),
    header("alg is an object", alg={"HS256": 1}),
    header("alg is null", alg=None),
    header("a blank key", key=BLANK_KEY),
    header("somebody else's key", key=OTHER_KEY),
    header("the attacker's key embedded", key=OTHER_KEY, jwk={"kty": "oct", "k": encode(OTHER_KEY)}),
    header("a jku under the attacker's key", key=OTHER_KEY, jku=EVIL),
    header("a jku under the right key", jku=EVIL),
    header("an x5u under the right key", x5u=EVIL),
    header("a kid that walks to an empty file", key=BLANK_KEY, kid="../../../../dev/null"),
    header("a kid that is SQL", key=BLANK_KEY, kid="' UNION SELECT '' --"),
    header("a kid that is a shell", key=BLANK_KEY, kid="|/bin/true"),
    header("an unknown crit", crit=["ours"], ours=1),
    header("b64 is false", b64=False, crit=["b64"]),
    header("any JWT", typ="JWT"),
    header("2,000 letters more", x="x" * 2000),
]


def by_bearer(site: Flask, token: str) -> TestResponse:
    """Ask who is signed in, with a bearer."""
    return Browser(site).me(token)


def by_cookie(site: Flask, token: str) -> TestResponse:
    """Post with an access cookie, which the origin check lets pass."""
    return present(site, f"{ACCESS_COOKIE}={token}", "/auth/sessions")


def by_refresh_cookie(site: Flask, token: str) -> TestResponse:
    """Refresh with a cookie whose own signature holds."""
    return present(site, f"{REFRESH_COOKIE}={signed(token)}")


def by_body(site: Flask, token: str) -> TestResponse:
    """Refresh with a body."""
    return Browser(site).refresh(token)


def by_login(site: Flask, token: str) -> TestResponse:
    """Refresh at the address of the sign-in."""
    return Browser(site).post("/auth/login", {"grant_type": "refresh_token", "refresh_token": token})


Way = Callable[[Flask, str], TestResponse]
one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what no database is asked about."""


def check_refused(site: Flask, way: Way, token: str, expected: tuple[int, str]) -> None:
    """Refused in the words of the contract, kept by no cache, nothing handed out, nothing opened or asked."""
    way(site, "a first one, so that everything is loaded")
    with statements(site) as sent, openings() as opened:
        reply = way(site, token)
    assert refusal(reply) == expected
    assert reply.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in reply.headers
    assert reply.data.count(b".") <= 2, "a sentence or two, and no token"
    assert (sent, opened) == ([], [])


@one_database
@pytest.mark.parametrize("way", [by_bearer, by_cookie])
@pytest.mark.parametrize(("changes", "key"), HEADERS)
def test_forged_access_token(
    site: Flask, ada: str, way: Way, changes: dict[str, Any], key: bytes | None
) -> None:
    """A forged access token opens nothing, neither a view nor a file nor a connection."""
    victim = let_in(site, ada)
    before = stored(site, ada)
    claims = TIMES | {"sub": ada, "sid": before.sessions[0]["id"]}
    forged = forge(ACCESS_HEADER | changes, claims, ACCESS_KEY if key is None else key)
    check_refused(site, way, forged, INVALID)
    assert stored(site, ada) == before
    assert by_bearer(site, forge_access(claims)).status_code == 200
    assert victim.refresh().status_code == 200


@one_database
@pytest.mark.parametrize("way", [by_refresh_cookie, by_body, by_login])
@pytest.mark.parametrize(("changes", "key"), HEADERS)
def test_forged_refresh_token(
    site: Flask, ada: str, way: Way, changes: dict[str, Any], key: bytes | None
) -> None:
    """A forged refresh token renews nothing, and its victim's session does not notice."""
    let_in(site, ada)
    before = stored(site, ada)
    (session,) = before.sessions
    claims = {"sub": ada, "sid": session["id"], "jti": session["current"], "exp": int(NOW) + 600}
    forged = forge(REFRESH_HEADER | changes, claims, REFRESH_KEY if key is None else key)
    check_refused(site, way, forged, NO_GRANT if way is by_login else OVER)
    assert stored(site, ada) == before
    assert way(site, forge_refresh(claims)).status_code == 200


@one_database
def test_forging_for_ever_is_not_noticed_by_the_victim(site: Flask, signed_in: Browser, ada: str) -> None:
    """Five thousand tokens that name the victim: the row is neither asked, locked nor written."""
    before = stored(site, ada)
    (session,) = before.sessions
    claims = {"sub": ada, "sid": session["id"], "jti": session["current"], "exp": int(NOW) + 600}
    attacker = Browser(site)
    with statements(site) as sent:
        for number in range(5000):
            forged = forge(REFRESH_HEADER, claims, OTHER_KEY + number.to_bytes(2))
            assert refusal(attacker.refresh(forged)) == OVER
    assert sent == []
    assert stored(site, ada) == before
    assert signed_in.refresh().status_code == 200


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param("1" + "0" * 30, id="a number of 31 digits"),
        pytest.param("-1", id="a negative one"),
        pytest.param("\u0661", id="a digit of another script"),
        pytest.param("1 OR 1=1", id="SQL"),
        pytest.param("1\0", id="a NUL behind"),
        pytest.param("\ud800", id="half a surrogate pair"),
        pytest.param("1\udfff", id="half a pair behind"),
        pytest.param(10**30, id="no text but 10^30"),
        pytest.param(None, id="null"),
        pytest.param(["1"], id="a list"),
    ],
)
def test_subject_that_no_row_can_have(site: Flask, subject: object) -> None:
    """A subject under the right key that no database takes is nobody's: 401, on a view that asks the row."""
    for ask in (Browser(site).client.get, Browser(site).client.delete):
        token = forge_access(TIMES | {"sub": subject, "sid": "phone"})
        path = "/auth/me" if ask.__name__ == "get" else "/auth/sessions/phone"
        assert refusal(ask(path, headers=bearer(token))) == INVALID
    claims = {"sub": subject, "sid": "phone", "jti": "current", "exp": int(NOW) + 600}
    assert refusal(by_body(site, forge_refresh(claims))) == OVER


def test_watch_sees_what_is_opened(site: Flask) -> None:
    """What none of these tokens brought about would have been seen: a statement, a file, a connection."""
    with openings() as opened:
        with statements(site) as sent:
            by_body(site, forge_refresh({"sub": "1", "sid": "x", "jti": "x", "exp": int(NOW) + 600}))
        assert sent == ["SELECT"]
        with open(__file__, "rb"):  # noqa: PTH123  # what a careless reader of a kid would do
            pass
    assert "open" in opened
