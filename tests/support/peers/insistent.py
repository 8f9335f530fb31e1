"""Browsers that do not give up: a lost request is sent again, with the last token that was received."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from itertools import cycle
from threading import Event

from flask import Flask

from tests.support.browser import REFRESH_COOKIE

from ..server.stage import Person
from .caller import Client, Reply
from .promise import check_one_branch

PATIENCE = 60
"""Seconds after which a browser that is only lost and put off says so."""


class Insistent:
    """One browser of a person, in front of one node or of several in turn.

    Counts what was lost, and how often it was asked to come back.
    """

    def __init__(self, person: Person, *base_urls: str) -> None:
        clients = [Client(base_url) for base_url in base_urls]
        for client in clients:
            client.cookies = clients[0].cookies
        clients[0].cookies[REFRESH_COOKIE] = person.cookie
        self._clients = cycle(clients)
        self.subject = person.subject
        self.received = [person.cookie]
        self.refreshes = self.lost = self.put_off = 0

    def refresh(self) -> None:
        """Refresh, as often as it takes; whatever is neither 200 nor a proper 503 is a failure."""
        reply = self._insist()
        assert reply.status == 200, reply.verdict
        assert str(reply.json["user"]["id"]) == self.subject
        self.refreshes += 1
        self.received.append(reply.cookies[REFRESH_COOKIE].value)

    def refresh_until(self, over: Event) -> None:
        """Refresh without pause."""
        while not over.is_set():
            self.refresh()

    def opens(self) -> int:
        """The status of a page for signed-in people, asked with the access token received last."""
        return next(self._clients).request("GET", "/auth/me").status

    def _insist(self) -> Reply:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                reply = next(self._clients).refresh()
            except (OSError, HTTPException):
                self.lost += 1
                continue
            if reply.status != 503:
                return reply
            check_put_off(reply)
            self.put_off += 1
            time.sleep(0.02)  # the moment that Retry-After asks for, shortened
        raise AssertionError(f"no answer in {PATIENCE} seconds")


def check_put_off(reply: Reply) -> None:
    """A 503 says when to come back and changes no cookie."""
    assert reply.verdict == (503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in reply.headers


@contextmanager
def refreshing(browsers: Sequence[Insistent]) -> Iterator[None]:
    """All browsers refresh without pause while the block runs; what one of them met is raised here."""
    over = Event()
    with ThreadPoolExecutor(len(browsers)) as pool:
        running = [pool.submit(browser.refresh_until, over) for browser in browsers]
        try:
            yield
        finally:
            over.set()
            for one in running:  # what a browser met says more than what was waited for in vain
                one.result()


def await_that(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.01)


def progress(browsers: Sequence[Insistent]) -> Callable[[], bool]:
    """Whether every browser has been answered twice since now, so once to what it asked after now."""
    before = [browser.refreshes for browser in browsers]
    return lambda: all(browser.refreshes >= then + 2 for browser, then in zip(browsers, before, strict=True))


def put_off(browsers: Sequence[Insistent]) -> Callable[[], bool]:
    """Whether every browser has been asked to come back since now."""
    before = [browser.put_off for browser in browsers]
    return lambda: all(browser.put_off > then for browser, then in zip(browsers, before, strict=True))


def check_promise(site: Flask, browsers: Sequence[Insistent]) -> None:
    """Every browser can go on with the last token it received, and its session has one branch."""
    for browser in browsers:
        browser.refresh()
        check_one_branch(site, browser.subject, browser.received)
