"""Flask-SQLAlchemy-Lite and plain SQLAlchemy work as well; what cannot work is refused with its cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, jsonify
from flask_sqlalchemy_lite import SQLAlchemy as LiteSQLAlchemy
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    mapped_column,
    scoped_session,
    sessionmaker,
)

from app.auth import Ratchet, RatchetUser, SettingsError, current_user
from tests.support.browser import PASSWORD, Browser, refusal
from tests.support.clock import Clock
from tests.support.samples import SECRET
from tests.support.sites import HASH

A_CLASS: Any = Session


class Host:
    """An app with users in a table of its own, without Flask-SQLAlchemy."""

    def __init__(self, db: Any, app: Flask, clock: Clock, session: Callable[[], Any]) -> None:
        class Base(DeclarativeBase):
            pass

        class Sailor(RatchetUser, Base):
            __tablename__ = "sailors_of_hosts"
            id: Mapped[int] = mapped_column(primary_key=True)

        self.app, self.base, self.model, self.session = app, Base, Sailor, session
        self.ratchet = Ratchet(app, db=db, user_model=Sailor, clock=clock)

        @app.get("/who")
        @self.ratchet.required
        def who() -> Any:
            return jsonify(email=current_user.email, shown=current_user in session())

    def fill(self, engine: Engine) -> None:
        """Make the table, with one user."""
        self.base.metadata.create_all(engine)
        with self.app.app_context():
            self.session().add(self.model(email="ada@example.org", password_hash=HASH))
            self.session().commit()


def lite(url: str, clock: Clock) -> tuple[Host, Engine]:
    """A host that uses Flask-SQLAlchemy-Lite."""
    app = Flask("lite")
    app.config.update(
        SECRET_KEY=SECRET, TESTING=True, RATCHET_BCRYPT_ROUNDS=10, SQLALCHEMY_ENGINES={"default": url}
    )
    db = LiteSQLAlchemy(app)
    with app.app_context():
        return Host(db, app, clock, lambda: db.session), db.engine


def plain(url: str, clock: Clock) -> tuple[Host, Engine]:
    """A host that uses SQLAlchemy only."""
    app, engine = Flask("plain"), create_engine(url)
    app.config.update(SECRET_KEY=SECRET, TESTING=True, RATCHET_BCRYPT_ROUNDS=10)
    session = scoped_session(sessionmaker(engine))
    app.teardown_appcontext(lambda _: session.remove())
    return Host(session, app, clock, session), engine


def routed(url: str, clock: Clock) -> tuple[Host, Engine]:
    """The same, with its base class bound to the engine, and another engine for everything else."""
    app, engine = Flask("routed"), create_engine(url)
    app.config.update(SECRET_KEY=SECRET, TESTING=True, RATCHET_BCRYPT_ROUNDS=10)
    factory = sessionmaker(create_engine("sqlite://"))
    session = scoped_session(factory)
    app.teardown_appcontext(lambda _: session.remove())
    host = Host(session, app, clock, session)
    factory.configure(binds={host.base: engine})
    return host, engine


@pytest.fixture(params=[lite, plain, routed])
def host(request: pytest.FixtureRequest, database: str, clock: Clock) -> Iterator[Host]:
    """Each of these hosts, with one user."""
    made, engine = request.param(database, clock)
    made.fill(engine)
    yield made
    made.base.metadata.drop_all(engine)
    engine.dispose()


def test_a_user_is_kept_signed_in(host: Host) -> None:
    """Sign-in, guard, ``current_user`` in the host's own session, refresh, theft and sign-out."""
    browser = Browser(host.app)
    assert refusal(browser.sign_in("ada@example.org", "wrong")) == (401, "invalid_credentials")
    assert browser.sign_in("ada@example.org", PASSWORD).status_code == 200
    assert browser.client.get("/who").get_json() == {"email": "ada@example.org", "shown": True}
    assert browser.refresh().status_code == 200
    assert browser.sign_out().status_code == 204
    assert browser.refresh().status_code == 401


def test_nothing_pending_of_the_host_is_committed(host: Host) -> None:
    """Ratchet writes on a connection of its own, and tells the host's object what it wrote."""
    with host.app.test_request_context():
        session = host.session()
        user = session.scalars(select(host.model)).one()
        host.ratchet.block(user)
        assert user.blocked
        host.ratchet.unblock(user)
        user.email = "pending@example.org"
        session.rollback()
        assert user.email == "ada@example.org"


def test_listeners_of_the_host_hide_rows(host: Host) -> None:
    """The SELECT of a user runs in a session of the host's class."""
    hidden: list[bool] = []

    def hide(state: Any) -> None:
        if state.is_select and hidden:
            state.statement = state.statement.where(host.model.email != "ada@example.org")

    with host.app.app_context():
        factory = host.session.session_factory if isinstance(host.session, scoped_session) else None
        target = factory or host.session().__class__
    event.listen(target, "do_orm_execute", hide)
    try:
        hidden.append(True)
        assert Browser(host.app).sign_in("ada@example.org", PASSWORD).status_code == 401
    finally:
        event.remove(target, "do_orm_execute", hide)


def test_the_commands_work(host: Host) -> None:
    """Also those that add, change and delete rows."""
    run = host.app.test_cli_runner().invoke
    assert run(args=["ratchet", "create-user", "eve@example.org"], input=f"{PASSWORD}\n").exit_code == 0
    assert run(args=["ratchet", "block", "eve@example.org"]).exit_code == 0
    assert run(args=["ratchet", "list"]).output.count("example.org") == 2
    assert "lacks" not in run(args=["ratchet", "doctor"]).output


@pytest.mark.parametrize(
    "db",
    [
        pytest.param(lambda: create_engine("sqlite://"), id="an engine"),
        pytest.param(lambda: sessionmaker(create_engine("sqlite://")), id="a sessionmaker"),
        pytest.param(lambda: Session(create_engine("sqlite://")), id="a session"),
        pytest.param(lambda: scoped_session(A_CLASS), id="a scoped_session of a class"),
        pytest.param(lambda: None, id="nothing"),
    ],
)
def test_another_db_is_refused_at_start(db: Callable[[], Any], clock: Clock) -> None:
    """In one sentence that names what can be given."""
    app = Flask("other")
    app.config.update(SECRET_KEY=SECRET, TESTING=True)
    with pytest.raises(SettingsError, match=r"Flask-SQLAlchemy-Lite, or the scoped_session\(sessionmaker"):
        Host(db(), app, clock, lambda: None)


def test_a_dataclass_is_refused_with_a_base_that_works() -> None:
    """The sentence names the base, and a model on that base is in the same tables and relations."""

    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    with pytest.raises(TypeError, match=r"class Plain\(DeclarativeBase\): registry = Base\.registry"):

        class Refused(RatchetUser, Base):
            __tablename__ = "refused"
            id: Mapped[int] = mapped_column(primary_key=True, init=False)

    class Plain(DeclarativeBase):
        registry = Base.registry

    class Taken(RatchetUser, Plain):
        __tablename__ = "taken"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert Taken(email="ada@example.org").email == "ada@example.org"
    assert Taken.metadata is Base.metadata
