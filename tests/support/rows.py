"""What a user row says and how often it was asked, by the database's own word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import event

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


@contextmanager
def statements(site: Flask) -> Iterator[list[str]]:
    """The statements that reach the database in this block, each by its first word."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement.split(maxsplit=1)[0])

    with site.app_context():
        engine = site.extensions["sqlalchemy"].engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def just_before(site: Flask, word: str, act: Callable[[], object], *, nth: int = 1) -> Iterator[None]:
    """Run ``act`` before the ``nth`` statement that begins with ``word``: between question and write."""
    left = [nth]

    def interrupt(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        left[0] -= statement.startswith(word)
        if statement.startswith(word) and left[0] == 0:
            act()

    with site.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", interrupt)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", interrupt)
    assert left[0] <= 0, "the interruption never came"
