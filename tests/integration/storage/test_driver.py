"""The statements of a refresh go through the driver on one connection, unless the host would miss it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from app.auth import signals
from app.auth.storage import driver
from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.hosts.ways import DRIVER, SQLALCHEMY, ways
from tests.support.rows import at_each_statement, just_before, statements
from tests.support.sites import MakeSite

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ONE_CONNECTION = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 1}


def engine_of(site: Flask) -> Engine:
    """The engine of a site."""
    with site.app_context():
        engine: Engine = site.extensions["sqlalchemy"].engine
        return engine


def test_a_refresh_takes_one_connection(site: Flask, signed_in: Browser, clock: Clock) -> None:
    """Its SELECT and its UPDATE go through the driver, and a Repeat sends the SELECT only."""
    signed_in.refresh()
    clock.advance(40)
    with ways(engine_of(site)) as taken, statements(site) as sent:
        assert signed_in.refresh().status_code == 200
        assert (taken, sent) == (Counter({DRIVER: 1}), ["SELECT", "UPDATE"])
        assert signed_in.refresh().status_code == 200
        assert (taken, sent[2:]) == (Counter({DRIVER: 2}), ["SELECT"])


def heard(name: str, engine: Engine) -> None:
    """A host that listens to its engine."""
    values = name in ("before_execute", "before_cursor_execute")

    @event.listens_for(engine, name, named=True, retval=values)
    def listen(**told: Any) -> Any:
        if name == "before_execute":
            return told["clauseelement"], told["multiparams"], told["params"]
        return (told["statement"], told["parameters"]) if values else None


def logged(engine: Engine) -> None:
    """A host that logs its statements."""
    engine.echo = True


def given_an_option(engine: Engine) -> None:
    """A host whose engine has an option for every execution."""
    engine.update_execution_options(logging_token="Grace")


WATCHED: dict[str, Callable[[Engine], object]] = {
    **{name: partial(heard, name) for name in (*driver._HEARD_ON_ENGINE, *driver._HEARD_ON_DIALECT)},
    "a log": logged,
    "an option": given_an_option,
}


@on_sqlite
@pytest.mark.parametrize("watch", WATCHED.values(), ids=WATCHED)
def test_what_a_host_watches_is_executed_by_sqlalchemy(
    site: Flask, signed_in: Browser, clock: Clock, watch: Callable[[Engine], object]
) -> None:
    """Each row is a way in which a host sees or changes statements; it keeps it."""
    engine = engine_of(site)
    watch(engine)
    with ways(engine) as taken:
        clock.advance(40)
        assert signed_in.refresh().status_code == 200
    engine.echo = False
    assert (taken[DRIVER], taken[SQLALCHEMY]) == (0, 2)


@on_sqlite
def test_another_driver_is_used_by_sqlalchemy(
    site: Flask, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How such a driver switches transactions off is not known here."""
    monkeypatch.delitem(driver._AUTOCOMMIT, "pysqlite")
    with ways(engine_of(site)) as taken:
        assert signed_in.refresh().status_code == 200
    assert taken == Counter({SQLALCHEMY: 2})


@on_sqlite
@pytest.mark.parametrize("name", ["do_orm_execute", "after_begin"])
def test_a_session_that_is_listened_to_asks_for_the_user(make_stranger: MakeStranger, name: str) -> None:
    """Its listener hides rows, or tells the database who asks; the UPDATE goes through the driver."""
    stranger = make_stranger()
    stranger.add_user()
    browser, told = stranger.signed_in(), list[str]()
    event.listen(stranger.db.session, name, lambda *_: told.append(name))
    with ways(engine_of(stranger.app)) as taken:
        assert browser.refresh().status_code == 200
    assert (told, taken) == ([name], Counter({SQLALCHEMY: 1, DRIVER: 1}))


@on_sqlite
def test_a_session_with_a_method_of_its_own_asks_for_the_user(make_stranger: MakeStranger) -> None:
    """A class of the host that overrides execute() may hide rows there."""
    stranger = make_stranger()
    stranger.add_user()
    told = list[str]()
    factory = stranger.db.session.session_factory

    class Telling(factory.class_):  # type: ignore[name-defined,misc]  # made at run time
        def execute(self, *arguments: Any, **options: Any) -> Any:
            told.append("asked")
            return super().execute(*arguments, **options)

    factory.class_ = Telling
    browser = stranger.signed_in()
    told.clear()
    assert browser.refresh().status_code == 200
    assert told == ["asked"]


def test_a_listener_that_comes_between_hears_the_next_statement(
    site: Flask, signed_in: Browser, clock: Clock
) -> None:
    """The way is chosen for each statement."""
    sent: list[str] = []
    engine = engine_of(site)
    clock.advance(40)

    def listen() -> None:
        event.listen(engine, "before_cursor_execute", lambda *told: sent.append(told[2].split()[0]))

    with just_before(site, "SELECT", listen):
        assert signed_in.refresh().status_code == 200
    assert sent == ["UPDATE"]


def test_an_engine_that_is_disposed_of_between_is_asked_again(
    site: Flask, signed_in: Browser, clock: Clock
) -> None:
    """The connection in use is good, and the next request takes one of the new pool."""
    engine = engine_of(site)
    old = engine.pool
    clock.advance(40)
    with just_before(site, "UPDATE", engine.dispose):
        assert signed_in.refresh().status_code == 200
    old.dispose()
    clock.advance(40)
    assert signed_in.refresh().status_code == 200


@pytest.mark.parametrize("level", [None, "AUTOCOMMIT", "SERIALIZABLE"])
def test_a_connection_goes_back_as_it_came(
    make_site: MakeSite, signed_in: Browser, clock: Clock, level: str | None
) -> None:
    """What the host has set for its transactions is set again."""
    further = {"isolation_level": level} if level else {}
    site = make_site(SQLALCHEMY_ENGINE_OPTIONS=further)
    browser, engine = Browser(site, signed_in.refresh_cookie), engine_of(site)
    came, went = list[Any](), list[Any]()
    read = driver._AUTOCOMMIT[engine.driver].read
    event.listen(engine, "checkout", lambda connection, *_: came.append(read(connection)))
    event.listen(engine, "checkin", lambda connection, *_: went.append(read(connection)))
    clock.advance(40)
    assert browser.refresh().status_code == 200
    assert came == went
    assert len(went) == 1
    assert (went[0] == driver._AUTOCOMMIT[engine.driver].on) is (level == "AUTOCOMMIT")


@pytest.fixture
def narrow(make_stranger: MakeStranger) -> Stranger:
    """A host with a pool of one connection, which its hooks need too."""

    def ask(_user: Any) -> dict[str, Any]:
        return {"members": count(made)}

    made = make_stranger(claims=ask, SQLALCHEMY_ENGINE_OPTIONS=ONE_CONNECTION)
    made.add_user()
    return made


def count(stranger: Stranger) -> int:
    """How many users a host has, by a connection of its pool."""
    with stranger.app.app_context(), stranger.db.engine.connect() as connection:
        return int(connection.execute(stranger.db.text("SELECT count(*) FROM members")).scalar_one())


def test_one_connection_is_enough(narrow: Stranger, clock: Clock) -> None:
    """It is given back before signals are sent and hooks are called."""
    counted: list[int] = []

    def hear(_sender: object, **_: object) -> None:
        counted.append(count(narrow))

    browser = narrow.signed_in()
    clock.advance(40)
    with signals.session_refreshed.connected_to(hear):
        assert browser.refresh().status_code == 200
    assert counted == [1]


@pytest.mark.parametrize("name", ["do_orm_execute", "before_cursor_execute"])
def test_one_connection_is_enough_for_both_ways(narrow: Stranger, clock: Clock, name: str) -> None:
    """If SQLAlchemy executes one of the statements, the driver's connection is given back first."""
    browser, engine = narrow.signed_in(), engine_of(narrow.app)
    target: Any = narrow.db.session if name == "do_orm_execute" else engine
    clock.advance(40)

    def listen() -> None:
        event.listen(target, name, lambda *_: None)

    with just_before_any(engine, listen):
        assert browser.refresh().status_code == 200
    clock.advance(40)
    assert browser.refresh().status_code == 200


def just_before_any(engine: Engine, act: Callable[[], None]) -> Any:
    """Run ``act`` before the first statement of this engine."""
    left = [act]
    return at_each_statement(engine, lambda _: left.pop()() if left else None)


@on_sqlite
def test_a_database_in_memory_is_kept(make_stranger: MakeStranger, clock: Clock) -> None:
    """Every connection of its pool is the same one."""
    stranger = make_stranger(url="sqlite://")
    stranger.add_user()
    browser = stranger.signed_in()
    for _ in range(3):
        clock.advance(40)
        with ways(engine_of(stranger.app)) as taken:
            assert browser.refresh().status_code == 200
        assert taken == Counter({DRIVER: 1})
