"""The cost of the guard for a view, in this process, with and without the knowledge of ended sessions.

Three views serve the same request alternately: a bare one, a guarded one, and a guarded one of a site that
never asks for ended sessions (see rounds.py). The bare and the guarded one also serve it with the token in
the last of ten cookies: Flask reads the cookies of every request, so they cost more without a guard, too.
The guarded view is also asked with another access token in each request.
"""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Iterable
from copy import copy
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from werkzeug.test import EnvironBuilder

from app.auth import Ratchet, RatchetUser
from app.auth.lifecycle.account import EndedSession, SessionOptions, SessionRef
from app.auth.sessions.issuer import IssuedTokens
from app.auth.sessions.reader import SessionReader
from app.auth.sessions.revocation import RevocationCache
from app.auth.web.services import EXTENSION, Services, services
from docs.generator.parts import markdown

from .rounds import REQUESTS, Ask, Measured, measure, once

BARE = "bare"
WITHOUT = "guarded, without ended sessions"
GUARDED = "guarded"
BARE_COOKIES = "bare, ten cookies"
COOKIE = "guarded, the last of ten cookies"
FIRST = "guarded, a token not seen before"


class Ignorant(RevocationCache):
    """Knows no ended session, and never asks for one."""

    def is_revoked(self, ref: SessionRef, now: float) -> bool | None:  # noqa: ARG002  # the shape of what it replaces
        """No session has ended."""
        return False


class Guard(NamedTuple):
    """The views by name, and microseconds of processor time for one question to the database."""

    views: dict[str, Measured]
    question: float

    def over_bare(self, name: str) -> float:
        """Microseconds that this view takes more than the bare one with the same cookies."""
        bare = BARE_COOKIES if name == COOKIE else BARE
        return self.views[name].middle - self.views[bare].middle


def measured(rounds: int) -> Guard:
    """The views, alternately; then the guarded one with a token that it has not seen."""
    with tempfile.TemporaryDirectory() as folder:
        app, issued = site(Path(folder))
        same = issued.access_token
        asks = {
            BARE: asking(app, "/bare", repeat(bearer(same))),
            WITHOUT: asking(ignorant(app), "/guarded", repeat(bearer(same))),
            GUARDED: asking(app, "/guarded", repeat(bearer(same))),
            BARE_COOKIES: asking(app, "/bare", repeat(in_cookie(same))),
            COOKIE: asking(app, "/guarded", repeat(in_cookie(same))),
        }
        others = map(bearer, new_tokens(app, issued, (rounds + 1) * REQUESTS))
        asks[FIRST] = asking(app, "/guarded", others)
        return Guard(measure(asks, rounds), question(app))


def bearer(token: str) -> dict[str, str]:
    """What a request has that presents this token."""
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


def in_cookie(token: str) -> dict[str, str]:
    """What a request has that presents this token in the last of ten cookies."""
    others = "".join(f"other{number}=a-value-of-the-site; " for number in range(9))
    return {"HTTP_COOKIE": f"{others}accessToken={token}"}


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


def asking(app: Flask, path: str, credentials: Iterable[dict[str, str]]) -> Ask:
    """A function that sends one request to ``app``, with the next of these credentials."""
    template, presented = EnvironBuilder(path).get_environ(), iter(credentials)

    def start(status: str, *_: Any) -> None:
        assert status == "200 OK", status

    def ask() -> None:
        b"".join(app(template | next(presented), start))  # type: ignore[arg-type]  # an iterable of bytes, as WSGI has it

    return ask


def question(app: Flask) -> float:
    """Microseconds of processor time to ask the database once which sessions have ended."""
    with app.app_context():
        store = services().store
        return median(once(lambda: store.ended_since(time.time() - 10)) for _ in range(REQUESTS))


def report(guard: Guard) -> str:
    """The figures as a table and three sentences, in Markdown."""
    bare_view = guard.views[BARE]
    rows = [
        (name, f"{one.middle:.1f}", f"{one.noise:.1f}", f"{one.middle / bare_view.middle:.2f}")
        for name, one in guard.views.items()
    ]
    without, guarded, first = (guard.views[name] for name in (WITHOUT, GUARDED, FIRST))
    knowing, noise = guarded.middle - without.middle, max(guarded.noise, without.noise)
    return "\n".join(
        [
            markdown(("view", "µs", "noise", "ratio"), rows),
            "",
            f"Knowing of ended sessions costs {knowing:.1f} µs a request; the noise is {noise:.1f} µs.",
            f"Verifying a token the first time costs {first.middle - guarded.middle:.0f} µs more.",
            f"A process asks the database once a second at most; that takes {guard.question:.0f} µs.",
        ]
    )
