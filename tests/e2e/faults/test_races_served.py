"""A hundred connections at once with one token, to gunicorn with four workers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.support import databases
from tests.support.browser import REFRESH_COOKIE

from ...support.peers.caller import Client
from ...support.peers.promise import check_one_branch
from ...support.server.stage import Stage, staged

pytestmark = pytest.mark.long

CLIENTS = 100
RACES = 8
WORKERS = 4
PATIENCE = 60


@pytest.fixture(params=databases.KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """The site under gunicorn with four workers and the default leeway."""
    with staged(request.param, "served_races", tmp_path, workers=WORKERS) as started:
        yield started


def test_a_hundred_connections_at_once_get_one_successor(stage: Stage) -> None:
    """Every reply is 200 and brings the same token; then every client goes on with it."""
    line = Barrier(CLIENTS)

    def present(token: str) -> tuple[int, str]:
        client = Client(stage.base_url)
        client.cookies[REFRESH_COOKIE] = token
        line.wait(PATIENCE)
        return client.refresh().status, client.cookies[REFRESH_COOKIE]

    with ThreadPoolExecutor(CLIENTS) as clients:
        for person in stage.people(RACES):
            told = set(clients.map(present, [person.cookie] * CLIENTS))
            ((status, successor),) = told
            assert status == 200
            assert successor != person.cookie
            assert set(clients.map(present, [successor] * CLIENTS)) == told
            check_one_branch(stage.site, person.subject, [person.cookie, successor])
