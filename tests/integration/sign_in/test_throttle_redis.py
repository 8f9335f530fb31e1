"""Failed sign-ins counted in a Redis: by all nodes together, and by each for itself while it is away."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from flask import Flask
from limits.storage import storage_from_string

from app.auth.passwords import throttle
from app.auth.passwords.throttle import ACCOUNT, ACCOUNT_AND_IP, NETWORKS, SIGN_INS
from app.db import db
from app.models import User
from tests.support.browser import PASSWORD, Browser, refusal
from tests.support.clock import Clock
from tests.support.databases import missing
from tests.support.server.tcp_proxy import Fate, TcpProxy, proxy_to
from tests.support.sites import MakeSite, add_user

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")
BAD = (401, "invalid_credentials")
TOO_MANY = (429, "too_many_attempts")
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the counts are not in it


@pytest.fixture(scope="module", autouse=True)
def _redis() -> None:
    if not storage_from_string(REDIS).check():
        missing("redis", "start it with .ci/services, or say where it is with REDIS_URL")


@pytest.fixture
def line() -> Iterator[TcpProxy]:
    """The line from the nodes to the Redis."""
    address = urlsplit(REDIS)
    with proxy_to(address.hostname or "", address.port or 6379) as proxy:
        yield proxy


@pytest.fixture
def nodes(make_site: MakeSite, line: TcpProxy, clock: Clock) -> tuple[Flask, Flask]:
    """Two nodes of a new site that count in the same Redis; their clocks are right, as its is."""
    clock.now = time.time()
    storage = {
        "RATCHET_THROTTLE_STORAGE": f"redis://127.0.0.1:{line.port}",
        "SECRET_KEY": secrets.token_hex(32),
    }
    return make_site(**storage), make_site(**storage)


@pytest.fixture
def name(nodes: tuple[Flask, Flask]) -> str:
    """A user whom nobody else counts for."""
    name = f"{secrets.token_hex(8)}@example.org"
    add_user(nodes[0], name)
    return name


@pytest.fixture
def address() -> str:
    """An address that nobody else counts for."""
    return f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"


def guess(node: Flask, name: str, address: str, password: str = "a wrong password") -> tuple[int, str]:
    """Try to sign in from there; the status, and the error code of a refusal."""
    fields = {"identifier": name, "password": password}
    reply = Browser(node).post("/auth/login", fields, environ_base={"REMOTE_ADDR": address})
    return (200, "") if reply.status_code == 200 else refusal(reply)


def test_two_nodes_share_the_count(nodes: tuple[Flask, Flask], name: str, address: str) -> None:
    """Ten failures, five at each, hold up the next attempt at both, and they say for how long."""
    for number in range(ACCOUNT_AND_IP.amount):
        assert guess(nodes[number % 2], name, address) == BAD
    for node in nodes:
        fields = {"identifier": name, "password": PASSWORD}
        reply = Browser(node).post("/auth/login", fields, environ_base={"REMOTE_ADDR": address})
        assert refusal(reply) == TOO_MANY
        assert (
            ACCOUNT_AND_IP.get_expiry() - 60
            <= int(reply.headers["Retry-After"])
            <= ACCOUNT_AND_IP.get_expiry()
        )


def test_a_success_at_one_node_clears_for_both(nodes: tuple[Flask, Flask], name: str, address: str) -> None:
    """Who mistyped nine times here and then signed in may mistype nine times there."""
    here, there = nodes
    for node in (here, there):
        for _ in range(ACCOUNT_AND_IP.amount - 1):
            assert guess(node, name, address) == BAD
        assert guess(here, name, address, PASSWORD) == (200, "")


def test_a_burst_over_two_nodes_gets_no_more_guesses(make_site: MakeSite, name: str, address: str) -> None:
    """Of thirty guesses at once as many are looked at as of thirty in a row, where Redis is waited for."""
    context = {
        "RATCHET_THROTTLE_STORAGE": f"{REDIS}?socket_timeout=60&socket_connect_timeout=60",
        "SECRET_KEY": secrets.token_hex(32),
    }
    nodes = make_site(**context), make_site(**context)
    with ThreadPoolExecutor(30) as pool:
        told = list(pool.map(lambda number: guess(nodes[number % 2], name, address), range(30)))
    assert (told.count(BAD), told.count(TOO_MANY)) == (ACCOUNT_AND_IP.amount, 30 - ACCOUNT_AND_IP.amount)


def test_two_nodes_share_the_count_of_an_account(nodes: tuple[Flask, Flask], name: str) -> None:
    """Fifty failures from everywhere, by either name and at either node, hold up the next at both."""
    with nodes[0].app_context():
        db.session.execute(db.update(User).where(User.email == name).values(username=(nick := name[:16])))
        db.session.commit()
    names = (name, nick)
    told = [
        guess(nodes[number // 2 % 2], names[number % 2], f"2001:db8:{number:x}::1")
        for number in range(ACCOUNT.amount)
    ]
    assert told == [BAD] * ACCOUNT.amount
    assert {guess(node, one, "2001:db8:ffff::1") for node in nodes for one in names} == {TOO_MANY}


def test_two_nodes_share_the_count_of_sign_ins(nodes: tuple[Flask, Flask], name: str, address: str) -> None:
    """Who knows the password has sixty sign-ins in ten minutes, at both together."""
    told = [guess(nodes[number % 2], name, address, PASSWORD) for number in range(SIGN_INS.amount)]
    assert told == [(200, "")] * SIGN_INS.amount
    assert {guess(node, name, address, PASSWORD) for node in nodes} == {TOO_MANY}


def test_two_nodes_share_the_count_of_a_network(nodes: tuple[Flask, Flask]) -> None:
    """A name that nobody has, from each /64 of a /56 in turn: one more than the limit is refused."""
    limit = NETWORKS[56].amount
    told = [
        guess(nodes[number % 2], f"user{number}", f"2001:db8:7:{number % 256:x}::1")
        for number in range(limit)
    ]
    assert told == [BAD] * limit
    assert {guess(node, "bob", "2001:db8:7:f::1") for node in nodes} == {TOO_MANY}


@pytest.mark.parametrize("fate", ["gone", "silent"])
def test_a_redis_that_is_away_keeps_nobody_out(
    nodes: tuple[Flask, Flask],
    name: str,
    address: str,
    line: TcpProxy,
    fate: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each node counts for itself meanwhile, and soon; afterwards the old count goes on."""
    here, there = nodes
    for _ in range(ACCOUNT_AND_IP.amount - 1):
        assert guess(here, name, address) == BAD
    began = time.monotonic()
    take_away(line, fate)
    for node in nodes:
        assert guess(node, name, address) == BAD
        assert guess(node, name, address, PASSWORD) == (200, "")
    assert time.monotonic() - began < 10
    assert "throttle storage is down" in caplog.text
    line.come_back() if fate == "gone" else line.spare()
    time.sleep(throttle.AWAY_SECONDS)
    assert guess(there, name, address) == BAD
    assert guess(here, name, address) == TOO_MANY


@pytest.mark.parametrize("fate", ["gone", "silent"])
def test_guessing_is_slow_while_the_redis_is_away(
    nodes: tuple[Flask, Flask], name: str, address: str, line: TcpProxy, fate: str
) -> None:
    """The eleventh guess at one node is refused as ever."""
    take_away(line, fate)
    for _ in range(ACCOUNT_AND_IP.amount):
        assert guess(nodes[0], name, address) == BAD
    assert guess(nodes[0], name, address) == TOO_MANY


def take_away(line: TcpProxy, fate: str) -> None:
    """Let the Redis be gone, or there and silent."""
    if fate == "gone":
        line.go_away()
    else:
        line.judge = lambda _: Fate.HOLD
