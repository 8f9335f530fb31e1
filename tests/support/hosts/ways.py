"""Which way statements take to a host's database: through the driver, or executed by SQLAlchemy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine

DRIVER, SQLALCHEMY = "the driver", "SQLAlchemy"


@contextmanager
def ways(engine: Engine) -> Iterator[Counter[str]]:
    """How often each of the two takes a connection of this engine in this block."""
    taken = Counter[str]()
    raw_connection, connect = engine.raw_connection, engine.connect

    def by_driver() -> Any:
        taken[DRIVER] += 1
        return raw_connection()

    def by_sqlalchemy() -> Any:
        taken[SQLALCHEMY] += 1
        taken[DRIVER] -= 1  # it takes a raw connection in turn
        return connect()

    with patch.object(engine, "raw_connection", by_driver), patch.object(engine, "connect", by_sqlalchemy):
        yield taken
