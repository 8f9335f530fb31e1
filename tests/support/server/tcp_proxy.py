"""A TCP proxy that loses what it is told to: between a browser and the site, or the site and its database."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from threading import Event, Lock, Thread

from sqlalchemy.engine import make_url

CHUNK = 65536
GATE_SECONDS = 60


class Fate(Enum):
    """What becomes of a piece of traffic on its way to the server, and of its answer."""

    PASS = auto()
    CUT = auto()
    """It never arrives; both ends lose the connection."""
    CUT_BEHIND = auto()
    """It arrives, and the connection is gone before there is an answer."""
    LOSE_ANSWER = auto()
    """It arrives and is answered; the answer is lost, and the connection with it."""
    DELAY_ANSWER = auto()
    """It arrives and is answered; the answer waits until the gate of the proxy opens."""
    HOLD = auto()
    """It never arrives, and nobody is told: the connection stays and is silent."""


Judge = Callable[[bytes], Fate]


class TcpProxy:
    """Listens on ``port`` of loopback and passes on to a server, as ``judge`` says of every piece sent to it.

    ``lost`` keeps the answers that were lost, ``doomed`` counts the pieces that did not simply pass,
    ``delayed`` the answers that have waited at the ``gate``.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = _bound(0)
        self.port: int = self._listener.getsockname()[1]
        self.judge: Judge = _pass
        self.lost: list[bytes] = []
        self.doomed = self.delayed = 0
        self.gate = Event()
        self._links: set[_Link] = set()
        self._lock = Lock()

    def doom(self, word: bytes, fate: Fate, times: int = 1) -> None:
        """From now on the first ``times`` pieces with that word in them meet ``fate``."""
        left = iter(range(times))
        self.judge = lambda piece: fate if word in piece and next(left, None) is not None else Fate.PASS

    def spare(self) -> None:
        """From now on everything passes."""
        self.judge = _pass

    def url(self, database: str) -> str:
        """The URL of a database of that server, by way of this proxy, and readable for it."""
        here = make_url(database).set(host="127.0.0.1", port=self.port)
        if here.get_backend_name() == "postgresql":
            here = here.update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
        return here.render_as_string(hide_password=False)

    def come_back(self) -> None:
        """Listen (again)."""
        self._listener.listen(512)
        Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def lead_to(self, host: str, port: int) -> None:
        """Listen (again), and pass on to another server from now on."""
        self._server = (host, port)
        self.come_back()

    def go_away(self) -> None:
        """Cut every connection and refuse new ones, as a server does that is down."""
        self._shut()
        self._listener = _bound(self.port)
        self.cut()

    def close(self) -> None:
        """Cut every connection and stop for good."""
        self._shut()
        self.cut()

    def cut(self) -> None:
        """Cut every connection; new ones are welcome."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.cut()

    def _shut(self) -> None:
        with suppress(OSError):  # it was not listening
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # shut
            while True:
                client, _ = listener.accept()
                Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            link = _Link(client, socket.create_connection(self._server, 10), self)
        except OSError:
            client.close()
            return
        with self._lock:
            self._links.add(link)
        Thread(target=link.answer, daemon=True).start()
        link.ask()
        with self._lock:
            self._links.discard(link)


class _Link:
    """One connection through the proxy."""

    def __init__(self, client: socket.socket, server: socket.socket, proxy: TcpProxy) -> None:
        self._client, self._server, self._proxy = client, server, proxy
        self._losing = self._late = False
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> None:
        """Pass on what the client sends, until one end has gone."""
        with suppress(OSError):
            while piece := self._client.recv(CHUNK):
                fate = self._proxy.judge(piece)
                self._proxy.doomed += fate is not Fate.PASS
                if fate is Fate.HOLD:
                    continue
                if fate is Fate.CUT:
                    break
                self._losing = fate in (Fate.LOSE_ANSWER, Fate.CUT_BEHIND)  # an answer may be quick
                self._late = fate is Fate.DELAY_ANSWER
                self._server.sendall(piece)
                if fate is Fate.CUT_BEHIND:
                    break
        self.cut()

    def answer(self) -> None:
        """Pass on what the server sends, until one end has gone or an answer is lost."""
        with suppress(OSError):
            while piece := self._server.recv(CHUNK):
                if self._losing:
                    self._proxy.lost.append(piece)
                    break
                if self._late:
                    self._proxy.delayed += 1
                    self._proxy.gate.wait(GATE_SECONDS)
                self._client.sendall(piece)
        self.cut()

    def cut(self) -> None:
        """Let both ends know that it is over."""
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[TcpProxy]:
    """A proxy in front of a server."""
    proxy = TcpProxy(host, port)
    proxy.come_back()
    try:
        yield proxy
    finally:
        proxy.close()


def _pass(_piece: bytes) -> Fate:
    return Fate.PASS


def _bound(port: int) -> socket.socket:
    """A socket that has the port and does not listen: connecting to it is refused."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
