"""A function that Ratchet cannot call stops the start, and is named."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.auth import Ratchet, SettingsError
from tests.support.hosts.strangers import numbered
from tests.support.samples import SECRET


async def awaited() -> float:
    """A function whose answer has to be awaited."""
    return 1.0


def start(**arguments: Any) -> None:
    """Start an app with these arguments of Ratchet; its db is initialised after it."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI="sqlite://")
    db = SQLAlchemy()
    Ratchet(app, **{"db": db, "user_model": numbered(db), **arguments})
    db.init_app(app)


@pytest.mark.parametrize("name", ["is_breached", "clock", "user_options"])
@pytest.mark.parametrize(
    "given", [None, 5, (), time, awaited], ids=["none", "five", "a tuple", "a module", "a coroutine"]
)
def test_what_cannot_be_called_is_refused(name: str, given: Any) -> None:
    """A tuple of options in place of a function, or the module time, would fail at the first sign-in."""
    with pytest.raises(SettingsError, match=re.escape(f"Ratchet({name}=…) takes a plain function, not ")):
        start(**{name: given})


@pytest.mark.parametrize(
    ("clock", "complaint"),
    [
        pytest.param(lambda: datetime.now(UTC), "returns seconds since the epoch", id="a date"),
        pytest.param(lambda: "1", "this one has returned '1'", id="text"),
        pytest.param(lambda: True, "this one has returned True", id="a flag"),
        pytest.param(datetime.fromtimestamp, "without arguments: ", id="one that takes something"),
    ],
)
def test_a_clock_gives_seconds(clock: Any, complaint: str) -> None:
    """It is read once at start, also one that replaces the clock of an app."""
    with pytest.raises(SettingsError, match=complaint):
        start(clock=clock)
    db = SQLAlchemy()
    with pytest.raises(SettingsError, match=complaint):
        Ratchet(db=db, user_model=numbered(db)).init_app(secret_app(), clock=clock)


def test_a_clock_may_come_later() -> None:
    """A test can make what its clock reads after the app, so a clock that cannot be read yet is no error."""
    hands: list[float] = []
    start(clock=lambda: hands[0])


def test_a_user_model_is_a_class() -> None:
    """A user, a table or a name in its place is no class."""
    db = SQLAlchemy()
    model = numbered(db)
    for given, kind in (
        (model(), "Member"),
        (model.__table__, "Table"),
        ("Member", "str"),
        (None, "NoneType"),
    ):
        with pytest.raises(TypeError, match=f"takes the class of your users, not an object of {kind}"):
            start(db=db, user_model=given)


def test_good_functions_are_taken_in_any_order_of_the_start() -> None:
    """Ratchet may come before ``db.init_app``; a clock may give whole seconds."""
    start(is_breached=lambda _: True, clock=lambda: 1_800_000_000, user_options=list)


def secret_app() -> Flask:
    """An app that has a secret only."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET
    return app
