"""Signing in under attack: what every try costs, whose tries are counted, and a cache that is away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.auth import sign_in_failed
from app.auth.passwords.hashing import hash_password
from tests.support.browser import PASSWORD, Browser, refusal
from tests.support.sites import MakeSite, add_user
from tests.support.watching import bcrypt_work

from ...support.rows import stored

NOBODY_LISTENS = "redis://127.0.0.1:1"
BAD = (401, "invalid_credentials")
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # a bcrypt is one on each


@pytest.mark.parametrize(
    ("columns", "fields", "status"),
    [
        pytest.param({}, {}, 200, id="the right password"),
        pytest.param({}, {"password": "a wrong password"}, 401, id="a wrong one"),
        pytest.param({}, {"password": ""}, 401, id="none"),
        pytest.param({}, {"password": "a\0b"}, 401, id="a NUL within"),
        pytest.param({}, {"password": "x" * 512}, 401, id="as many letters as a password can have"),
        pytest.param({}, {"identifier": "nobody"}, 401, id="an unknown user"),
        pytest.param({}, {"identifier": "nobody@example.org"}, 401, id="an unknown address"),
        pytest.param({}, {"identifier": ""}, 401, id="no name"),
        pytest.param({}, {"identifier": "a\0"}, 401, id="a name that no database takes"),
        pytest.param({"blocked": True}, {}, 403, id="a blocked account"),
        pytest.param({"blocked": True}, {"password": "x"}, 401, id="a blocked account, a wrong password"),
        pytest.param({"confirmed": False}, {}, 403, id="an unconfirmed account"),
        pytest.param({"password_hash": None}, {}, 401, id="no hash"),
        pytest.param({"password_hash": ""}, {}, 401, id="an empty hash"),
        pytest.param({"password_hash": "!"}, {}, 401, id="a locked hash"),
        pytest.param({"password_hash": "$2b$99$" + "a" * 53}, {}, 401, id="a hash of a cost beyond all"),
    ],
)
def test_every_sign_in_costs_the_same(
    site: Flask, bcrypts: list[bytes], columns: dict[str, Any], fields: dict[str, str], status: int
) -> None:
    """Whoever it is and whatever is wrong, the work of one bcrypt: the wait tells nothing."""
    add_user(site, "eve@example.org", "eve", **columns)
    bcrypts.clear()
    reply = Browser(site).post("/auth/login", {"identifier": "eve", "password": PASSWORD} | fields)
    assert reply.status_code == status
    assert bcrypt_work(bcrypts) == 2**10


@pytest.mark.parametrize("stored_cost", [8, 9, 10, 11, 12])
def test_a_stored_cost_is_not_told_by_the_work(site: Flask, bcrypts: list[bytes], stored_cost: int) -> None:
    """From two below the setting to two above: once one was seen, a wrong guess at nobody costs as much."""
    add_user(site, "eve@example.org", "eve", password_hash=hash_password(PASSWORD, stored_cost))
    spent = []
    for name in ("eve", "nobody", "eve"):
        bcrypts.clear()
        assert refusal(Browser(site).sign_in(name, "a wrong password")) == BAD
        spent.append(bcrypt_work(bcrypts))
    assert spent == [2 ** max(10, stored_cost)] * 3


def test_one_costly_row_does_not_make_everybody_wait(site: Flask, bcrypts: list[bytes]) -> None:
    """A row four above the setting takes its own time; all others four times the setting's, and no more."""
    add_user(site, "eve@example.org", "eve", password_hash=hash_password(PASSWORD, 14))
    assert refusal(Browser(site).sign_in("eve", "a wrong password")) == BAD
    bcrypts.clear()
    assert refusal(Browser(site).sign_in("nobody", "a wrong password")) == BAD
    assert bcrypt_work(bcrypts) == 2**12


def test_only_who_knows_the_password_waits_for_a_better_hash(site: Flask, bcrypts: list[bytes]) -> None:
    """The right password for a cheap hash costs a second bcrypt, once."""
    add_user(site, "eve@example.org", "eve", password_hash=hash_password(PASSWORD, 8))
    spent = []
    for password in ("a wrong password", PASSWORD, PASSWORD):
        bcrypts.clear()
        Browser(site).sign_in("eve", password)
        spent.append(bcrypt_work(bcrypts))
    assert spent == [2**10, 2 * 2**10, 2**10]


def test_a_sign_in_that_is_put_off_costs_none(site: Flask, ada: str, bcrypts: list[bytes]) -> None:
    """Guessing does not keep the processor busy either: the eleventh try is refused before any work."""
    for _ in range(10):
        assert refusal(Browser(site).sign_in(password="wrong")) == BAD
    bcrypts.clear()
    assert refusal(Browser(site).sign_in()) == (429, "too_many_attempts")
    assert bcrypts == []
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"identifier": "a" * 255}, id="a name"),
        pytest.param({"email": "a" * 245 + "@a.example"}, id="an address"),
        pytest.param({"username": "a" * 255}, id="a user name"),
        pytest.param({"identifier": "ada", "password": "x" * 513}, id="the password of somebody"),
        pytest.param({"identifier": "nobody", "password": "x" * 513}, id="the password of nobody"),
        pytest.param({"identifier": "\u0344" * 1200 + "\u0316" * 1200}, id="combining marks"),
    ],
)
def test_what_is_longer_than_any_is_refused_before_any_work(
    site: Flask, ada: str, bcrypts: list[bytes], caplog: pytest.LogCaptureFixture, fields: dict[str, str]
) -> None:
    """No bcrypt, no record and no count, however often: the answer is that the request is malformed."""
    caplog.set_level("INFO", "flask_ratchet.audit")
    for _ in range(11):
        reply = Browser(site).post("/auth/login", {"password": "x", **fields})
        assert refusal(reply) == (400, "invalid_request")
    assert (bcrypts, caplog.records) == ([], [])
    assert Browser(site).sign_in().status_code == 200
    assert len(stored(site, ada).sessions) == 1


@pytest.fixture
def counted() -> Iterator[list[str]]:
    """The addresses that failed sign-ins are counted under."""
    addresses: list[str] = []

    def note(_app: Flask, address: str, **_details: object) -> None:
        addresses.append(address)

    with sign_in_failed.connected_to(note):
        yield addresses


@pytest.mark.parametrize(
    ("hops", "forwarded", "expected"),
    [
        pytest.param(0, "203.0.113.9", "127.0.0.1", id="nobody is believed without a proxy"),
        pytest.param(1, "203.0.113.9", "203.0.113.9", id="the one proxy is believed"),
        pytest.param(1, "198.51.100.1, 203.0.113.9", "203.0.113.9", id="not what its visitor says before it"),
        pytest.param(2, "6.6.6.6, 198.51.100.1, 203.0.113.9", "198.51.100.1", id="nor before two proxies"),
        pytest.param(2, "203.0.113.9", "127.0.0.1", id="one that is missing makes nobody believed"),
        pytest.param(1, "2001:db8::1", "2001:db8::1", id="an address of IPv6"),
    ],
)
def test_whose_address_is_counted(
    make_site: MakeSite, counted: list[str], hops: int, forwarded: str, expected: str
) -> None:
    """X-Forwarded-For is believed as far as PROXY_HOPS says and no further."""
    browser = Browser(make_site(PROXY_HOPS=hops))
    fields = {"identifier": "nobody", "password": "x"}
    browser.post("/auth/login", fields, headers={"X-Forwarded-For": forwarded, "X-Real-IP": "6.6.6.6"})
    assert counted == [expected]


@pytest.mark.parametrize(
    ("addresses", "last"),
    [
        pytest.param(lambda number: f"2001:db8::{number:x}", 429, id="one site of IPv6 is one guesser"),
        pytest.param(lambda number: f"2001:db8:0:{number:x}::1", 401, id="eleven sites are eleven"),
    ],
)
def test_guesses_are_counted_by_site(make_site: MakeSite, addresses: Any, last: int) -> None:
    """Whoever has one address of IPv6 has a /64 of them, and gains nothing by it."""
    browser = Browser(make_site(PROXY_HOPS=1))
    for number in range(11):
        fields = {"identifier": "nobody", "password": "x"}
        reply = browser.post("/auth/login", fields, headers={"X-Forwarded-For": addresses(number)})
    assert reply.status_code == last


def test_throttle_without_its_storage(make_site: MakeSite, ada: str) -> None:
    """While the shared count is away people sign in, and guessing is slow in each process by itself."""
    site = make_site(RATCHET_THROTTLE_STORAGE=NOBODY_LISTENS)
    assert Browser(site).sign_in().status_code == 200
    for _ in range(10):
        assert refusal(Browser(site).sign_in("nobody", "wrong")) == BAD
    reply = Browser(site).sign_in("nobody", "wrong")
    assert refusal(reply) == (429, "too_many_attempts")
    assert int(reply.headers["Retry-After"]) > 0
    assert len(stored(site, ada).sessions) == 1
