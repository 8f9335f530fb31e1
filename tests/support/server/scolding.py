"""A database server that refuses writes to the users table with an error of the test's choice.

The error is the server's own: a trigger raises it, and a sequence, which no rollback turns back, counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine

COUNT = "CREATE SEQUENCE refusals START WITH 1"
SCOLD = {
    "postgresql": (
        """CREATE FUNCTION scold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('refusals') <= {times} THEN
               RAISE EXCEPTION 'refused by the test' USING ERRCODE = '{code}';
             END IF;
             RETURN new;
           END $$""",
        "CREATE TRIGGER scold BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION scold()",
    ),
    "mysql": (
        """CREATE TRIGGER scold BEFORE UPDATE ON users FOR EACH ROW
             IF nextval(refusals) <= {times} THEN
               SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'refused by the test';
             END IF""",
    ),
}
STOP = {
    "postgresql": ("DROP TRIGGER scold ON users", "DROP FUNCTION scold", "DROP SEQUENCE refusals"),
    "mysql": ("DROP TRIGGER scold", "DROP SEQUENCE refusals"),
}


@contextmanager
def scolding(url: str, code: str, times: int) -> Iterator[Connection]:
    """The first ``times`` writes fail with ``code``; gives a connection to count them with."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        _run(connection, COUNT, *(line.format(times=times, code=code) for line in SCOLD[engine.dialect.name]))
        try:
            yield connection
        finally:
            _run(connection, *STOP[engine.dialect.name])
    engine.dispose()


def writes(connection: Connection) -> int:
    """How many writes were tried."""
    function = "nextval('refusals')" if connection.dialect.name == "postgresql" else "nextval(refusals)"
    return int(connection.exec_driver_sql(f"SELECT {function}").scalar_one()) - 1


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
