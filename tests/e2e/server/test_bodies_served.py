"""Bodies on the wire that the site refuses or sends around: each is read first, within limits."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from app.auth.web.stream import PATIENCE

from ...support.server.servers import logged_server

MIB = 1 << 20
NAVIGATE = b"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\n"
JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


class Site(NamedTuple):
    """A running site: its port, and where its log is."""

    port: int
    log: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The reference site under gunicorn, with what it writes to its log."""
    folder = tmp_path_factory.mktemp("bodies")
    log = folder / "log"
    with (
        log.open("wb") as sink,
        logged_server(f"sqlite:///{folder / 'site.sqlite'}", sink, 1, 4, {}) as running,
    ):
        yield Site(running.port, log)


def head(method: bytes, path: bytes, *lines: bytes) -> bytes:
    """A request up to its body; the connection is to be closed behind it."""
    return method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + b"".join(lines) + b"\r\n"


def sized(size: int) -> bytes:
    """The header line for so many bytes."""
    return b"Content-Length: %d\r\n" % size


def connect(site: Site) -> socket.socket:
    """A connection of a patient client."""
    return socket.create_connection(("127.0.0.1", site.port), timeout=60)


def answer(connection: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def is_silent(connection: socket.socket) -> bool:
    """Whether no answer comes for a moment."""
    return not select.select([connection], [], [], 0.3)[0]


EARLY = [
    pytest.param(b"POST", b"/account/password", NAVIGATE + FORM, 307, id="a page is sent around by continue"),
    pytest.param(b"POST", b"/account/password", FORM, 401, id="a guarded view is asked by script"),
    pytest.param(b"POST", b"/auth/continue?next=/", NAVIGATE + FORM, 303, id="continue finds no session"),
    pytest.param(b"POST", b"/auth/login", JSON, 413, id="a body that is too large"),
    pytest.param(b"POST", b"/auth/token", FORM, 413, id="a form that is too large"),
    pytest.param(b"PUT", b"/auth/login", JSON, 405, id="another method"),
    pytest.param(b"DELETE", b"/auth/sessions/x", JSON, 401, id="an API without a token"),
    pytest.param(
        b"POST", b"/auth/login", JSON + b"Sec-Fetch-Site: cross-site\r\n", 403, id="another site signs in"
    ),
    pytest.param(
        b"POST", b"/sign-in", FORM + b"Sec-Fetch-Site: cross-site\r\n", 403, id="a form of another site"
    ),
    pytest.param(b"POST", b"/sign-out", FORM, 303, id="a page of the host that reads no form"),
    pytest.param(b"POST", b"/nowhere", FORM, 404, id="a page that is not there"),
]


@pytest.mark.parametrize("chunked", [False, True], ids=["of a known length", "in chunks"])
@pytest.mark.parametrize(("method", "path", "lines", "status"), EARLY)
def test_no_answer_comes_before_the_body_is_in(
    site: Site, method: bytes, path: bytes, lines: bytes, status: int, *, chunked: bool
) -> None:
    """A connection that is answered and closed while a proxy is sending breaks, and the answer is lost."""
    half = b"x" * (MIB // 2)
    if chunked:
        lines, half = lines + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n" % (len(half), half)
    else:
        lines += sized(MIB)
    with connect(site) as connection:
        connection.sendall(head(method, path, lines) + half)
        assert is_silent(connection)
        connection.sendall(half + (b"0\r\n\r\n" if chunked else b""))
        assert int(answer(connection).split()[1]) == status


@pytest.mark.parametrize(("method", "path", "lines", "status"), EARLY)
def test_who_asks_first_is_told_to_send(
    site: Site, method: bytes, path: bytes, lines: bytes, status: int
) -> None:
    """A client that waits for 100 Continue gets it, and its answer after the body (RFC 9110, 10.1.1)."""
    with connect(site) as connection:
        connection.sendall(head(method, path, lines, sized(MIB), b"Expect: 100-continue\r\n"))
        assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"x" * MIB)
        assert int(answer(connection).split()[1]) == status


def test_a_form_of_the_host_that_is_too_large_is_read_first(site: Site) -> None:
    """Flask refuses it at its length, before any of it is read."""
    with connect(site) as connection:
        connection.sendall(head(b"POST", b"/sign-in", FORM, sized(MIB)) + b"x" * (MIB // 2))
        assert is_silent(connection)
        connection.sendall(b"x" * (MIB // 2))
        assert int(answer(connection).split()[1]) == 413


def test_a_body_beyond_all_limits_is_not_waited_for(site: Site) -> None:
    """It is answered at once; a proxy's own limit keeps such bodies out."""
    with connect(site) as connection:
        connection.sendall(head(b"POST", b"/auth/continue?next=/", NAVIGATE, FORM, sized(33 * MIB)))
        assert int(answer(connection).split()[1]) == 303


SLOW = [b"/account/password", b"/auth/continue?next=/", b"/auth/login", b"/auth/token"]


def trickle(site: Site, path: bytes) -> tuple[float, int]:
    """Send a byte a second: after how long there is an answer, and its status."""
    with connect(site) as connection:
        began = time.monotonic()
        kind = JSON if path == b"/auth/login" else FORM
        connection.sendall(head(b"POST", path, NAVIGATE, kind, sized(10_000)))
        while not select.select([connection], [], [], 1)[0]:
            connection.sendall(b"x")
        return time.monotonic() - began, int(connection.recv(4096).split()[1])


@pytest.mark.long
def test_a_slow_sender_is_answered_in_time(site: Site) -> None:
    """A byte a second holds a thread for some seconds, wherever it goes, and not for hours."""
    with ThreadPoolExecutor() as several:
        answers = list(several.map(lambda path: trickle(site, path), SLOW))
    assert [status for _, status in answers] == [307, 303, 400, 400]
    assert all(PATIENCE - 1 < seconds < PATIENCE + 5 for seconds, _ in answers)


BROKEN = [
    pytest.param(b"zz\r\nxx\r\n0\r\n\r\n", id="a size that is no number"),
    pytest.param(b"\r\nxx\r\n0\r\n\r\n", id="no size"),
    pytest.param(b"-2\r\nxx\r\n0\r\n\r\n", id="a size below nothing"),
    pytest.param(b"2\r\nxxxx\r\n0\r\n\r\n", id="a chunk that is longer than its size"),
    pytest.param(b"2;a=\x00\r\nxx\r\n0\r\n\r\n", id="an extension that is none"),
    pytest.param(b"2\r\nxx\r\n0\r\na b\r\n\r\n", id="a trailer that is none"),
]


@pytest.mark.parametrize("body", BROKEN)
def test_broken_chunks_of_a_form_of_the_site_are_a_bad_request(site: Site, body: bytes) -> None:
    """The site's own form reads its body by Flask, and gunicorn's errors are no errors of Flask."""
    with connect(site) as connection:
        connection.sendall(
            head(b"POST", b"/sign-in", NAVIGATE, FORM, b"Transfer-Encoding: chunked\r\n") + body
        )
        reply = answer(connection)
    assert int(reply.split()[1]) == 400
    assert b"Traceback" not in site.log.read_bytes()


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("path", SLOW)
def test_broken_chunks_are_a_bad_request(site: Site, path: bytes, body: bytes) -> None:
    """A 400 and nothing in the log: whoever can fill a log hides in it (RFC 9112, 7.1)."""
    with connect(site) as connection:
        kind = JSON if path == b"/auth/login" else FORM
        connection.sendall(head(b"POST", path, NAVIGATE, kind, b"Transfer-Encoding: chunked\r\n") + body)
        reply = answer(connection)
    assert int(reply.split()[1]) == 400
    assert b"invalid_request" in reply
    assert b"Traceback" not in site.log.read_bytes()
