"""Values that the unit tests start from; each test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask

from app.auth.lifecycle.account import Account
from app.auth.lifecycle.rotation import RotationPolicy, Session
from app.auth.lifecycle.transitions import Event, EventKind, Transition
from app.auth.settings.load import load
from app.auth.settings.model import Settings
from app.auth.tokens import keys

NOW = 1_800_000_000.0
TICK = 2.0**-10
"""A moment, in seconds, that float arithmetic around NOW keeps exactly."""

HOUR = 3600.0
DAY = 24 * HOUR
SECRET = "a secret of forty characters for the tests"
RULE = RotationPolicy(leeway=30.0, idle_ttl=14 * DAY, short_ttl=DAY)
STRICT = replace(RULE, strict=True)

_SESSION = Session(
    id="phone",
    current="current",
    parent="parent",
    made_at=NOW - 60,
    shown_at=NOW - 60,
    served_at=NOW - 60,
    started_at=NOW - DAY,
    expires_at=NOW + 30 * DAY,
    auth_time=NOW - DAY,
    remember=True,
    label="Firefox on Android",
)
_ACCOUNT = Account(
    key=7,
    profile={"id": 7, "email": "ada@example.org"},
    password_hash="hash",
    blocked=False,
    confirmed=True,
    sessions=(_SESSION,),
    version=3,
)


def session(**changes: Any) -> Session:
    """A remembered session, a day old, whose current token was handed out a minute ago."""
    return replace(_SESSION, **changes)


def account(**changes: Any) -> Account:
    """An account with that one session."""
    return replace(_ACCOUNT, **changes)


def ended_event(item: Session, reason: str) -> Event:
    """The event of a session's end."""
    return Event(EventKind.SESSION_ENDED, {"session": item, "reason": reason})


def by_kind(transition: Transition) -> Transition:
    """The outcome with its refusal as a class, so that outcomes can be compared."""
    error = transition.error
    return transition._replace(error=type(error) if isinstance(error, Exception) else error)


def save_key(path: Path, algorithm: str) -> Path:
    """A new file with a private key in it; its path."""
    keys.generate(algorithm).write(path)
    return path


def load_settings(**config: Any) -> Settings:
    """The settings of an app that has this configuration beside a proper secret."""
    app = Flask(__name__)
    app.config.from_mapping({"SECRET_KEY": SECRET} | config)
    return load(app)
