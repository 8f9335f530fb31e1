"""The bytes of a body: how many are read, for how long, and what a broken one becomes."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from io import BytesIO
from threading import Thread
from typing import Any

import pytest
from flask import Flask, Response, request

from app.auth.errors import ContentTooLarge, InvalidRequest
from app.auth.web import stream

APP = Flask(__name__)
MIB = 1 << 20


class Endless:
    """A body that never ends; it counts what was read of it."""

    read_so_far = 0

    def read(self, size: int) -> bytes:
        """As many bytes as are asked for."""
        self.read_so_far += size
        return b"x" * size


class Broken:
    """A body in chunks, one of which gunicorn cannot read: its error is no OSError."""

    def read(self, _size: int) -> bytes:
        """Raise."""
        raise RuntimeError("Invalid chunk size")


class Strict(BytesIO):
    """The input of a server that waits for ever where more is read than was sent."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Refuse to wait."""
        assert size is not None
        assert 0 <= size <= len(self.getvalue()) - self.tell(), "this would hang"
        return super().read(size)


def sending(source: Any, length: int | None, **environ: Any) -> Any:
    """A request whose body comes from ``source``; without a length it comes in chunks."""
    size = {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}
    overrides = {"wsgi.input": source, "REQUEST_METHOD": "POST", **size, **environ}
    return APP.test_request_context("/", environ_overrides=overrides)


def test_a_request_without_a_body_is_not_read() -> None:
    """A browser says so (``Content-Length: 0``); then nobody asks the socket."""
    body = Endless()
    with sending(body, 0):
        assert stream.take() == b""
    assert not body.read_so_far
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    with sending(body, 0, **chunked), pytest.raises(ContentTooLarge):
        stream.take()
    assert body.read_so_far


def test_a_body_is_drained_to_its_end() -> None:
    """Also where it is larger than the site takes."""
    body = BytesIO(b"x" * MIB)
    with sending(body, MIB, **{"wsgi.input_terminated": True}):
        request.max_content_length = 1
        stream.drain()
    assert body.tell() == MIB


def test_no_more_is_drained_than_was_said_to_come() -> None:
    """A server whose input has no end of its own would wait for the next request."""
    body = Strict(b"x" * MIB)
    with sending(body, MIB):
        stream.drain()
    assert body.tell() == MIB


def test_what_a_route_has_read_is_not_waited_for_again() -> None:
    """A second read would be one beyond the end."""
    body = Strict(b"{}")
    with sending(body, 2):
        assert stream.take() == b"{}"
        stream.drain()


@pytest.mark.parametrize("reader", [stream.drain, stream.take])
def test_a_body_without_end_is_given_up(reader: Callable[[], object]) -> None:
    """Nobody keeps a thread busy by sending for ever."""
    body = Endless()
    with sending(body, None, **{"wsgi.input_terminated": True}):
        try:
            reader()
        except ContentTooLarge:
            assert reader is stream.take
            assert body.read_so_far == stream.MAX_BODY + 1
        else:
            assert body.read_so_far == stream.MAX_DRAIN


def test_a_body_that_is_said_to_be_too_large_is_not_begun() -> None:
    """It would be broken off all the same."""
    body = Endless()
    with sending(body, stream.MAX_DRAIN + 1):
        stream.drain()
    assert body.read_so_far == 0


@pytest.mark.parametrize("reader", [stream.drain, stream.take])
def test_a_broken_body_is_a_bad_request(reader: Callable[[], object]) -> None:
    """Whatever the server raises for it."""
    with (
        sending(Broken(), None, **{"wsgi.input_terminated": True}),
        pytest.raises(InvalidRequest) as refusal,
    ):
        reader()
    assert refusal.value.status == 400


def test_a_broken_body_changes_no_answer_that_is_there() -> None:
    """A refusal stays what it is."""
    answer = Response(status=403)
    with sending(Broken(), None, **{"wsgi.input_terminated": True}):
        assert stream.drain_behind(answer) is answer


def test_a_body_that_is_cut_short_is_refused() -> None:
    """Half a form is a form, and its half a token would be a token."""
    with sending(BytesIO(b"token=abc"), 20, **{"wsgi.input_terminated": True}), pytest.raises(InvalidRequest):
        stream.take()


@pytest.mark.parametrize("reader", [stream.drain, stream.take])
def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch, reader: Callable[[], object]) -> None:
    """A byte now and then does not hold a thread beyond the patience, and the answer can still be sent."""
    monkeypatch.setattr(stream, "PATIENCE", 0.5)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        slow = Thread(target=trickle, args=[theirs])
        slow.start()
        before = time.monotonic()
        terminated = {"wsgi.input_terminated": True, "gunicorn.socket": ours}
        with ours.makefile("rb", buffering=0) as source, sending(Whole(source), 10_000, **terminated):
            try:
                reader()
            except InvalidRequest:
                assert reader is stream.take
        assert 0.4 < time.monotonic() - before < 5
        ours.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        slow.join()
        assert theirs.recv(12) == b"HTTP/1.1 400"


def trickle(connection: socket.socket) -> None:
    """Send a byte twenty times a second, for a while."""
    for _ in range(40):
        try:
            connection.sendall(b"x")
        except OSError:
            return
        time.sleep(0.05)


class Whole:
    """A server's input: it waits until it has all that is asked for, or the end."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        pieces: list[bytes] = []
        while size > sum(map(len, pieces)) and (piece := self._source.read(size)):
            pieces.append(piece)
        return b"".join(pieces)
