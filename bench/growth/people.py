"""Fills the users table of the reference site, as Ratchet and years of use leave it, by SQL in the server.

The indexes are those that the migrations make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

BATCH = 100_000
"""Users in one INSERT."""

DAY = 24 * 60 * 60

ID = "rtrim(translate(encode(decode(md5({}), 'hex'), 'base64'), '+/', '-_'), '=')"
"""An id of 128 bits as Ratchet spells it, from a text."""

SESSION = f"""jsonb_build_object(
    'id', {ID.format("'session ' || number || ' ' || id")},
    'current', {ID.format("'token ' || number || ' ' || id")},
    'parent', {ID.format("'parent ' || number || ' ' || id")},
    'made_at', :now - {DAY} - id % 1000 + 0.123456, 'shown_at', :now - {DAY} - id % 1000 + 0.123456,
    'served_at', :now - {DAY} - id % 1000 + 0.234567, 'started_at', :now - 5 * {DAY} - id % 1000 + 0.345678,
    'expires_at', :now + 90 * {DAY} + 0.345678, 'auth_time', :now - 5 * {DAY} - id % 1000 + 0.345678,
    'remember', true, 'delivery', 'body',
    'label', (array['Firefox on Linux', 'Chrome on Android'])[1 + number % 2],
    'started_by', '', 'confirmed_at', null)"""
"""The session of one number of a user, as ``storage.accounts`` writes it."""

INSERT = f"""INSERT INTO users
    (id, email, username, password_hash, sessions, sessions_version, ended, ended_at)
SELECT id, left(md5(id || ' address'), 12) || id || '@example.org',
    CASE WHEN id % 2 = 0 THEN left(md5(id || ' name'), 6) || id END,
    '$2b$12$' || left(md5(id || ' hash') || md5(id || ' more'), 53),
    (SELECT jsonb_agg({SESSION})
        FROM generate_series(1, 1 + (id % 5 = 0)::int + (id % 10 = 0)::int) AS number),
    id % 1000,
    CASE WHEN id % 3 = 0 THEN jsonb_build_array(jsonb_build_array(
        {ID.format("'ended ' || id")}, :now - {DAY} - id % 1000000 / 10.0, false)) END,
    CASE WHEN id % 3 = 0 THEN ((:now - {DAY} - id % 1000000 / 10.0) * 1000)::bigint END
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS id"""  # noqa: S608  # constants


def fill(engine: Engine, users: int, now: float, show: Callable[[int], object]) -> None:
    """Put so many users into the empty table; ``show`` is told how many are there.

    Eight in ten have one session, one in ten has two, one in ten has three, and one in three has signed out
    before. The indexes are made afterwards, as a restored backup has them.
    """
    with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
        connection.execute(text("TRUNCATE users"))
        with without_indexes(connection):
            for first in range(1, users + 1, BATCH):
                last = min(first + BATCH - 1, users)
                connection.execute(text(INSERT), {"first": first, "last": last, "now": now})
                show(last)


@contextmanager
def without_indexes(connection: Connection) -> Iterator[None]:
    """Take the indexes of the table away, all but that of the key, and make them again afterwards."""
    made = [
        (
            name,
            f"ALTER TABLE users ADD CONSTRAINT {name} {definition}",
            f"ALTER TABLE users DROP CONSTRAINT {name}",
        )
        for name, definition in connection.execute(text(CONSTRAINTS))
    ]
    constraints = {name for name, _, _ in made}
    made += [
        (name, definition, f"DROP INDEX {name}")
        for name, definition in connection.execute(text(INDEXES))
        if name not in constraints
    ]
    for _, _, drop in made:
        connection.execute(text(drop))
    yield
    for _, create, _ in made:
        connection.execute(text(create))


CONSTRAINTS = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = 'users'::regclass AND contype = 'u'"
)
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'users' AND indexname <> 'pk_users'"
