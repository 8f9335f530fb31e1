"""The site beside the model: every request is answered by both, and the two have to agree."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import Any

from flask import Flask
from hypothesis import event
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import db
from app.models import User
from tests.support.clock import Clock
from tests.support.rows import Stored, stored, write

from .contract import Contract, Expected, Held
from .lossy_browser import LossyBrowser, clears
from .state import MAX_SESSIONS, Session, Verdict
from .tokens import Tokens

TICK = 2**-10
"""Seconds, exact in binary: no two requests fall on the same moment."""

THIEF = "thief"
DEVICES = {"laptop": "cookie", "phone": "cookie", "tool": "body", THIEF: "cookie"}
JWT = re.compile(r"eyJ[\w-]*\.")
ROWS = select(User.id, User.sessions)
Fields = dict[str, Any]


@dataclass
class World:
    """What the model, the browsers and the clock say; a run begins with a copy of one."""

    contract: Contract
    browsers: dict[str, LossyBrowser] = field(
        default_factory=lambda: {name: LossyBrowser(name, delivery) for name, delivery in DEVICES.items()}
    )
    tokens: Tokens = field(default_factory=Tokens)
    robbed: set[str] = field(default_factory=set)
    """The sessions whose refresh token a thief has used."""
    rows: dict[str, Stored] = field(default_factory=dict)
    now: float = 0


class Comparison:
    """A world, and the site that has to agree with it; ``start_site`` starts one on the key of a number."""

    def __init__(
        self, start_site: Callable[[int], Flask], clock: Clock, world: World, tally: Counter[Verdict]
    ) -> None:
        self._start_site, self.clock, self._tally = start_site, clock, tally
        self._world = world
        self.contract, self.browsers = world.contract, world.browsers
        self.restart()

    def again(self) -> Comparison:
        """Another run from this moment on: the clock, the rows and all jars are as they are now."""
        if not self._world.rows:
            self._world.now = self.clock.now
            self._world.rows = {subject: stored(self._site, subject) for subject in self.contract.users}
        self.clock.now = self._world.now
        for subject, row in self._world.rows.items():
            columns = {"sessions": row.sessions, "password_hash": row.password_hash, "blocked": False}
            self.write(subject, **columns, ended=None, ended_at=None)
        return Comparison(self._start_site, self.clock, deepcopy(self._world), self._tally)

    def restart(self) -> None:
        """Start the site anew; what a process remembered is gone."""
        self._site = self._start_site(self.contract.key)
        with self._site.app_context():
            self._engine = db.engine

    def write(self, subject: str, **columns: Any) -> None:
        """Change a user row behind the site's back."""
        write(self._site, subject, **columns)

    def held(self, browser: LossyBrowser) -> Held:
        """What a browser holds, as the model knows it."""
        return self._world.tokens.held(browser)

    def whole_second(self) -> float:
        """Turn the clock to a whole second, the grain of a token's times, and give it."""
        self.clock.now = ceil(self.clock.now)
        return self.clock.now

    def sign_in(self, browser: LossyBrowser, person: str, subject: str, *, remember: bool) -> None:
        """POST /auth/login with the right password."""
        fields = {
            "identifier": person,
            "password": self.contract.users[subject].password,
            "remember": remember,
            "delivery": browser.delivery,
            "label": browser.name,
        }
        held = self.held(browser) if browser.delivery == "cookie" else Held()
        answer = self.contract.sign_in(subject, held, browser.name, self.whole_second(), remember=remember)
        browser.receive(self.ask(browser, "POST", "/auth/login", answer, fields))

    def refresh(self, browser: LossyBrowser) -> TestResponse:
        """POST /auth/refresh; a browser whose copied jar nobody used is never taken for a thief."""
        token, robbed = self.held(browser).refresh, self._world.robbed
        answer = self.contract.refresh(token, self.clock.now)
        if token and browser.name == THIEF:
            robbed.add(token.session)
        if answer.verdict:
            self._tally[answer.verdict] += 1
            event(f"verdict: {answer.verdict.value}")
        assert answer.verdict is not Verdict.REUSE or (token and token.session in robbed)
        return self.ask(browser, "POST", "/auth/refresh", answer)

    def ask(
        self, browser: LossyBrowser, method: str, path: str, answer: Expected, fields: Fields | None = None
    ) -> TestResponse:
        """Send a request, compare the reply with the model's answer, and let a moment pass."""
        reply = browser.ask(self._site, method, path, fields or {})
        code = reply.json.get("error") if reply.json else None
        assert (reply.status_code, code, clears(reply)) == (answer.status, answer.code, answer.clears)
        if answer.session:
            way = self._world.tokens.check(reply, self.contract, answer.session, self.clock.now)
            assert way == ("body" if answer.status == 201 else browser.delivery)
        else:
            assert answer.clears or not reply.headers.getlist("Set-Cookie")
        self.clock.advance(TICK)
        return reply

    def check_rows(self) -> None:
        """One chain per session, no more sessions than allowed, and never a token on the row."""
        with self._engine.connect() as connection:
            rows = connection.execute(ROWS).all()
        for key, sessions in rows:
            known = self.contract.users[str(key)].sessions
            assert {item["id"]: _chain(item) for item in sessions} == {
                session.id: (session.current, session.parent, *_times(session)) for session in known
            }
            assert len(sessions) <= MAX_SESSIONS
            assert not JWT.search(json.dumps(sessions))

    def check_list(self, browser: LossyBrowser) -> None:
        """GET /auth/sessions shows the live sessions, or says why not."""
        session = self.contract.identify(self.held(browser).access, self.clock.now)
        if isinstance(session, Expected):
            self.ask(browser, "GET", "/auth/sessions", session)
            return
        live = self.contract.users[session.user].live(self.clock.now)
        now = self.clock.now
        reply = self.ask(browser, "GET", "/auth/sessions", Expected(200))
        assert reply.json is not None
        assert {item["id"]: item for item in reply.json["sessions"]} == {
            each.id: _shown(each, session, now) for each in live
        }


def _chain(item: Fields) -> tuple[str, str | None, float, float, float, float | None]:
    times = item["made_at"], item["shown_at"], item["served_at"], item["confirmed_at"]
    return item["current"], item["parent"], *times


def _times(session: Session) -> tuple[float, float, float, float | None]:
    return session.made_at, session.shown_at, session.served_at, session.confirmed_at


def _shown(session: Session, own: Session, now: float) -> Fields:
    used_at = now if session is own else max(session.served_at // 3600 * 3600, session.started_at)
    return {
        "id": session.id,
        "current": session is own,
        "label": session.label,
        "started_at": _moment(session.started_at),
        "last_used_at": _moment(used_at),
        "expires_at": _moment(session.ends_after(used_at)),
        "device_bound": False,
        "copy_refused_at": None,
    }


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
