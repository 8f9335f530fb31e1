"""Processes that race: each has the site to itself, on a database that they share.

A race is run by several processes with several threads each. In every round each client presents its token at
the same moment as all the others; a gate across the processes opens when the last one is there.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier as Gate
from multiprocessing.synchronize import Event as Flag
from threading import Barrier, Thread
from typing import Any, NamedTuple

from flask import Flask

from app import create_app
from tests.support.browser import ACCESS_COOKIE, REFRESH_COOKIE, present, set_cookies
from tests.support.samples import NOW

PROCESSES = 4
PATIENCE = 120
"""Seconds to wait at a gate before a race is given up."""

POOL = {"pool_size": 4, "max_overflow": 0}
"""A thread may wait for a connection of its process, so that a server with few to give is enough."""


class RaceReply(NamedTuple):
    """What a client was told: the status, and the tokens it was handed, if any."""

    status: int
    refresh: str = ""
    access: str = ""


@dataclass
class _Here:
    """What this process races with."""

    site: Flask
    gate: Gate
    moving: Flag
    over: Flag
    now: float = NOW


_here: _Here


def _prepare(settings: dict[str, Any], gate: Gate, moving: Flag, over: Flag) -> None:
    global _here  # noqa: PLW0603  # a process of a pool keeps what it was given here
    Thread(target=_follow_parent, daemon=True).start()
    site = create_app(settings | {"SQLALCHEMY_ENGINE_OPTIONS": POOL}, clock=lambda: _here.now)
    _here = _Here(site, gate, moving, over)


def _follow_parent() -> None:
    """A test run that is killed takes its racers along."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class Racers:
    """The processes, and the gate they wait at."""

    def __init__(self, settings: dict[str, Any]) -> None:
        # Neither fork, which a threaded test process cannot bear, nor spawn, which imports everything anew.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._moving, self._over = context.Event(), context.Event()
        shared = (settings, context.Barrier(PROCESSES), self._moving, self._over)
        self._pool = ProcessPoolExecutor(PROCESSES, context, initializer=_prepare, initargs=shared)

    def race(self, tokens: Sequence[str], rounds: int, pause: float) -> list[list[RaceReply]]:
        """Every client presents its token, then what it was handed, ``rounds`` times; what each was told.

        Between two rounds ``pause`` seconds go by on the clock of every process.
        """
        shares = [(tokens[number::PROCESSES], rounds, pause) for number in range(PROCESSES)]
        running = [self._pool.submit(_race, *share) for share in shares]
        return _dealt([one.result() for one in running], len(tokens))

    @contextmanager
    def refreshing(self, tokens: Sequence[str]) -> Iterator[list[list[RaceReply]]]:
        """Every client refreshes without pause while the block runs; then the list has what each was told."""
        self._moving.clear()
        self._over.clear()
        told: list[list[RaceReply]] = []
        shares = [tokens[number::PROCESSES] for number in range(PROCESSES)]
        running = [self._pool.submit(_refresh_until_over, share) for share in shares]
        try:
            assert self._moving.wait(PATIENCE), "nobody refreshes"
            yield told
        finally:
            self._over.set()
        told.extend(_dealt([one.result(PATIENCE) for one in running], len(tokens)))

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown()


def _dealt(shares: Sequence[list[list[RaceReply]]], clients: int) -> list[list[RaceReply]]:
    """What the processes return, in the order of the clients, which were dealt out one by one."""
    return [shares[number % PROCESSES][number // PROCESSES] for number in range(clients)]


def _race(tokens: Sequence[str], rounds: int, pause: float) -> list[list[RaceReply]]:
    told: list[list[RaceReply]] = [[] for _ in tokens]
    line = Barrier(len(tokens), action=lambda: _next_round(pause))
    _all_at_once(lambda number: _run(tokens[number], rounds, line, told[number]), len(tokens))
    return told


def _next_round(pause: float) -> None:
    _here.now += pause
    _here.gate.wait(PATIENCE)


def _run(token: str, rounds: int, line: Barrier, told: list[RaceReply]) -> None:
    """One client of a race."""
    for _ in range(rounds):
        line.wait(PATIENCE)
        answer = refresh_with(_here.site, token)
        told.append(answer)
        token = answer.refresh or token


def _refresh_until_over(tokens: Sequence[str]) -> list[list[RaceReply]]:
    told = [[refresh_with(_here.site, token)] for token in tokens]
    _here.gate.wait(PATIENCE)  # one task in each process
    _all_at_once(lambda number: _chain(told[number][-1].refresh, told[number]), len(tokens))
    return told


def _chain(token: str, told: list[RaceReply]) -> None:
    """One client that refreshes until it is told to stop, or that its session is over."""
    while not _here.over.is_set() and told[-1].status in (200, 503):
        told.append(refresh_with(_here.site, token))
        token = told[-1].refresh or token
        _here.moving.set()


def refresh_with(site: Flask, cookie: str) -> RaceReply:
    """What the site says to this refresh cookie."""
    reply = present(site, f"{REFRESH_COOKIE}={cookie}")
    found = set_cookies(reply) if reply.status_code == 200 else {}
    tokens = [found[name]["value"] for name in (REFRESH_COOKIE, ACCESS_COOKIE) if found]
    return RaceReply(reply.status_code, *tokens)


def _all_at_once(client: Callable[[int], None], number: int) -> None:
    threads = [Thread(target=client, args=[one]) for one in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
