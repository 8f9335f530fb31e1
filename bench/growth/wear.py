"""What free space on each page (fillfactor) does to a table whose rows are refreshed again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .people import fill
from .server import Server
from .trial import Table

FILLED = (100, 90, 80)
"""Percent of a page that an INSERT fills."""

ROUNDS = (1, 1, 3, 5)
"""Refreshes for each user, one part after the other."""

PROCEDURE = """CREATE OR REPLACE PROCEDURE wear(updates int, number int) LANGUAGE plpgsql AS $$
DECLARE chosen int;
BEGIN
    FOR done IN 1..updates LOOP
        chosen := 1 + floor(random() * number)::int;
        UPDATE users SET sessions_version = sessions_version + 1, sessions = jsonb_set(
            sessions, '{0,current}', to_jsonb(left(md5(random()::text), 22)))
        WHERE id = chosen;
        COMMIT;
    END LOOP;
END $$"""
"""What a refresh writes, for random users, each in a transaction of its own."""


class Worn(NamedTuple):
    """A table after a part of its refreshes: the share that touched no index, and its bytes per user."""

    filled: int
    refreshes: int
    hot_share: float
    size: float
    index_size: float


def wear(server: Server, users: int, show: Callable[[str], object]) -> Iterator[Worn]:
    """Refresh the users of one table after another, each with another fillfactor."""
    for filled in FILLED:
        table = Table(server, server.url(f"worn_{filled}"), users, 1)
        table.site.migrate()
        table.run(f"ALTER TABLE users SET (fillfactor = {filled})", PROCEDURE)
        fill(table.engine, users, table.site.now, lambda _: None)
        table.run("VACUUM ANALYZE users")
        done = 0
        for rounds in ROUNDS:
            done += rounds
            show(f"fillfactor {filled}: {done} refreshes a user")
            yield _worn(table, filled, rounds, done)
        table.close()


def _worn(table: Table, filled: int, rounds: int, done: int) -> Worn:
    updates, hot = table.counted()[:2]
    table.run(f"CALL wear({rounds * table.users}, {table.users})")
    after = table.counted()
    size, _, index_size = table.bytes_per_user()
    return Worn(filled, done, (after[1] - hot) / (after[0] - updates), size, index_size)
