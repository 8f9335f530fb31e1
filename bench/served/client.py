"""A client that costs little: one thread, connections that are kept, each with one request under way."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

SECONDS = 60
"""How long the server may be silent."""

CHUNK = 1 << 16
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TOLD = 500
"""Bytes of a refusal that are told."""


class Reply(NamedTuple):
    """What came back: the head and body as bytes, when, and how long it took, in seconds."""

    status: int
    head: bytes
    body: bytes
    at: float
    took: float

    def checked(self) -> Reply:
        """Itself, where it is a 200."""
        if self.status != 200:
            raise RuntimeError(f"a site answered {self.head!r} {self.body[:TOLD]!r}")
        return self


class _Connection:
    """A connection that sends one request after the other, of those that are left."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number, self._began, self._received = 0, 0.0, b""

    def send(self, number: int, request: bytes) -> None:
        """Send the request with this number."""
        self.number, self._received, self._began = number, b"", time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> Reply | None:
        """The reply, once all of it is there."""
        piece = self.socket.recv(CHUNK)
        if not piece:
            raise RuntimeError(f"the server closed a connection after {self._received!r}")
        self._received += piece
        head, end, body = self._received.partition(b"\r\n\r\n")
        found = LENGTH.search(head)
        if not end or found is None or len(body) < int(found[1]):
            return None
        now = time.perf_counter()
        return Reply(int(head[9:12]), head, body, now, now - self._began)


def exchange(port: int, requests: Iterable[bytes], connections: int) -> list[Reply]:
    """Send the requests over so many connections, each when one is free; the replies in that order."""
    replies: dict[int, Reply] = {}
    waiting = iter(enumerate(requests))
    first = list(islice(waiting, connections))
    opened = [_Connection(port) for _ in first]
    try:
        with selectors.DefaultSelector() as selector:
            for connection in opened:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            for connection, request in zip(opened, first, strict=True):
                connection.send(*request)
            busy = len(opened)
            while busy:
                for connection, reply in _arrived(selector):
                    replies[connection.number] = reply
                    following = next(waiting, None)
                    if following:
                        connection.send(*following)
                    else:
                        busy -= 1
    finally:
        for connection in opened:
            connection.socket.close()
    return [replies[number] for number in range(len(replies))]


def _arrived(selector: selectors.DefaultSelector) -> Iterator[tuple[_Connection, Reply]]:
    """The connections that have a whole reply."""
    ready = selector.select(SECONDS)
    if not ready:
        raise TimeoutError(f"the server was silent for {SECONDS} s")
    for key, _ in ready:
        reply = key.data.receive()
        if reply:
            yield key.data, reply
