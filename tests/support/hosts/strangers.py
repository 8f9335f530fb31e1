"""Apps of strangers: their own Flask, their own models, with Ratchet as they would use it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.auth import Ratchet, RatchetUser, current_user
from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.samples import SECRET
from tests.support.sites import HASH

Model = Any
"""A user model; db.Model is made at run time, so there is no type for it."""


def numbered(db: SQLAlchemy) -> Model:
    """Users with a number, as most have."""

    class Member(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "members"
        public_fields = ("email", "shoe_size")
        id: Mapped[int] = mapped_column(primary_key=True)
        shoe_size: Mapped[int | None]

    return Member


def with_uuid(db: SQLAlchemy) -> Model:
    """Users with a UUID."""

    class Person(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "people"
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)

    return Person


def with_text_key(db: SQLAlchemy) -> Model:
    """Users whose key is text, and not called id."""

    class Employee(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "employees"
        badge: Mapped[str] = mapped_column(String(20), primary_key=True, default="A-17 \u00e9")

    return Employee


def without_username(db: SQLAlchemy) -> Model:
    """Users who sign in only by address."""

    class Customer(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # made at run time
        __tablename__ = "customers"
        username = None
        id: Mapped[int] = mapped_column(primary_key=True)

    return Customer


MODELS: dict[str, Callable[[SQLAlchemy], Model]] = {
    "number": numbered,
    "uuid": with_uuid,
    "text": with_text_key,
    "no username": without_username,
}


class Stranger:
    """An app of a stranger, with its tables, from start to end of a test."""

    def __init__(
        self, make_model: Callable[[SQLAlchemy], Model], url: str, clock: Clock, further: dict[str, Any]
    ) -> None:
        self.db = SQLAlchemy()
        self.model = make_model(self.db)
        self.app: Flask = further.pop("make_app", Flask)(__name__)
        self.app.config.from_mapping(
            TESTING=True, SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI=url, RATCHET_BCRYPT_ROUNDS=10
        )
        prepare: Callable[[Flask], object] = further.pop("prepare", lambda _: None)
        self.app.config.from_mapping(further)
        self.db.init_app(self.app)
        prepare(self.app)  # what the host does before it calls Ratchet
        self.ratchet = Ratchet(
            self.app,
            db=self.db,
            user_model=self.model,
            clock=clock,
            user_options=further.get("user_options", tuple),
            password_verifiers=further.get("password_verifiers", ()),
            claims=further.get("claims"),
            may_sign_in=further.get("may_sign_in"),
            **{name: further[name] for name in ("translate",) if name in further},
        )
        add_views(self.app, self.ratchet)
        further.get("define_later", lambda _: None)(self.db)
        with self.app.app_context():
            self.db.create_all()

    def add_user(self, email: str = "grace@example.org", **columns: Any) -> Any:
        """A user whose password is PASSWORD; their key."""
        with self.app.app_context():
            user = self.model(email=email, **{"password_hash": HASH, **columns})
            self.db.session.add(user)
            self.db.session.commit()
            return self.db.inspect(user).identity[0]

    def signed_in(self) -> Browser:
        """A browser in front of the app, its user signed in."""
        browser = Browser(self.app)
        assert browser.sign_in("grace@example.org").status_code == 200
        return browser

    def leave(self) -> None:
        """Take the tables away."""
        drop_tables(self.app, self.db)


def drop_tables(app: Flask, db: SQLAlchemy) -> None:
    """Drop every table of an app, and close its connections."""
    with app.app_context():
        db.drop_all()
        db.engine.dispose()


MakeStranger = Callable[..., Stranger]
"""Makes a stranger's app on the test's database, by the kind of its users; further settings by keyword."""


def add_views(app: Flask, ratchet: Ratchet[Any]) -> None:
    """The stranger's own views, each guarded in one of the ways."""
    ways = {
        "/open": lambda view: view,
        "/private": ratchet.required,
        "/fresh": ratchet.required(fresh=True),
        "/live": ratchet.required(live=True),
    }
    for path, guard in ways.items():
        app.add_url_rule(path, path, guard(_who), methods=["GET", "POST"])
    app.add_url_rule("/socket", "socket", ratchet.required(_who), websocket=True)


def _who() -> ResponseReturnValue:
    return jsonify(email=current_user.email if current_user else None)
