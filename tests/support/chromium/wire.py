"""The wire between the browser and the shop: it counts requests, and loses or holds those it is told to."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import NamedTuple

from tests.support.server.tcp_proxy import Fate, TcpProxy, proxy_to

REQUEST = re.compile(rb"([A-Z]+ /\S*) HTTP/1\.[01]\r\n")
HELD_SECONDS = 60


class Asked(NamedTuple):
    """A request that was sent: its name, when in seconds, and its head."""

    name: str
    at: float
    head: bytes


class Wire:
    """Requests are named by method and path: ``POST /auth/refresh``."""

    def __init__(self, proxy: TcpProxy) -> None:
        self.proxy, self.port = proxy, proxy.port
        self._asked: list[Asked] = []
        self._fates: dict[str, Fate] = {}
        self._gates: dict[str, Event] = {}

    def asked(self, request: str) -> list[Asked]:
        """Every request of that name, in order."""
        return [asked for asked in self._asked if asked.name == request]

    def times(self, path: str) -> int:
        """How often that path was asked for, by whatever method and with whatever query."""
        return sum(asked.name.partition(" ")[2].partition("?")[0] == path for asked in self._asked)

    @contextmanager
    def losing(self, request: str, fate: Fate) -> Iterator[None]:
        """Let every such request meet ``fate``."""
        self._fates[request] = fate
        try:
            yield
        finally:
            del self._fates[request]

    @contextmanager
    def holding(self, request: str) -> Iterator[None]:
        """Keep such requests back; they go on to the shop when the block ends."""
        gate = self._gates[request] = Event()
        try:
            yield
        finally:
            del self._gates[request]
            gate.set()

    @contextmanager
    def delaying_answers(self, *requests: str) -> Iterator[None]:
        """Keep the answers of such requests back; they go on to the browser when the block ends."""
        proxy = self.proxy
        proxy.gate.clear()
        self._fates |= dict.fromkeys(requests, Fate.DELAY_ANSWER)
        try:
            yield
        finally:
            for request in requests:
                del self._fates[request]
            proxy.gate.set()

    def judge(self, piece: bytes) -> Fate:
        """Say what becomes of a piece of traffic."""
        start = REQUEST.match(piece)
        if start is None:
            return Fate.PASS
        request = start[1].decode()
        self._asked.append(Asked(request, time.monotonic(), piece))
        if gate := self._gates.get(request):
            gate.wait(HELD_SECONDS)
        return self._fates.get(request, Fate.PASS)


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """A wire to the shop at that port."""
    with proxy_to("127.0.0.1", port) as proxy:
        wire = Wire(proxy)
        proxy.judge = wire.judge
        yield wire
