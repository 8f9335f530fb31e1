"""A short soak: enough for every kind of mishap to happen, and for thefts to be found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.databases import fresh_database
from tests.soak.ledger import Ledger
from tests.soak.plan import Plan
from tests.soak.run import soak

SECONDS = 16


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Ledger:
    """What a soak on PostgreSQL counted."""
    folder = tmp_path_factory.mktemp("soak")
    name = f"ratchet_soak_{os.environ.get('RATCHET_TEST_TAG', '')}{worker_id}"
    with fresh_database("postgresql", name, folder) as url:
        plan = Plan(
            url, SECONDS, users=3, browsers_per_user=2, most_tabs=3, leeway=2, kill_every=2.5, rotate_every=18
        )
        return soak(plan, Path(folder))


def test_every_promise_is_kept(ledger: Ledger) -> None:
    """No honest browser is signed out, every theft is found in time, nothing but 503 is a server's error."""
    assert ledger.broken == [], ledger.oddities


def test_something_happened(ledger: Ledger) -> None:
    """The promises were put to the test."""
    least = {"refreshes": 100, "kills": 2, "key rotations": 1, "lost replies": 3, "late replies": 10}
    assert {name: min(ledger.counts[name], number) for name, number in least.items()} == least
    assert ledger.found >= 2
