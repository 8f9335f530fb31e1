"""A short soak: enough for every kind of mishap to happen, and for thefts to be found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.campaigns.soak.ledger import Ledger
from tests.campaigns.soak.plan import Plan
from tests.campaigns.soak.run import soak

from ...support.server.stage import own_database

pytestmark = pytest.mark.long

SECONDS = 16
STRICT = {"FLASK_RATCHET_STRICT": "true"}
LONG_LEEWAY = {"FLASK_RATCHET_LEEWAY": "90s", "FLASK_RATCHET_ACCESS_TTL": "100s"}

Run = Callable[..., Ledger]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Make a small soak on PostgreSQL; further numbers of its plan by keyword."""

    def made(seconds: float, **further: Any) -> Ledger:
        folder = tmp_path_factory.mktemp("soak")
        with own_database("postgresql", "soak", folder) as url:
            numbers = {"users": 3, "browsers_per_user": 2, "most_tabs": 3, "leeway": 2} | further
            return soak(Plan(url, seconds, **numbers), folder)

    return made


@pytest.fixture(scope="module")
def ledger(run: Run) -> Ledger:
    """What a soak counted in which everything happens."""
    return run(SECONDS, kill_every=2.5, rotate_every=18)


def test_every_promise_is_kept(ledger: Ledger) -> None:
    """No honest browser is signed out, every theft is found in time, nothing but 503 is a server's error."""
    assert ledger.broken == [], ledger.oddities


def test_something_happened(ledger: Ledger) -> None:
    """The promises were put to the test."""
    least = {"refreshes": 100, "kills": 2, "key rotations": 1, "lost replies": 3, "late replies": 10}
    assert {name: min(ledger.counts[name], number) for name, number in least.items()} == least
    assert ledger.found >= 2


def test_a_rule_that_signs_honest_browsers_out_is_caught(run: Run) -> None:
    """Strict rotation takes two tabs for a theft, and the soak says so."""
    assert any("honest browsers signed out" in broken for broken in run(4, environment=STRICT).broken)


def test_a_rule_under_which_thieves_go_on_is_caught(run: Run) -> None:
    """With a leeway far beyond the one that was agreed on, thief and victim both go on; the soak says so."""
    assert any("thefts not found" in broken for broken in run(6, environment=LONG_LEEWAY).broken)
