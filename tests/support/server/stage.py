"""A served site for one test: a database of its own, gunicorn before it, and people who are signed in."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import NamedTuple

from flask import Flask, Response

from app import create_app
from app.auth.lifecycle.account import SessionOptions
from app.auth.web import responses
from app.auth.web.services import services
from app.db import db
from tests.support import databases
from tests.support.browser import REFRESH_COOKIE, set_cookies
from tests.support.sites import add_user, settings

from .gunicorn import Server
from .servers import SECRET, server

TAG = os.environ.get("RATCHET_TEST_TAG", "") + os.environ.get("PYTEST_XDIST_WORKER", "")


class Person(NamedTuple):
    """A user who is signed in on one browser."""

    email: str
    subject: str
    cookie: str


@dataclass(frozen=True)
class Stage:
    """A running server, and the same site in this process to look at its database with."""

    url: str
    running: Server
    site: Flask

    @property
    def base_url(self) -> str:
        """Where the site answers."""
        return self.running.base_url

    def people(self, number: int) -> list[Person]:
        """So many new users, each signed in on a browser."""
        return [new_person(self.site) for _ in range(number)]


@contextmanager
def own_database(kind: str, name: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database that nobody else uses."""
    with databases.fresh_database(kind, f"ratchet_{TAG}{name}", folder) as url:
        yield url


@contextmanager
def looking_on(url: str, folder: Path, *, clock: Callable[[], float] = time) -> Iterator[Flask]:
    """A site in this process, on the same database and with the same secret as the served one."""
    site = create_app(settings(url, folder) | {"SECRET_KEY": SECRET}, clock=clock)
    try:
        yield site
    finally:
        with site.app_context():
            db.engine.dispose()


@contextmanager
def staged(
    kind: str, name: str, folder: Path, *, workers: int = 2, threads: int = 4, **environment: str
) -> Iterator[Stage]:
    """Serve the site on a database of its own, of that kind; ``environment`` is that of the server."""
    with (
        own_database(kind, name, folder) as url,
        server(url, workers, threads, **environment) as running,
        looking_on(url, folder) as site,
    ):
        yield Stage(url, running, site)


def new_person(site: Flask) -> Person:
    """A new user, signed in on a browser."""
    email = f"{secrets.token_hex(8)}@example.org"
    subject = add_user(site, email)
    return Person(email, subject, start_session(site, subject))


def start_session(site: Flask, subject: str) -> str:
    """Start a remembered session for a user, without a password; its refresh cookie."""
    with site.test_request_context():
        account = services().store.load(subject)
        assert account is not None
        issued = services().sessions.start(account, SessionOptions(remember=True))
        return set_cookies(responses.set_cookies(Response(), issued))[REFRESH_COOKIE]["value"]
