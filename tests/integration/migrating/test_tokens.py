"""From Flask-JWT-Extended and Strapi: clients that hold tokens stay signed in."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from werkzeug.test import TestResponse

from app.auth.testing import Browser
from docs.generator import DOCS
from tests.support import databases
from tests.support.browser import NEW_PASSWORD, PASSWORD, bearer, content, refusal, set_cookies
from tests.support.hosts import old_sites
from tests.support.product.documents import blocks_of

ADA = "ada@example.org"
EVE = "eve@example.org"
JWT_EXTENDED = ("flask_jwt_extended.py", "tokens.py")
STRAPI = ("strapi.py", "tokens.py")

UNVERIFIED: Any = {"verify_signature": False}

STRAPI_TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6NywiaWF0IjoxODAwMDAwMDAwLCJleHAiOjE4MDI1OTIwMDB9"
    ".m9e1Jd0inwevbJSqFSL4Gjm6ieK02rawopvBVV4tIK4"
)
"""Of user 7, signed at 1,800,000,000 for 30 days by jsonwebtoken 9.0.3, with which Strapi 5.54.0 signs."""

STRAPI_HASH = "$2a$10$2bvdW9CyBXk526d.wpBxW.gFL1QY4/Z54prq1sdEL5Q/WkRcZVnOS"
"""Of PASSWORD, by bcryptjs 2.4.3, with which Strapi 5.54.0 hashes."""

pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")

Move = Callable[..., Any]
Tokens = dict[str, str]


@pytest.fixture
def old_tokens(url: str) -> Tokens:
    """What ada has got from the site on Flask-JWT-Extended; the site stands before her."""
    client = old_sites.on_flask_jwt_extended(url).test_client()
    tokens = content(client.post("/login", json={"email": ADA, "password": PASSWORD}))
    assert tokens.keys() == {"access_token", "refresh_token"}
    return tokens


def who(module: Any, token: str) -> TestResponse:
    """Ask a guarded view with a bearer."""
    return Browser(module.app).get("/who", headers=bearer(token))


def exchange(module: Any, token: str, query: str = "", **headers: str) -> TestResponse:
    """Send an old token to be exchanged."""
    return Browser(module.app).post(f"/exchange{query}", headers=bearer(token) | headers)


def test_a_live_access_token_counts_until_it_expires(old_tokens: Tokens, move: Move) -> None:
    """In the views of the site, and for no other purpose."""
    module = move(*JWT_EXTENDED)
    assert who(module, old_tokens["access_token"]).json == {"who": ADA}
    assert refusal(exchange(module, old_tokens["access_token"])) == (401, "token_invalid")
    assert refusal(who(module, old_tokens["refresh_token"])) == (401, "token_invalid")
    with time_machine.travel(16 * 60 + jwt.decode(old_tokens["access_token"], options=UNVERIFIED)["iat"]):
        assert refusal(who(module, old_tokens["access_token"])) == (401, "token_invalid")


def test_a_refresh_token_becomes_a_session_of_a_page(old_tokens: Tokens, move: Move) -> None:
    """With cookies, which renew."""
    module = move(*JWT_EXTENDED)
    browser = Browser(module.app)
    reply = browser.post("/exchange", headers=bearer(old_tokens["refresh_token"]))
    assert content(reply).keys() == {"access_token", "expires_in"}
    assert browser.get("/who").json == {"who": ADA}
    assert browser.post("/auth/refresh").status_code == 200


def test_a_refresh_token_becomes_a_session_of_a_phone(old_tokens: Tokens, move: Move) -> None:
    """With tokens in the body, which renew, and no cookie."""
    module = move(*JWT_EXTENDED)
    reply = exchange(module, old_tokens["refresh_token"], "?delivery=body")
    assert set_cookies(reply) == {}
    tokens = content(reply)
    assert who(module, tokens["access_token"]).json == {"who": ADA}
    renewed = Browser(module.app).post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert who(module, content(renewed)["access_token"]).json == {"who": ADA}


@pytest.mark.parametrize("url", databases.KINDS, indirect=True)
def test_a_refresh_token_is_exchanged_once(old_tokens: Tokens, move: Move) -> None:
    """And again within a minute, in case the reply was lost."""
    module, token = move(*JWT_EXTENDED), old_tokens["refresh_token"]
    with time_machine.travel(jwt.decode(token, options=UNVERIFIED)["iat"] + 10) as clock:
        assert [exchange(module, token).status_code for _ in range(2)] == [200, 200]
        clock.shift(59)
        assert exchange(module, token).status_code == 200
        clock.shift(3)
        assert refusal(exchange(module, token)) == (401, "token_invalid")
        assert Browser(module.app).post("/refresh", headers=bearer(token)).status_code == 401


def test_a_used_token_in_another_spelling_is_used(old_tokens: Tokens, move: Move) -> None:
    """A signature means the same with the padding of its base64."""
    module, token = move(*JWT_EXTENDED), old_tokens["refresh_token"]
    with time_machine.travel(jwt.decode(token, options=UNVERIFIED)["iat"] + 10) as clock:
        assert exchange(module, token).status_code == 200
        clock.shift(62)
        assert exchange(module, f"{token}=").status_code == 401


def test_a_client_of_the_old_version_goes_on(old_tokens: Tokens, move: Move) -> None:
    """The old view gives access tokens of the old kind."""
    module = move(*JWT_EXTENDED)
    reply = Browser(module.app).post("/refresh", headers=bearer(old_tokens["refresh_token"]))
    assert who(module, content(reply)["access_token"]).json == {"who": ADA}
    reply = Browser(module.app).post("/refresh", headers=bearer(old_tokens["access_token"]))
    assert refusal(reply) == (401, "token_invalid")


def test_a_sign_out_voids_the_old_tokens(old_tokens: Tokens, move: Move) -> None:
    """All of the user, at once."""
    module = move(*JWT_EXTENDED)
    browser = Browser(module.app)
    assert browser.post("/exchange", headers=bearer(old_tokens["refresh_token"])).status_code == 200
    assert who(module, old_tokens["access_token"]).status_code == 200
    assert browser.post("/auth/logout").status_code == 204
    assert who(module, old_tokens["access_token"]).status_code == 401
    assert exchange(module, old_tokens["refresh_token"]).status_code == 401


def test_another_site_exchanges_nothing(old_tokens: Tokens, move: Move) -> None:
    """Its origin is refused before the token is used."""
    module = move(*JWT_EXTENDED)
    reply = exchange(module, old_tokens["refresh_token"], **{"Sec-Fetch-Site": "cross-site"})
    assert refusal(reply) == (403, "cross_origin")
    assert exchange(module, old_tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("forge", ["another secret", "no algorithm", "no token"])
def test_a_forged_token_is_nobody(old_tokens: Tokens, move: Move, forge: str) -> None:
    """Whatever it claims."""
    module = move(*JWT_EXTENDED)
    claims = jwt.decode(old_tokens["access_token"], options=UNVERIFIED)
    forged = {
        "another secret": jwt.encode(claims, "x" * 32, "HS256"),
        "no algorithm": jwt.encode(claims, "", "none"),
        "no token": "",
    }
    assert who(module, forged[forge]).status_code == 401


def test_tokens_of_ratchet_pass_as_ever(old_tokens: Tokens, move: Move) -> None:
    """The guard of the bridge asks that of Ratchet."""
    assert old_tokens
    module = move(*JWT_EXTENDED)
    browser = Browser(module.app)
    tokens = content(browser.post("/auth/login", json={"email": ADA, "password": PASSWORD}))
    assert who(module, tokens["access_token"]).json == {"who": ADA}
    assert browser.get("/who").json == {"who": ADA}
    assert refusal(Browser(module.app).get("/who")) == (401, "token_missing")


def strapi_token(user_id: int, lifetime: int = 30 * 86400) -> str:
    """A token with the claims of STRAPI_TOKEN."""
    now = 1_800_000_000
    return jwt.encode({"id": user_id, "iat": now, "exp": now + lifetime}, old_sites.OLD_SECRET, "HS256")


@pytest.fixture
def from_strapi(tmp_path: Path, move: Move) -> Any:
    """The site after the move from Strapi: its users came by the query of the page, and the import."""
    (query,) = (block.text for block in blocks_of(DOCS / "migrating.md") if block.role == "up_users")
    with closing(sqlite3.connect(":memory:")) as strapi, (tmp_path / "users.csv").open("w") as file:
        strapi.execute(
            "CREATE TABLE up_users (id, username, email, provider, password, confirmed, blocked, role)"
        )
        for row in [(7, "ada", ADA, 1, 0), (8, EVE, EVE, 1, 1)]:
            key, name, email, *flags = row
            values = (key, name, email, "local", STRAPI_HASH, *flags, None)
            strapi.execute("INSERT INTO up_users VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        found = strapi.execute(query)
        csv.writer(file).writerows([[name for name, *_ in found.description], *found])
    module = move(*STRAPI)
    done = module.app.test_cli_runner().invoke(args=["ratchet", "import-users", file.name])
    assert done.exit_code == 0, done.output
    with module.app.app_context():
        names = module.db.session.scalars(module.db.select(module.User.username).order_by(module.User.id))
        assert list(names) == ["ada", None]
    return module


@time_machine.travel(1_800_000_100)
def test_strapi_signs_nobody_out(from_strapi: Any) -> None:
    """Its token passes as it is, and is exchanged for a session; a blocked user's does neither."""
    token = STRAPI_TOKEN
    assert who(from_strapi, token).json == {"who": ADA}
    browser = Browser(from_strapi.app)
    assert browser.post("/exchange", headers=bearer(token)).status_code == 200
    assert browser.get("/who").json == {"who": ADA}
    for ask in (who, exchange):
        assert refusal(ask(from_strapi, strapi_token(8))) == (401, "token_invalid")


def test_a_token_of_strapi_counts_until_it_expires_or_is_exchanged(from_strapi: Any) -> None:
    """After a minute a copy of it is worthless."""
    token = strapi_token(7, lifetime=1000)
    with time_machine.travel(1_800_000_100) as clock:
        assert who(from_strapi, token).status_code == 200
        assert exchange(from_strapi, token).status_code == 200
        clock.shift(62)
        assert who(from_strapi, token).status_code == 401
        assert who(from_strapi, strapi_token(7, lifetime=1001)).status_code == 200
        clock.shift(1000)
        assert who(from_strapi, strapi_token(7, lifetime=1001)).status_code == 401


def test_a_password_of_strapi_is_good(from_strapi: Any) -> None:
    """By name or address, and can be changed."""
    browser = Browser(from_strapi.app)
    assert browser.post("/auth/login", json={"identifier": "ada", "password": PASSWORD}).status_code == 200
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert browser.post("/auth/password", json=change).status_code == 200
