"""Worker processes that are killed, replaced, stopped and forked, under load."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.support import databases

from ...campaigns.counts import count
from ...support.peers.insistent import Insistent, await_that, check_promise, refreshing
from ...support.server.stage import Stage, staged
from ...support.server.workers import connections_to, kill_workers, replaced, workers_of

pytestmark = pytest.mark.long

KILLS = count(20, 60)
"""Workers to kill on each database; each takes the requests with it that it was answering."""

BROWSERS = 12
LEEWAY = "0.05"


@pytest.fixture(scope="module", params=databases.KINDS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The site under gunicorn, loaded before its workers are forked, so that a new one is there at once."""
    folder = tmp_path_factory.mktemp("workers")
    with staged(
        request.param,
        "workers",
        folder,
        FLASK_RATCHET_LEEWAY=LEEWAY,
        GUNICORN_CMD_ARGS="--timeout 2 --log-level critical",
    ) as started:
        yield started


@pytest.fixture
def browsers(stage: Stage) -> list[Insistent]:
    """Browsers of as many people, signed in."""
    return [Insistent(person, stage.base_url) for person in stage.people(BROWSERS)]


def test_killing_workers_at_random_signs_nobody_out(stage: Stage, browsers: list[Insistent]) -> None:
    """At any moment of a request, kill -9: the browser asks again and goes on with the token it has."""
    with refreshing(browsers):
        killed = kill_workers(
            stage.running, KILLS, most_later=0.02, answers=lambda: sum(one.refreshes for one in browsers)
        )
    check_promise(stage.site, browsers)
    lost = sum(browser.lost for browser in browsers)
    print(f"{killed} kills, {lost} requests lost, {sum(browser.refreshes for browser in browsers)} refreshes")
    assert killed == KILLS
    assert lost >= KILLS


def test_worker_that_hangs_is_replaced_and_nobody_is_signed_out(
    stage: Stage, browsers: list[Insistent]
) -> None:
    """A worker that gives no sign of life is killed by gunicorn; its requests are lost like any others."""
    hanging, *_ = workers_of(stage.running)
    with refreshing(browsers):
        os.kill(hanging, signal.SIGSTOP)
        await_that(lambda: hanging not in workers_of(stage.running))
    check_promise(stage.site, browsers)


def test_reload_signs_nobody_out(stage: Stage, browsers: list[Insistent]) -> None:
    """SIGHUP: new workers take over, the old ones finish what they have."""
    with refreshing(browsers):
        before = workers_of(stage.running)
        stage.running.process.send_signal(signal.SIGHUP)
        await_that(replaced(stage.running, before))
    check_promise(stage.site, browsers)
    assert all(browser.refreshes > 1 for browser in browsers)


def test_site_is_loaded_once_before_its_workers_are_forked(stage: Stage) -> None:
    """The master has cryptography in its memory, which is the largest library, and the workers share it."""
    library, *_ = _mapped(stage.running.process.pid, "cryptography")
    for worker in workers_of(stage.running):
        assert library in _mapped(worker, "cryptography")


def _mapped(process: int, package: str) -> list[str]:
    """The addresses at which a process has the libraries of a package."""
    lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    return [line for line in lines if f"/{package}/" in line]


@pytest.mark.parametrize("stage", databases.SERVERS, indirect=True)
def test_workers_forked_from_a_loaded_site_share_no_connection(
    stage: Stage, browsers: list[Insistent]
) -> None:
    """Each worker has its own connections, the master none; every answer is to its asker."""
    port = make_url(stage.url).port or 0
    with refreshing(browsers):
        one, other = workers_of(stage.running)
        await_that(lambda: bool(connections_to(port, one) and connections_to(port, other)))
        shared = connections_to(port, one) & connections_to(port, other)
    check_promise(stage.site, browsers)
    assert not shared
    assert not connections_to(port, stage.running.process.pid)
