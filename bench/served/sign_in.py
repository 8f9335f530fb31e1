"""Sign-ins beside raw bcrypt, and refreshes while sign-ins keep every core busy."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median, quantiles
from threading import Event
from typing import NamedTuple

import bcrypt

from tests.campaigns import progress

from ..sites.users import PASSWORD, SIGN_INS
from .client import exchange
from .server import Serving
from .stage import Stage
from .subjects import SHORT, by_cookie, from_cookie, message

CORES = os.cpu_count() or 1
AT_ONCE = 2 * CORES
"""Sign-ins under way, and threads that hash: enough that no core ever waits."""

PER_CORE = 12
"""Hashes of a round for each core."""

BCRYPT_ROUNDS = 12
"""The cost of Ratchet's default."""

PAUSE = 0.02
"""Seconds between two refreshes."""


class SignIn(NamedTuple):
    """Rounds of hashes and of sign-ins a second, and seconds that refreshes took: idle, and meanwhile."""

    hashes: list[float]
    sign_ins: list[float]
    idle: list[float]
    busy: list[float]

    @property
    def share(self) -> float:
        """The part of the hashes' speed that sign-ins reach: the median of what each pair of rounds says."""
        return median(ours / raw for ours, raw in zip(self.sign_ins, self.hashes, strict=True))


def p99(seconds: list[float]) -> float:
    """What 99 of 100 take at most."""
    return quantiles(seconds, n=100, method="inclusive")[98]


def sign_in(stage: Stage, rounds: int, samples: int) -> SignIn:
    """Hash and sign in alternately; then measure so many refreshes, idle and while others sign in."""
    server, hashes, sign_ins = stage.running[SHORT], [], []
    for number in range(1, rounds + 1):
        progress.show(f"sign-ins beside bcrypt: round {number} of {rounds}")
        hashes.append(_per_second(_hash))
        sign_ins.append(_per_second(lambda: _sign_in(server)))
    progress.show("refreshes with nothing beside them")
    idle = list(refreshed(server, samples))
    progress.show("refreshes while others sign in")
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(exchange, server.port, _until(stop), AT_ONCE)
        time.sleep(1)  # until every one of them is hashing
        try:
            busy = list(refreshed(server, samples))
        finally:
            stop.set()
        for reply in others.result():
            reply.checked()
    return SignIn(hashes, sign_ins, idle, busy)


def _per_second(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return PER_CORE * CORES / (time.perf_counter() - began)


def _hash() -> None:
    """So many hashes in threads; bcrypt lets others run meanwhile."""
    salt = bcrypt.gensalt(BCRYPT_ROUNDS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: bcrypt.hashpw(b"a password", salt), range(PER_CORE * CORES)))


def _sign_in(server: Serving) -> None:
    """As many sign-ins, each right."""
    for reply in exchange(server.port, [_request(number) for number in range(PER_CORE * CORES)], AT_ONCE):
        reply.checked()


def _request(number: int) -> bytes:
    """A sign-in of one of the users who have a password."""
    user = number % SIGN_INS
    return message(
        "POST /auth/login", json.dumps({"email": f"ada{user}@example.org", "password": PASSWORD}).encode()
    )


def _until(stop: Event) -> Iterator[bytes]:
    """Sign-ins without end."""
    for number in count():
        if stop.is_set():
            return
        yield _request(number)


def refreshed(server: Serving, samples: int) -> Iterator[float]:
    """Seconds of each refresh, one at a time, each of another session and over a connection of its own."""
    tokens = server.tokens["cookie"]
    for number in range(samples):
        time.sleep(PAUSE)
        place = number % len(tokens)
        reply = exchange(server.port, [by_cookie(tokens[place])], 1)[0].checked()
        tokens[place] = from_cookie(reply)
        yield reply.took
