"""Writes that the database refuses: what may pass is tried again, a few times; the rest is a 503 at once."""

from __future__ import annotations

import pytest

from app.auth.storage.database import TRIES

from ...support.peers.faulty import EVER, Watched, check_unavailable
from ...support.server.scolding import scolding, writes

TRANSIENT = [
    pytest.param("postgresql", "40001", id="PostgreSQL could not serialize access"),
    pytest.param("postgresql", "40003", id="CockroachDB does not know the result of a commit"),
    pytest.param("postgresql", "40P01", id="PostgreSQL found a deadlock"),
    pytest.param("postgresql", "55P03", id="PostgreSQL could not have the lock"),
    pytest.param("mariadb", "1213", id="MariaDB found a deadlock"),
    pytest.param("mariadb", "1205", id="MariaDB waited too long for a lock"),
    pytest.param("postgresql", "25006", id="PostgreSQL is a standby and read-only"),
    pytest.param("mariadb", "1290", id="MariaDB is a replica and read-only"),
    pytest.param("mariadb", "1047", id="MariaDB has left its cluster"),
]
LASTING = [
    pytest.param("postgresql", "53100", id="PostgreSQL has a full disk"),
    pytest.param("postgresql", "57014", id="PostgreSQL cancelled the statement"),
    pytest.param("mariadb", "1114", id="MariaDB has a full table space"),
    pytest.param("mariadb", "1021", id="MariaDB has a full disk"),
]


@pytest.mark.parametrize(("database", "code"), TRANSIENT, indirect=["database"])
def test_passing_refusal_is_not_noticed(watched: Watched, database: str, code: str) -> None:
    """As long as one of the tries succeeds the answer is 200."""
    with scolding(database, code, TRIES - 1) as counter:
        assert watched.refresh().status_code == 200
        assert writes(counter) == TRIES
    watched.check_goes_on()


@pytest.mark.parametrize(("database", "code"), TRANSIENT, indirect=["database"])
def test_refusal_that_may_pass_is_tried_a_bounded_number_of_times(
    watched: Watched, database: str, code: str
) -> None:
    """After that it is a 503."""
    with scolding(database, code, EVER) as counter:
        check_unavailable(watched.refresh())
        assert writes(counter) == TRIES
    watched.check_goes_on()


@pytest.mark.parametrize(("database", "code"), LASTING, indirect=["database"])
def test_refusal_that_will_not_pass_is_a_503_at_once(watched: Watched, database: str, code: str) -> None:
    """There is no point in trying again."""
    with scolding(database, code, EVER) as counter:
        check_unavailable(watched.refresh())
        assert writes(counter) == 1
    watched.check_goes_on()
