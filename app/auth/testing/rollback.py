"""Tests that roll back everything that they have written, without taking the tables away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

from flask import Flask, has_app_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from ..web.services import EXTENSION, Services


@contextmanager
def rollback(app: Flask, db: SQLAlchemy) -> Iterator[None]:
    """Roll back what is written to the databases of ``app`` in this block, with everything that is committed.

    Each engine is replaced by one connection, in a transaction that is rolled back in the end; ``db.session``
    commits and rolls back to savepoints in it. Make the tables before: MariaDB commits when a table is made.
    Attempts to sign in that were counted in memory are forgotten, too. There is one connection, so a
    ``db.session.rollback()`` also takes back what Ratchet has written since that session began to read.
    """
    with app.app_context():
        engines: Any = db.engines
    with ExitStack() as undo:
        undo.callback(cast("Services", app.extensions[EXTENSION]).authenticator.forget_attempts)
        for key, engine in list(engines.items()):
            connection = undo.enter_context(_rolled_back(engine))
            undo.callback(engines.__setitem__, key, engine)
            engines[key] = connection
        undo.enter_context(_joined_sessions(db))
        yield


@contextmanager
def _rolled_back(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back in the end."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":  # its driver begins a transaction late, and none for a savepoint
            connection.execution_options(isolation_level="AUTOCOMMIT")
        transaction = connection.begin()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            transaction.rollback()


@contextmanager
def _joined_sessions(db: SQLAlchemy) -> Iterator[None]:
    """Let each session of ``db`` use a savepoint of the connection that its engine was replaced by."""
    factory: Any = db.session.session_factory
    hosts, mode = factory.class_, factory.kw.get("join_transaction_mode", "conditional_savepoint")
    _close_session(db)
    factory.class_ = type(hosts.__name__, (_JoinedSession, hosts), {})
    event.listen(factory.class_, "before_flush", lambda session, *_: session.info.update(written=True))
    event.listen(factory.class_, "do_orm_execute", _note_write)
    event.listen(factory.class_, "after_transaction_end", _forget_write)
    factory.configure(join_transaction_mode="create_savepoint")
    try:
        yield
    finally:
        _close_session(db)
        factory.class_ = hosts
        factory.configure(join_transaction_mode=mode)


class _JoinedSession(Session):
    """A session that does not take back what others have written if it has only read itself.

    Ratchet writes on the same connection, so a savepoint that a view has opened by reading lies before what
    Ratchet writes in that request.
    """

    def close(self) -> None:
        """Close the session, and release the savepoint of one that has only read, where others roll back."""
        if self.in_transaction() and not self.info.get("written"):
            self.expunge_all()
            self.commit()
        super().close()


def _note_write(state: ORMExecuteState) -> None:
    if not state.is_select:
        state.session.info["written"] = True


def _forget_write(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop("written", None)


def _close_session(db: SQLAlchemy) -> None:
    """Close the ``db.session`` of a test that holds an app context open: it keeps its engine."""
    if has_app_context():
        db.session.remove()
