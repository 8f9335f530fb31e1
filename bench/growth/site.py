"""The reference site on a table of many users, in this process: one of them refreshes or signs out."""

from __future__ import annotations

import json
import secrets
import time
from io import BytesIO
from typing import Any, NamedTuple

from flask import Flask
from flask_migrate import upgrade
from werkzeug.test import EnvironBuilder

from app import create_app
from app.auth.web.services import EXTENSION, Services
from app.db import db
from docs.generator import ROOT

from ..audit_trail import write_audit_trail

POLLED = 3
"""Seconds of the past that a process asks for when it asks which sessions have ended."""

LEEWAY = 30
"""Seconds after which a refresh makes a new token."""


class Spent(NamedTuple):
    """Microseconds that an operation took, and of processor time of this process."""

    took: float
    worked: float


class Site:
    """A site with a clock that goes a second further with each request, and the tokens of some users."""

    def __init__(self, url: str) -> None:
        self.now = time.time()
        write_audit_trail()
        self.app = create_app(
            {"SECRET_KEY": secrets.token_hex(32), "SQLALCHEMY_DATABASE_URI": url, "TESTING": True},
            clock=lambda: self.now,
        )
        self._tokens: dict[int, str] = {}

    @property
    def parts(self) -> Services:
        """The parts of Ratchet."""
        found: Services = self.app.extensions[EXTENSION]
        return found

    def migrate(self) -> None:
        """Make the table."""
        with self.app.app_context():
            upgrade(str(ROOT / "migrations"))

    def close(self) -> None:
        """Close its connections; the server then knows all that they have counted."""
        with self.app.app_context():
            db.engine.dispose()

    def take_tokens(self, users: list[int]) -> None:
        """Know the token of each of these users' first session."""
        with self.app.app_context():
            for user in users:
                account = self.parts.store.load(str(user))
                assert account is not None
                self.now = max(self.now, account.sessions[0].served_at + LEEWAY)
                issued = self.parts.token_issuer.issue(account, account.sessions[0], self.now)
                self._tokens[user] = issued.refresh_token

    def refresh(self, user: int) -> Spent:
        """Refresh a session; the next token replaces the one presented."""
        before = self._tokens[user]
        spent, reply = self._post("/auth/refresh", before, "200 OK")
        self._tokens[user] = str(json.loads(reply)["refresh_token"])
        assert self._tokens[user] != before
        return spent

    def end(self, user: int) -> Spent:
        """Sign out."""
        return self._post("/auth/logout", self._tokens.pop(user), "204 NO CONTENT")[0]

    def ask(self) -> Spent:
        """Ask which sessions have ended, as each process does once a second."""
        with self.app.app_context():
            began, worked = time.perf_counter_ns(), time.thread_time_ns()
            self.parts.store.ended_since(self.now - POLLED)
            return _spent(began, worked)

    def _post(self, path: str, token: str, expected: str) -> tuple[Spent, bytes]:
        self.now += 1
        environ = _environ(path, {"refresh_token": token})
        told: list[Any] = []
        began, worked = time.perf_counter_ns(), time.thread_time_ns()
        reply = _called(self.app, environ, told)
        spent = _spent(began, worked)
        assert told[0] == expected, (told[0], reply)
        return spent, reply


def _called(app: Flask, environ: dict[str, Any], told: list[Any]) -> bytes:
    return b"".join(app(environ, lambda *start: told.extend(start)))  # type: ignore[arg-type]  # an iterable of bytes, as WSGI has it


def _environ(path: str, body: dict[str, str]) -> dict[str, Any]:
    sent = json.dumps(body).encode()
    return EnvironBuilder(path, method="POST").get_environ() | {
        "wsgi.input": BytesIO(sent),
        "CONTENT_LENGTH": str(len(sent)),
        "CONTENT_TYPE": "application/json",
    }


def _spent(began: int, worked: int) -> Spent:
    return Spent((time.perf_counter_ns() - began) / 1000, (time.thread_time_ns() - worked) / 1000)
