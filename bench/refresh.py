"""python -m bench.refresh: the cost of a refresh beside the least that a rotating token can cost.

The floor is a bare Flask view with the database's driver: one ``UPDATE … RETURNING`` of the user's row, one
token verified, two tokens made. It has no leeway, finds no theft, and signs out who loses a reply. It and the
refreshes of Ratchet are measured alternately (see rounds.py), on each database that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask, Response, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event
from werkzeug.test import EnvironBuilder

from app.auth import Ratchet, RatchetUser
from app.auth.lifecycle.account import SessionOptions
from app.auth.sessions.issuer import new_id
from app.auth.storage.driver import Lease
from app.auth.web import responses
from app.auth.web.services import services
from docs.generator import DOCS
from docs.generator.parts import with_parts
from tests.support.databases import KINDS, fresh_database

from .rounds import Ask, Measured, measure

PAGE = DOCS / "speed.md"
ROUNDS = 20
QUICK = 3

LEEWAY = 30
"""Seconds after which the next refresh rotates."""

DAY = 24 * 60 * 60
FLOOR = "the floor"


class Time:
    """The clock of the measured site."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


def main() -> None:
    """Measure and print; with ``--write`` also into docs/speed.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.refresh", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/speed.md")
    options = parser.parse_args()
    measured: dict[str, dict[str, Measured]] = {}
    for kind in KINDS:
        print(f"{kind} …", end=" ", flush=True)
        try:
            measured[kind] = measured_on(kind, QUICK if options.quick else options.rounds)
        except pytest.skip.Exception as missing:
            print(missing)
        else:
            print("done")
    words = report(measured)
    print(words)
    if options.write:
        PAGE.write_text(with_parts(PAGE.read_text(), {"refresh": words}))


def measured_on(kind: str, rounds: int) -> dict[str, Measured]:
    """The refreshes and the floor on one kind of database, in a database of their own."""
    with tempfile.TemporaryDirectory() as folder, fresh_database(kind, "ratchet_bench", Path(folder)) as url:
        clock = Time()
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
    change, ask = (sql.replace("?", "?" if engine.dialect.positional else "%s") for sql in floor_sql(engine))
    cursor, key, app = Lease().connection(engine).cursor(), secrets.token_bytes(32), Flask("floor")
    cursor.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, token TEXT, email TEXT, name TEXT)")
    cursor.execute("INSERT INTO floor VALUES (1, 'first', 'ada@example.org', 'ada')")

    @app.post("/auth/refresh")
    def refresh() -> Response:
        shown = jwt.decode(request.cookies["refreshToken"], key, ["HS256"])
        new, now = new_id(), int(time.time())
        cursor.execute(change, (new, int(shown["sub"]), shown["jti"]))
        if ask:
            cursor.execute(ask, (int(shown["sub"]),))
        row = cursor.fetchone()
        assert row is not None
        number, email, name = row
        access = jwt.encode({"sub": str(number), "iat": now, "exp": now + 600}, key)
        user = {"id": number, "email": email, "name": name}
        reply = jsonify(access_token=access, token_type="Bearer", expires_in=600, user=user)
        token = jwt.encode({"sub": str(number), "jti": new, "exp": now + DAY}, key)
        reply.set_cookie("refreshToken", token, DAY, path="/auth", secure=True, httponly=True, samesite="Lax")
        return reply

    return app, jwt.encode({"sub": "1", "jti": "first", "exp": int(time.time()) + DAY}, key)


def floor_sql(engine: Engine) -> tuple[str, str]:
    """The one statement of the floor; MariaDB has no UPDATE that returns the row, so there are two."""
    change, columns = "UPDATE floor SET token = ? WHERE id = ? AND token = ?", "id, email, name"
    if engine.dialect.name == "mysql":
        return change, f"SELECT {columns} FROM floor WHERE id = ?"  # noqa: S608  # a constant
    return f"{change} RETURNING {columns}", ""


def report(measured: Mapping[str, Mapping[str, Measured]]) -> str:
    """The figures as a table, in Markdown."""
    rows = [
        f"| {kind} | {name} | {one.middle:.0f} | {one.noise:.0f} | {asked[FLOOR].middle / one.middle:.2f} |"
        for kind, asked in measured.items()
        for name, one in asked.items()
    ]
    return "\n".join(
        [
            f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}:",
            "",
            "| database | refresh | µs | noise | part of the floor's speed |",
            "| --- | --- | ---: | ---: | ---: |",
            *rows,
        ]
    )


if __name__ == "__main__":
    main()
