"""What keeps the statements as fast in a large table of PostgreSQL as in a small one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.dialects import postgresql

from app.auth.storage.statements import Statements
from app.models import User
from bench.growth.people import fill
from bench.growth.site import Site
from tests.support.databases import fresh_database

USERS = 2_000


@pytest.fixture
def url(tmp_path: Path, worker_id: str) -> Iterator[str]:
    """The URL of an empty database on PostgreSQL."""
    with fresh_database("postgresql", f"ratchet_large_{worker_id}", tmp_path) as fresh:
        yield fresh


@pytest.fixture
def large(url: str) -> Iterator[Site]:
    """A site with many users, whose table was made by the migrations."""
    site = Site(url)
    site.migrate()
    engine = create_engine(url)
    fill(engine, USERS, site.now, lambda _: None)
    engine.dispose()
    yield site
    site.close()


@pytest.fixture
def operator(url: str) -> Iterator[Engine]:
    """The operator's own connections."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.mark.usefixtures("large")
def test_the_question_uses_its_index_before_there_are_statistics(operator: Engine) -> None:
    """PostgreSQL expects few rows for the question, also of a column that a migration has just added."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type for it
    asked = Statements(User).ended.params(since=int(time.time() * 1000))
    sql = asked.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with operator.connect() as connection:
        connection.execute(text("VACUUM users"))
        connection.execute(text("DELETE FROM pg_statistic WHERE starelid = 'users'::regclass"))
        plan = connection.execute(text(f"EXPLAIN (FORMAT JSON) {sql}")).scalar_one()[0]["Plan"]
    assert plan["Plan Rows"] <= USERS / 100, plan


def test_refreshes_write_to_no_index(large: Site, operator: Engine) -> None:
    """Every page has room for the next version of a row (heap-only tuples). Each user is on another one."""
    users = list(range(1, USERS, 20))
    large.take_tokens(users)
    for user in users:
        large.refresh(user)
    large.close()
    assert counted(operator, len(users)) == len(users)


def test_a_sign_out_writes_to_the_indexes(large: Site, operator: Engine) -> None:
    """It changes ``ended_at``, which has an index, so the update cannot stay within its page."""
    large.take_tokens([1])
    large.end(1)
    large.close()
    assert counted(operator, 1) == 0


def counted(operator: Engine, updates: int) -> int:
    """How many of these updates have touched no index, as soon as the server has counted them all."""
    query = text("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'users'")
    for _ in range(100):
        with operator.connect() as connection:
            seen, hot = connection.execute(query).one()
        if seen >= updates:
            return int(hot)
        time.sleep(0.1)
    raise AssertionError(f"the server has counted {seen} updates of {updates}")


def test_a_refresh_reads_and_writes_one_row_by_its_key() -> None:
    """Both statements name one table and begin their WHERE with its primary key; no other row is touched."""
    statements = Statements(User)
    swap = statements.compare_and_swap("sessions", same_hash=False)
    read, written = (" ".join(str(one).split()) for one in (statements.by_key, swap))
    assert "FROM users WHERE users.id = :row_key" in read
    assert "UPDATE users SET" in written
    assert "WHERE users.id = :row_key AND" in written
