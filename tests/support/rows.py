"""What a user row says and how often it was asked, by the database's own word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.pool.base import _ConnectionFairy

from app.db import db
from app.models import User


class Stored(NamedTuple):
    """The columns of Ratchet in one user row."""

    sessions: list[dict[str, Any]]
    version: int
    password_hash: str | None


def stored(site: Flask, subject: str) -> Stored:
    """What is on disk for a user."""
    columns = User.sessions, User.sessions_version, User.password_hash
    with site.app_context():
        row = db.session.execute(db.select(*columns).where(User.id == int(subject))).one()
        return Stored(row[0] or [], row[1], row[2])


def write(site: Flask, subject: str, **columns: Any) -> None:
    """Change a user row, as an operator would."""
    with site.app_context():
        db.session.execute(db.update(User).where(User.id == int(subject)).values(columns))
        db.session.commit()


def delete(site: Flask, subject: str) -> None:
    """Delete a user row."""
    with site.app_context():
        db.session.execute(db.delete(User).where(User.id == int(subject)))
        db.session.commit()


class TellingCursor:
    """A cursor of the driver that tells what it is about to execute, and how that failed."""

    def __init__(
        self, cursor: Any, act: Callable[[str], object], complain: Callable[[Any], object] | None
    ) -> None:
        self._cursor, self._act, self._complain = cursor, act, complain

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, statement: str, *values: Any) -> Any:
        """Tell, then execute."""
        self._act(statement)
        try:
            return self._cursor.execute(statement, *values)
        except Exception as error:
            if self._complain:
                self._complain(error)
            raise


@contextmanager
def at_each_statement(
    engine: Engine, act: Callable[[str], object], complain: Callable[[Any], object] | None = None
) -> Iterator[None]:
    """Call ``act`` with each statement of this engine as the driver gets it, and ``complain`` with its error.

    The product sees a listener of SQLAlchemy and takes another way to the database; this it does not see.
    """
    make = _ConnectionFairy.cursor

    def cursor(connection: Any, *arguments: Any, **options: Any) -> Any:
        made = make(connection, *arguments, **options)
        return TellingCursor(made, act, complain) if connection._pool is engine.pool else made

    with patch.object(_ConnectionFairy, "cursor", cursor):
        yield


@contextmanager
def statements(site: Flask) -> Iterator[list[str]]:
    """The statements that reach the database in this block, each by its first word."""
    sent: list[str] = []

    with site.app_context():
        engine = site.extensions["sqlalchemy"].engine
    with at_each_statement(engine, lambda statement: sent.append(statement.split(maxsplit=1)[0])):
        yield sent


@contextmanager
def just_before(site: Flask, word: str, act: Callable[[], object], *, nth: int = 1) -> Iterator[None]:
    """Run ``act`` before the ``nth`` statement that begins with ``word``: between question and write."""
    left = [nth]

    def interrupt(statement: str) -> None:
        left[0] -= statement.startswith(word)
        if statement.startswith(word) and left[0] == 0:
            act()

    with site.app_context():
        engine = db.engine
    with at_each_statement(engine, interrupt):
        yield
    assert left[0] <= 0, "the interruption never came"
