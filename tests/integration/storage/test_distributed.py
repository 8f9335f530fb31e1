"""Databases that ask for transactions to be tried again, as CockroachDB and YugabyteDB do.

Neither runs here. PostgreSQL stands in for them: in SERIALIZABLE, where it refuses with the same SQLSTATE,
and with a trigger that refuses. The dialect of CockroachDB comes from a package of its own, so one of another
name stands in for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from werkzeug.test import TestResponse

from app.auth.storage.database import TRIES
from app.db import db
from app.models import User
from app.site import ratchet
from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.ways import DRIVER, ways
from tests.support.peers.faulty import EVER, check_unavailable
from tests.support.rows import at_each_statement, stored
from tests.support.server.scolding import scolding
from tests.support.sites import MakeSite, let_in

RETRYABLE = ("40001", "40P01", "40003")
"""Serialization failure, deadlock, and a commit whose result is not known."""

TABS = 6
ROUNDS = 5
SERIALIZABLE = {
    "connect_args": {"options": "-c default_transaction_isolation=serializable"},
    "pool_size": 2 * TABS,
}

SLOW = (
    """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM pg_sleep(0.1); RETURN new; END $$""",
    "CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow()",
)

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

Ask = Callable[[Browser], TestResponse]
POSTS: dict[str, Ask] = {
    "sign in": lambda browser: browser.sign_in(),
    "refresh": lambda browser: browser.refresh(),
    "sign out": lambda browser: browser.sign_out(),
    "sign out everywhere": lambda browser: browser.sign_out("all"),
    "change the password": lambda browser: browser.change_password(),
}


@pytest.fixture
def due(signed_in: Browser, clock: Clock) -> Browser:
    """A browser whose next refresh rotates."""
    signed_in.refresh()
    clock.advance(40)
    return signed_in


@pytest.mark.parametrize("code", RETRYABLE)
@pytest.mark.parametrize("what", POSTS)
def test_every_operation_is_tried_again(due: Browser, database: str, what: str, code: str) -> None:
    """Whoever asked does not notice."""
    with scolding(database, code, TRIES - 1):
        assert POSTS[what](due).status_code in (200, 204)


@pytest.mark.parametrize("what", POSTS)
def test_every_operation_is_a_503_in_the_end(
    due: Browser, database: str, site: Flask, ada: str, what: str
) -> None:
    """Nothing is written, no cookie changes, and the same request is fine later."""
    before = stored(site, ada)
    with scolding(database, "40001", EVER):
        check_unavailable(POSTS[what](due))
    assert stored(site, ada) == before
    assert POSTS[what](due).status_code in (200, 204)


@pytest.mark.parametrize("code", RETRYABLE)
def test_a_block_is_tried_again(due: Browser, database: str, site: Flask, ada: str, code: str) -> None:
    """And it is a block: no session of the user goes on."""
    with scolding(database, code, TRIES - 1), site.app_context():
        ratchet.block(db.session.get(User, int(ada)))
    assert due.refresh().status_code == 401


@pytest.fixture
def serializable(make_site: MakeSite) -> Flask:
    """A site on whose connections every statement is SERIALIZABLE."""
    return make_site(SQLALCHEMY_ENGINE_OPTIONS=SERIALIZABLE, RATCHET_MAX_SESSIONS=50)


@pytest.fixture
def slow_writes(database: str) -> Iterator[None]:
    """Every write keeps its row for a while, so that others come meanwhile and are refused."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in SLOW:
            connection.exec_driver_sql(statement)
        yield
        connection.exec_driver_sql("DROP TRIGGER slow ON users")
        connection.exec_driver_sql("DROP FUNCTION slow")
    engine.dispose()


@pytest.fixture
def refusals(serializable: Flask) -> Iterator[Counter[str]]:
    """How often the database refused a statement of this site in a test, by SQLSTATE."""
    told = Counter[str]()
    with serializable.app_context():
        engine: Engine = db.engine
    with at_each_statement(engine, lambda _: None, lambda error: told.update([error.sqlstate])):
        yield told


def all_at_once(*asks: Callable[[], TestResponse]) -> list[TestResponse]:
    """The replies to requests that are sent at the same moment."""
    line = Barrier(len(asks))

    def run(ask: Callable[[], TestResponse]) -> TestResponse:
        line.wait(60)
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(run, asks))


@pytest.mark.usefixtures("slow_writes")
def test_contention_signs_nobody_out(
    serializable: Flask, ada: str, clock: Clock, refusals: Counter[str]
) -> None:
    """Tabs of two devices refresh while others sign in and out, and the database refuses often (40001)."""
    devices = [let_in(serializable, ada) for _ in range(2)]
    for _ in range(ROUNDS):
        clock.advance(40)
        tabs = [Browser(serializable, device.held) for device in devices for _ in range(TABS // 2)]
        leaving = let_in(serializable, ada)
        replies = all_at_once(*(tab.refresh for tab in tabs), Browser(serializable).sign_in, leaving.sign_out)
        assert {reply.status_code for reply in replies} <= {200, 204, 503}
        devices = [device for device in devices if device.refresh().status_code == 200]
        assert leaving.refresh().status_code in (401, 503)
    assert len(devices) == 2
    assert refusals["40001"] >= ROUNDS
    assert refusals.keys() == {"40001"}


@pytest.mark.usefixtures("slow_writes")
def test_contention_finds_a_thief(
    serializable: Flask, ada: str, clock: Clock, refusals: Counter[str]
) -> None:
    """A token from before three rotations, presented at once with good ones, ends the session."""
    for _ in range(ROUNDS):
        device = let_in(serializable, ada)
        old = device.held
        for _ in range(3):
            clock.advance(40)
            assert device.refresh().status_code == 200
        clock.advance(40)
        tabs = [Browser(serializable, device.held) for _ in range(TABS)]
        *_, reply = all_at_once(*(tab.refresh for tab in tabs), Browser(serializable, old).refresh)
        assert refusal(reply) == (401, "refresh_token_reused")
        assert {tab.refresh().status_code for tab in tabs} == {401}
    assert refusals["40001"] >= 1


class Elsewhere(PGDialect_psycopg):
    """A database that is not PostgreSQL and speaks its protocol; it has JSON, not JSONB."""

    name = "elsewhere"
    supports_statement_cache = True


@pytest.fixture
def elsewhere(make_site: MakeSite, empty_database: str) -> Iterator[Flask]:
    """A site on a database of a dialect that Ratchet does not know."""
    registry.impls["elsewhere.psycopg"] = lambda: Elsewhere
    url = empty_database.replace("postgresql+", "elsewhere+", 1)
    site = make_site(SQLALCHEMY_DATABASE_URI=url)
    with site.app_context():
        db.create_all()
    yield site
    with site.app_context():
        db.engine.dispose()
    del registry.impls["elsewhere.psycopg"]


def test_an_unknown_dialect_of_a_known_driver_works(elsewhere: Flask, clock: Clock) -> None:
    """Its statements go through the driver: a sign-in, refreshes, a password change and a sign-out."""
    result = elsewhere.test_cli_runner().invoke(
        args=["ratchet", "create-user", "ada@example.org"], input=f"{PASSWORD}\n"
    )
    assert result.exit_code == 0, result.output
    browser = Browser(elsewhere)
    assert content(browser.sign_in("ada@example.org"))["user"]["email"] == "ada@example.org"
    with elsewhere.app_context():
        engine: Engine = db.engine
    with ways(engine) as taken:
        for _ in range(2):
            clock.advance(40)
            assert browser.refresh().status_code == 200
    assert taken[DRIVER] >= 2
    assert browser.change_password(new=NEW_PASSWORD).status_code == 200
    assert browser.sign_out("all").status_code == 204
