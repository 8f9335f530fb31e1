"""Server-sent events and flask-sock: who is let in, and how a long connection ends with its session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.support.browser import Browser, refusal
from tests.support.clock import Clock
from tests.support.hosts.beside import import_any, run_snippet
from tests.support.hosts.strangers import Stranger
from tests.support.rows import statements

GRACE = "grace@example.org"
NORMAL = 1000
"""The reason of a socket that its server has closed without a fault (RFC 6455, section 7.4.1)."""

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
End = Callable[[Browser, Clock], object]


def expire(_: Browser, clock: Clock) -> None:
    """The access token runs out."""
    clock.advance(601)


def sign_out(browser: Browser, clock: Clock) -> None:
    """The session ends elsewhere; a second later every process knows."""
    assert browser.sign_out("all").status_code == 204
    clock.advance(1)


ENDS = [pytest.param(expire, id="expiry"), pytest.param(sign_out, id="sign-out")]


@pytest.mark.parametrize("end", ENDS)
def test_a_stream_ends_with_its_session(
    stranger: Stranger, clock: Clock, monkeypatch: pytest.MonkeyPatch, end: End
) -> None:
    """It asks again in each round; the next connection is refused."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    run_snippet(stranger, "events.py")
    grace = stranger.signed_in()
    reply = grace.client.get("/events", buffered=False)
    assert reply.mimetype == "text/event-stream"
    with closing(reply):
        lines = reply.iter_encoded()
        assert [next(lines).startswith(b"data: ") for _ in range(3)] == [True] * 3
        end(grace, clock)
        assert next(lines, None) is None
    assert refusal(grace.client.get("/events"))[0] == 401


def test_asking_again_reads_no_row(stranger: Stranger) -> None:
    """A thousand rounds within the same second are one question to the database, which no row is read for."""
    app, grace = stranger.app, stranger.signed_in()
    token = grace.client.get_cookie("accessToken")
    assert token is not None
    cookie = {"Cookie": f"accessToken={token.value}"}
    with app.test_request_context("/", headers=cookie), statements(app) as sent:
        assert all(stranger.ratchet.still_signed_in() for _ in range(1000))
        assert sent == ["SELECT"]  # which sessions have ended


def test_nobody_is_not_still_signed_in(stranger: Stranger) -> None:
    """Without a token, and with one that is none."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        with stranger.app.test_request_context("/", headers=headers):
            assert not stranger.ratchet.still_signed_in()


def test_another_session_in_the_same_jar_does_not_count(stranger: Stranger, clock: Clock) -> None:
    """A stream belongs to the session that began it, whatever other cookie comes with the request."""
    old, new = stranger.signed_in(), None
    clock.advance(300)
    new = stranger.signed_in()
    tokens = [browser.client.get_cookie("accessToken") for browser in (old, new)]
    jar = "; ".join(f"accessToken={cookie.value}" for cookie in tokens if cookie)
    with stranger.app.test_request_context("/", headers={"Cookie": jar}):
        assert stranger.ratchet.still_signed_in()
        clock.advance(301)
        assert not stranger.ratchet.still_signed_in()


@contextmanager
def served(app: Any) -> Iterator[int]:
    """The app on a port, one thread for each connection."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def port(stranger: Stranger) -> Iterator[int]:
    """Where the host with the socket listens."""
    run_snippet(stranger, "sock.py")
    with served(stranger.app) as port:
        yield port


def cookie_of(browser: Browser) -> dict[str, str]:
    """The access cookie, as a browser sends it with the handshake."""
    cookie = browser.client.get_cookie("accessToken")
    assert cookie is not None
    return {"Cookie": f"accessToken={cookie.value}"}


@pytest.mark.parametrize("end", ENDS)
def test_a_socket_opens_for_the_signed_in(stranger: Stranger, port: int, clock: Clock, end: End) -> None:
    """It knows its user, and closes at the first message after the end of the session."""
    websocket = import_any("simple_websocket")
    grace = stranger.signed_in()
    here = {"Origin": "http://127.0.0.1"}  # this client leaves the port out of Host
    socket = websocket.Client(f"ws://127.0.0.1:{port}/echo", headers=cookie_of(grace) | here)
    with closing(socket.sock):
        socket.send("hello")
        assert socket.receive(timeout=10) == f"{GRACE}: hello"
        end(grace, clock)
        socket.send("still there?")
        with pytest.raises(websocket.ConnectionClosed) as closed:
            socket.receive(timeout=10)
        assert closed.value.reason == NORMAL
        socket.thread.join()


@pytest.mark.parametrize(
    ("is_signed_in", "further", "status"),
    [
        pytest.param(False, {}, 401, id="nobody"),
        pytest.param(True, {"Origin": "https://evil.example"}, 403, id="a page of another origin"),
        pytest.param(True, {"Sec-Fetch-Site": "cross-site"}, 403, id="one that the browser marks"),
        pytest.param(True, {}, 101, id="a page of this origin"),
    ],
)
def test_a_socket_is_refused_before_the_handshake(
    stranger: Stranger, port: int, is_signed_in: bool, further: dict[str, str], status: int
) -> None:
    """With the reply of any guarded view: no socket is open."""
    headers = HANDSHAKE | {"Origin": f"http://127.0.0.1:{port}"} | further
    headers |= cookie_of(stranger.signed_in()) if is_signed_in else {}
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/echo", headers=headers)
        with connection.getresponse() as reply:
            assert reply.status == status
