"""python -m bench.guard: the cost of the guard for a view, with and without the knowledge of ended sessions.

Three views serve the same request alternately: a bare one, a guarded one, and a guarded one of a site that
never asks for ended sessions (see rounds.py). The bare and the guarded one also serve it with the token in a
cookie: Flask reads the cookies of every request, so more of them cost more without a guard, too. The guarded
view is then measured once more, with another access token in each request.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import secrets
import tempfile
import time
from collections.abc import Iterable, Mapping
from copy import copy
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from werkzeug.test import EnvironBuilder

from app.auth import Ratchet, RatchetUser
from app.auth.lifecycle.account import EndedSession, SessionOptions, SessionRef
from app.auth.sessions.issuer import IssuedTokens
from app.auth.sessions.reader import SessionReader
from app.auth.sessions.revocation import RevocationCache
from app.auth.web.services import EXTENSION, Services, services
from docs.generator import DOCS
from docs.generator.parts import with_parts

from .rounds import REQUESTS, Ask, Measured, measure, once

PAGE = DOCS / "speed.md"
ROUNDS = 40
QUICK = 4
BARE, GUARDED = "bare", "guarded"
UNKNOWING = "guarded, without ended sessions"
FIRST = "guarded, a token not seen before"

COOKIES = (1, 10)
"""How many cookies a request has where the token is in one."""


class Ignorant(RevocationCache):
    """Knows no ended session, and never asks for one."""

    def is_revoked(self, ref: SessionRef, now: float) -> bool | None:  # noqa: ARG002  # the shape of what it replaces
        """No session has ended."""
        return False


def main() -> None:
    """Measure and print; with ``--write`` also into docs/speed.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/speed.md")
    options = parser.parse_args()
    rounds = QUICK if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as folder:
        app, issued = site(Path(folder))
        same = repeat(as_bearer(issued.access_token))
        asks = {
            BARE: asking(app, "/bare", same),
            UNKNOWING: asking(ignorant(app), "/guarded", same),
            GUARDED: asking(app, "/guarded", same),
        }
        for number in COOKIES:
            cookies = repeat(in_cookie(issued.access_token, beside=number - 1))
            asks[f"{BARE}, cookies: {number}"] = asking(app, "/bare", cookies)
            asks[f"{GUARDED}, the last cookie of {number}"] = asking(app, "/guarded", cookies)
        measured = measure(asks, rounds)
        others = [as_bearer(token) for token in new_tokens(app, issued, (rounds + 1) * REQUESTS)]
        measured |= measure({FIRST: asking(app, "/guarded", others)}, rounds)
        words = report(measured, question(app))
    print(words)
    if options.write:
        PAGE.write_text(with_parts(PAGE.read_text(), {"guard": words}))


def site(folder: Path) -> tuple[Flask, IssuedTokens]:
    """A site with a bare view and a guarded one, its database in a file, and a user's tokens."""
    app = Flask("site")
    uri = f"sqlite:///{folder / 'site.sqlite'}"
    app.config.update(SECRET_KEY=secrets.token_hex(32), SQLALCHEMY_DATABASE_URI=uri)
    db = SQLAlchemy(app)

    class User(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # db.Model is made at run time
        id = db.Column(db.Integer, primary_key=True)

    ratchet = Ratchet(app, db=db, user_model=User)
    app.add_url_rule("/bare", "bare", view)
    app.add_url_rule("/guarded", "guarded", ratchet.required(view))
    with app.test_request_context():
        db.create_all()
        db.session.add(User(email="ada@example.org"))
        db.session.commit()
        account = services().store.load("1")
        assert account is not None
        return app, services().sessions.start(account, SessionOptions())


def new_tokens(app: Flask, issued: IssuedTokens, number: int) -> list[str]:
    """So many access tokens of one session."""
    issue = partial(app.extensions[EXTENSION].token_issuer.issue, issued.account, issued.session)
    return [issue(time.time()).access_token for _ in range(number)]


def ignorant(app: Flask) -> Flask:
    """The same site without any knowledge of ended sessions."""
    other = copy(app)
    parts: Services = app.extensions[EXTENSION]
    known = Ignorant(no_question, parts.settings.access_ttl)
    reader = SessionReader(parts.settings, parts.store, parts.token_issuer, known, parts.clock)
    other.extensions = app.extensions | {EXTENSION: dataclasses.replace(parts, reader=reader)}
    return other


def no_question(_since: float) -> list[EndedSession]:
    """Return no ended session."""
    raise AssertionError


def view() -> str:
    """The view."""
    return "Dear Ada,"


def as_bearer(token: str) -> dict[str, str]:
    """The token in the Authorization header."""
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


def in_cookie(token: str, beside: int) -> dict[str, str]:
    """The token in a cookie, after so many others."""
    others = [f"preference{number}={secrets.token_hex(16)}" for number in range(beside)]
    return {"HTTP_COOKIE": "; ".join((*others, f"accessToken={token}"))}


def asking(app: Flask, path: str, carrying: Iterable[dict[str, str]]) -> Ask:
    """A function that sends one request to ``app``, with what the next one of these puts into its environ."""
    template, carried = EnvironBuilder(path).get_environ(), iter(carrying)

    def start(status: str, *_: Any) -> None:
        assert status == "200 OK", status

    def ask() -> None:
        environ = template | next(carried)
        b"".join(app(environ, start))  # type: ignore[arg-type]  # an iterable of bytes, as WSGI has it

    return ask


def question(app: Flask) -> float:
    """Microseconds of processor time to ask the database once which sessions have ended."""
    with app.app_context():
        store = services().store
        return median(once(lambda: store.ended_since(time.time() - 10)) for _ in range(REQUESTS))


def report(measured: Mapping[str, Measured], asked: float) -> str:
    """The figures as a table and four sentences, in Markdown."""
    bare_view, without, guarded, first = (measured[name] for name in (BARE, UNKNOWING, GUARDED, FIRST))
    *_, bare_with, guarded_by_cookie, _ = measured.values()
    by_bearer, by_cookie = guarded.middle - bare_view.middle, guarded_by_cookie.middle - bare_with.middle
    knowing, noise = guarded.middle - without.middle, max(guarded.noise, without.noise)
    rows = [
        f"| {name} | {one.middle:.1f} | {one.noise:.1f} | {one.middle / bare_view.middle:.2f} |"
        for name, one in measured.items()
    ]
    return "\n".join(
        [
            f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}:",
            "",
            "| view | µs | noise | ratio |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
            f"Knowing of ended sessions costs {knowing:.1f} µs a request; the noise is {noise:.1f} µs.",
            f"A guard costs {by_bearer:.0f} µs for a bearer, {by_cookie:.0f} µs for the last of ten cookies.",
            f"Verifying a token the first time costs {first.middle - guarded.middle:.0f} µs more.",
            f"The question to the database takes {asked:.0f} µs, at most once a second in each process.",
        ]
    )


if __name__ == "__main__":
    main()
