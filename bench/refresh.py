"""The cost of a refresh, in this process, beside the least that a rotating token can cost (sites/floor.py).

The floor and the refreshes of Ratchet are measured alternately (rounds.py), on each database that is there.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event
from werkzeug.test import EnvironBuilder

from app.auth import Ratchet, RatchetUser
from app.auth.lifecycle.account import SessionOptions
from app.auth.storage.driver import Lease
from app.auth.web import responses
from app.auth.web.services import services
from docs.generator.parts import markdown
from tests.campaigns import progress
from tests.support.databases import KINDS, fresh_database

from .audit_trail import write_audit_trail
from .rounds import Ask, Measured, measure
from .sites.floor import Floor

LEEWAY = 30
"""Seconds after which the next refresh rotates."""

FLOOR = "the floor"


class Time:
    """The clock of the measured site."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


def measured(rounds: int) -> dict[str, dict[str, Measured]]:
    """The refreshes on each database that is there."""
    found: dict[str, dict[str, Measured]] = {}
    for kind in KINDS:
        progress.show(f"refreshes in this process, on {kind}")
        try:
            found[kind] = measured_on(kind, rounds)
        except pytest.skip.Exception as missing:
            progress.say(str(missing))
    return found


def measured_on(kind: str, rounds: int) -> dict[str, Measured]:
    """The refreshes and the floor on one kind of database, in a database of their own."""
    with tempfile.TemporaryDirectory() as folder, fresh_database(kind, "ratchet_bench", Path(folder)) as url:
        clock = Time()
        write_audit_trail()
        app = site(url, clock)
        with app.app_context():
            engine = app.extensions["sqlalchemy"].engine
        floor, first = floor_of(engine)
        asks = {FLOOR: chain(floor, CARRIERS["cookie"], first), **dict(refreshes(app, clock))}
        try:
            return measure(asks, rounds)
        finally:
            engine.dispose()


def site(url: str, clock: Time) -> Flask:
    """A site with one user; SQLite writes as a site in production has it."""
    app = Flask("site")
    app.config.update(SECRET_KEY=secrets.token_hex(32), SQLALCHEMY_DATABASE_URI=url)
    db = SQLAlchemy(app)

    class User(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # db.Model is made at run time
        id = db.Column(db.Integer, primary_key=True)

    Ratchet(app, db=db, user_model=User, clock=clock)
    with app.app_context():
        event.listen(db.engine, "connect", prepare)
        db.create_all()
        db.session.add(User(email="ada@example.org"))
        db.session.commit()
    return app


def prepare(connection: Any, _record: object) -> None:
    """Let SQLite write ahead of its file."""
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")


def refreshes(app: Flask, clock: Time) -> Iterator[tuple[str, Ask]]:
    """Each kind of refresh, in a session of its own: the next token, and the same one again."""
    for delivery, carrier in CARRIERS.items():
        with app.test_request_context():
            account = services().store.load("1")
            assert account is not None
            issued = services().sessions.start(account, SessionOptions(delivery=delivery))
            reply = responses.tokens(issued, delivery)
        send = chain(app, carrier, carrier.taken_from(reply.headers.to_wsgi_list(), reply.data))
        yield f"Rotate, {delivery}", partial(rotate, clock, send)
        yield f"Repeat, {delivery}", send


def rotate(clock: Time, send: Ask) -> None:
    """Refresh after the leeway."""
    clock.now += 2 * LEEWAY
    send()


class Cookie:
    """A refresh token in a cookie."""

    def environ(self, token: str) -> dict[str, Any]:
        """What a request has that presents it; browsers say that a POST has no body."""
        return {"HTTP_COOKIE": f"refreshToken={token}", "CONTENT_LENGTH": "0"}

    def taken_from(self, headers: Iterable[tuple[str, str]], _body: bytes) -> str:
        """The token of a reply."""
        cookies = (value for name, value in headers if name == "Set-Cookie")
        return next(one[13:].partition(";")[0] for one in cookies if one.startswith("refreshToken="))


class Body:
    """A refresh token in a JSON body."""

    def environ(self, token: str) -> dict[str, Any]:
        """What a request has that presents it."""
        sent = b'{"refresh_token": "%b"}' % token.encode()
        return {
            "wsgi.input": BytesIO(sent),
            "CONTENT_LENGTH": str(len(sent)),
            "CONTENT_TYPE": "application/json",
        }

    def taken_from(self, _headers: Iterable[tuple[str, str]], body: bytes) -> str:
        """The token of a reply."""
        return str(json.loads(body)["refresh_token"])


CARRIERS: dict[str, Cookie | Body] = {"cookie": Cookie(), "body": Body()}


def chain(app: Flask, carrier: Cookie | Body, token: str) -> Ask:
    """A function that refreshes once, with the token of the reply before."""
    template, kept = EnvironBuilder("/auth/refresh", method="POST").get_environ(), [token]

    def send() -> None:
        told: list[Any] = []
        body = b"".join(app(template | carrier.environ(kept[0]), lambda *start: told.extend(start)))  # type: ignore[arg-type]  # an iterable of bytes, as WSGI has it
        assert told[0] == "200 OK", (told, body)
        kept[0] = carrier.taken_from(told[1], body)

    return send


def floor_of(engine: Engine) -> tuple[Flask, str]:
    """The floor on this database, and its first token."""
    cursor = Lease().connection(engine).cursor()
    floor = Floor(lambda: cursor, secrets.token_bytes(32), engine.url.drivername)
    return floor.app(), floor.fill(1)[0]


def report(measured: Mapping[str, Mapping[str, Measured]]) -> str:
    """The figures as a table, in Markdown."""
    rows = [
        (kind, name, f"{one.middle:.0f}", f"{one.noise:.0f}", f"{asked[FLOOR].middle / one.middle:.2f}")
        for kind, asked in measured.items()
        for name, one in asked.items()
    ]
    return markdown(("database", "refresh", "µs", "noise", "part of the floor's speed"), rows)
