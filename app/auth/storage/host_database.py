"""What Ratchet uses of the host's ``db``: the engine of a table, the class of sessions, and the open session.

``db`` is the SQLAlchemy object of Flask-SQLAlchemy or of Flask-SQLAlchemy-Lite, or the ``scoped_session`` of
a host that uses SQLAlchemy only.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Table
from sqlalchemy.orm import Mapper, Session, scoped_session, sessionmaker

from ..errors import SettingsError


class LiteSQLAlchemy(Protocol):
    """The SQLAlchemy object of Flask-SQLAlchemy-Lite."""

    @property
    def engines(self) -> dict[str, Engine]:
        """The engines of the app, by their names."""
        ...

    @property
    def sessionmaker(self) -> sessionmaker[Session]:
        """The factory of sessions."""
        ...

    @property
    def session(self) -> Session:
        """The session of the app context."""
        ...


HostDb = SQLAlchemy | LiteSQLAlchemy | scoped_session[Any]
"""What a host gives as ``db``."""


class HostDatabase(Protocol):
    """One host's way to its engines and sessions."""

    def bind(self, mapper: Mapper[Any], table: Table) -> Engine | Connection:
        """The engine of a table, or the connection that a test has put in its place."""
        ...

    @property
    def factory(self) -> sessionmaker[Any]:
        """Makes sessions of the host's class, with its options."""
        ...

    def session(self) -> Session:
        """The session of this request."""
        ...

    def open_session(self) -> Session | None:
        """The same, if there is one already."""
        ...


def host_database(db: Any) -> HostDatabase:
    """The way to this host's database. Raises SettingsError if ``db`` is something else."""
    if all(hasattr(type(db), name) for name in ("engines", "sessionmaker", "session")):
        return _Lite(db)
    scoped = db if isinstance(db, scoped_session) else getattr(db, "session", None)
    if isinstance(scoped, scoped_session) and isinstance(scoped.session_factory, sessionmaker):
        return _Scoped(scoped) if scoped is db else _FlaskSQLAlchemy(db)
    raise SettingsError(
        f"db is of type {type(db).__name__}, which Ratchet cannot use: give it the SQLAlchemy object of "
        "Flask-SQLAlchemy or of Flask-SQLAlchemy-Lite, or the scoped_session(sessionmaker(engine)) of "
        "SQLAlchemy"
    )


class _Scoped:
    """A host that uses SQLAlchemy only."""

    def __init__(self, session: scoped_session[Any]) -> None:
        self._given = session

    @property
    def _session(self) -> scoped_session[Any]:
        return self._given

    def bind(self, mapper: Mapper[Any], table: Table) -> Engine | Connection:
        return _bind_of(self.factory, mapper, table)

    @property
    def factory(self) -> sessionmaker[Any]:
        return self._session.session_factory

    def session(self) -> Session:
        return cast("Session", self._session())

    def open_session(self) -> Session | None:
        return self.session() if self._session.registry.has() else None


class _FlaskSQLAlchemy(_Scoped):
    """A host that uses Flask-SQLAlchemy; its tests can replace ``db.session`` and ``db.engines``."""

    def __init__(self, db: SQLAlchemy) -> None:
        self._db = db

    @property
    def _session(self) -> scoped_session[Any]:
        return self._db.session

    def bind(self, mapper: Mapper[Any], table: Table) -> Engine | Connection:  # noqa: ARG002  # as the others
        return self._db.engines[table.metadata.info.get("bind_key")]


class _Lite:
    """A host that uses Flask-SQLAlchemy-Lite."""

    def __init__(self, db: LiteSQLAlchemy) -> None:
        self._db = db

    def bind(self, mapper: Mapper[Any], table: Table) -> Engine | Connection:
        return _bind_of(self.factory, mapper, table)

    @property
    def factory(self) -> sessionmaker[Any]:
        return self._db.sessionmaker

    def session(self) -> Session:
        return self._db.session

    def open_session(self) -> Session | None:
        return self._db.session


def _bind_of(factory: sessionmaker[Any], mapper: Mapper[Any], table: Table) -> Engine | Connection:
    """What the options of the factory name; a ``get_bind`` of the host could lead to a replica."""
    bind, binds = factory.kw.get("bind"), factory.kw.get("binds")
    if bind is not None and not binds:
        return cast("Engine | Connection", bind)
    with Session(bind, binds=binds) as plain:
        return plain.get_bind(mapper, clause=table)
