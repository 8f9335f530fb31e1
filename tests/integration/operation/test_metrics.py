"""flask-ratchet[metrics]: every signal is counted once, under words that are few."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry

from app.auth.metrics import COUNTERS, count
from tests.support.browser import Browser, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite, let_in

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of this is in it


@pytest.fixture
def registry(site: Flask) -> CollectorRegistry:
    """Where the site is counted."""
    registry = CollectorRegistry()
    count(site, registry)
    return registry


def counted(registry: CollectorRegistry) -> dict[str, float]:
    """The counters that are not zero, by name and label."""
    return {
        f"{sample.name.removesuffix('_total')} {' '.join(sample.labels.values())}".strip(): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.value
    }


def refresh_twice(browser: Browser, _clock: Clock) -> None:
    """Rotate, and ask again at once."""
    for _ in range(2):
        assert browser.refresh().status_code == 200


def recover(browser: Browser, clock: Clock) -> None:
    """Lose a reply, and come back with the parent later."""
    before = browser.held
    browser.refresh()
    browser.refresh_cookie = before
    clock.advance(30)
    assert browser.refresh().status_code == 200


def steal(browser: Browser, clock: Clock) -> None:
    """Use a copy whose successor was used."""
    before = browser.held
    for _ in range(2):
        browser.refresh()
        clock.advance(30)
    browser.refresh_cookie = before
    assert refusal(browser.refresh()) == (401, "refresh_token_reused")


def sign_in(browser: Browser, _clock: Clock) -> None:
    """Sign in over the session that is there."""
    assert browser.sign_in().status_code == 200


def mistype(browser: Browser, _clock: Clock) -> None:
    """Guess until that is put off."""
    assert {browser.sign_in(password="wrong").status_code for _ in range(11)} == {401, 429}


def sign_out(browser: Browser, _clock: Clock) -> None:
    """Sign out."""
    assert browser.sign_out().status_code == 204


def change_password(browser: Browser, _clock: Clock) -> None:
    """Choose another password, which starts the session anew."""
    assert browser.change_password().status_code == 200


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        (sign_in, {"ratchet_sign_ins": 1, "ratchet_sessions_ended replaced": 1}),
        (
            mistype,
            {
                "ratchet_sign_in_failures invalid_credentials": 10,
                "ratchet_sign_in_failures too_many_attempts": 1,
            },
        ),
        (refresh_twice, {"ratchet_refreshes rotate": 1, "ratchet_refreshes repeat": 1}),
        (recover, {"ratchet_refreshes rotate": 1, "ratchet_refreshes recover": 1}),
        (
            steal,
            {"ratchet_refreshes rotate": 2, "ratchet_reuses": 1, "ratchet_sessions_ended reuse": 1},
        ),
        (sign_out, {"ratchet_sessions_ended signed_out": 1}),
        (
            change_password,
            {"ratchet_password_changes": 1, "ratchet_sessions_ended password_changed": 1},
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_happens_is_counted(
    site: Flask,
    ada: str,
    clock: Clock,
    registry: CollectorRegistry,
    do: Callable[[Browser, Clock], None],
    expected: dict[str, float],
) -> None:
    """Each kind of event under its own name and word, and nothing else."""
    browser = let_in(site, ada)
    before = counted(registry)
    do(browser, clock)
    told = {name: value - before.get(name, 0) for name, value in counted(registry).items()}
    assert {name: value for name, value in told.items() if value} == expected


def test_another_site_is_not_counted(make_site: MakeSite, ada: str, registry: CollectorRegistry) -> None:
    """Two apps in one process have counters of their own."""
    let_in(make_site(), ada)
    assert counted(registry) == {}


def test_counting_twice_is_refused(site: Flask, registry: CollectorRegistry) -> None:
    """A second count in the same registry would count everything double."""
    with pytest.raises(ValueError, match=COUNTERS[0].name):
        count(site, registry)


@pytest.mark.usefixtures("database")
def test_whoever_does_not_ask_loads_nothing() -> None:
    """The package is imported without the library for metrics."""
    check = "import app.auth, sys; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
