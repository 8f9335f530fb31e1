"""The client of the benchmark, what it sends, and what the compared sites run on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from bench.report import PINS, pinned
from bench.served.client import Reply, exchange
from bench.served.subjects import REFRESHES, VIEWS, by_body, by_cookie, from_body, from_cookie
from docs.generator import ROOT

MODULES = sorted({view.site.module for view in VIEWS} | {refresh.site.module for refresh in REFRESHES})


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """The port of a server that answers the requests of one connection with these bytes, then closes it."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            for answer in answers:
                connection.recv(1 << 16)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve, listener)
        yield listener.getsockname()[1]
        served.result(10)


def answer(body: bytes, status: int = 200) -> bytes:
    """A reply in HTTP/1.1."""
    return b"HTTP/1.1 %d SOME\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def test_replies_come_in_the_order_of_the_requests() -> None:
    """Three requests over one connection, each with the reply to it."""
    with answering(answer(b"one"), answer(b"", 401), answer(b"three")) as port:
        replies = exchange(port, [b"1", b"2", b"3"], 1)
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"one"), (401, b""), (200, b"three")]


def test_no_more_connections_than_requests_are_opened() -> None:
    """The server takes one connection; a second one would wait for it until the test times out."""
    with answering(answer(b"one")) as port:
        assert len(exchange(port, iter([b"1"]), 8)) == 1


def test_a_server_that_goes_away_stops_the_measurement() -> None:
    """Half a reply is none."""
    with answering(answer(b"half a reply")[:-3]) as port, pytest.raises(RuntimeError, match="closed"):
        exchange(port, [b"1"], 1)


@pytest.mark.parametrize("status", [401, 500])
def test_a_refusal_stops_the_measurement(status: int) -> None:
    """What refuses costs less than what answers, and must not pass for it."""
    with pytest.raises(RuntimeError, match=f"{status}"):
        Reply(status, b"HTTP/1.1 %d NO" % status, b"", 0, 0).checked()


def test_a_token_goes_by_cookie_or_body_and_comes_back() -> None:
    """The two ways to present a refresh token, and to be handed the next one."""
    assert b"\r\nCookie: refreshToken=t\r\n" in by_cookie("t")
    assert by_body("t").endswith(b'\r\nContent-Length: 22\r\n\r\n{"refresh_token": "t"}')
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: accessToken=a; Path=/\r\nSet-Cookie: refreshToken=r; Path=/auth"
    assert from_cookie(Reply(200, head, b"", 0, 0)) == "r"
    assert from_body(Reply(200, b"", b'{"refresh_token": "r"}', 0, 0)) == "r"
    assert from_body(Reply(401, b"", b"<p>no JSON", 0, 0)) == ""


def test_compared_sites_run_on_the_same_versions() -> None:
    """What the reference site also uses is pinned to the same version for the comparison."""
    ours, theirs = pinned((ROOT / "requirements.txt").read_text()), pinned(PINS.read_text())
    shared = ours.keys() & theirs.keys()
    assert {"Flask", "SQLAlchemy", "PyJWT", "gunicorn", "psycopg", "bcrypt"} <= shared
    assert {name: theirs[name] for name in shared} == {name: ours[name] for name in shared}


@pytest.mark.parametrize("module", MODULES)
def test_every_compared_site_can_be_prepared(module: str) -> None:
    """The other packages are not installed here, so their sites are compiled and not imported."""
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text()
    assert {"app", "prepare"} <= set(compile(source, module, "exec").co_names)
