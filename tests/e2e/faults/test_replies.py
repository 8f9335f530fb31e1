"""Replies that are lost after the commit, and requests that never arrive, between browsers and gunicorn."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import pytest

from tests.support import databases

from ...campaigns.counts import count
from ...support.peers.insistent import Insistent, await_that, check_promise, refreshing
from ...support.server.stage import Stage, staged
from ...support.server.tcp_proxy import Fate, Judge, TcpProxy, proxy_to

pytestmark = pytest.mark.long

LOSSES = count(200, 1000)
"""Replies to lose on each database."""

BROWSERS = 16
LEEWAY = 0.05
"""Seconds. So short that a lost reply is followed by repeats and by recoveries."""


@pytest.fixture(params=databases.KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """The site under gunicorn, with a short leeway."""
    with staged(request.param, "replies", tmp_path, FLASK_RATCHET_LEEWAY=str(LEEWAY)) as started:
        yield started


@pytest.fixture
def proxy(stage: Stage) -> Iterator[TcpProxy]:
    """What stands between the browsers and the site."""
    address = urlsplit(stage.base_url)
    with proxy_to(str(address.hostname), address.port or 0) as started:
        yield started


def test_lost_replies_sign_nobody_out_and_leave_one_branch(stage: Stage, proxy: TcpProxy) -> None:
    """Half of the replies are lost and some requests too; every browser goes on with what it has."""
    browsers = [Insistent(person, f"http://127.0.0.1:{proxy.port}") for person in stage.people(BROWSERS)]
    proxy.judge = unlucky(lost_replies=0.5, lost_requests=0.1)
    with refreshing(browsers):
        await_that(lambda: len(proxy.lost) >= LOSSES)
    proxy.spare()
    check_promise(stage.site, browsers)
    assert sum(answer.startswith(b"HTTP/1.1 200") for answer in proxy.lost) >= LOSSES
    assert sum(browser.lost for browser in browsers) >= LOSSES


def unlucky(lost_replies: float, lost_requests: float) -> Judge:
    """A network that loses these parts of everything, always in the same order."""
    dice, lock = random.Random(7), Lock()  # noqa: S311  # luck, not a secret

    def judge(_piece: bytes) -> Fate:
        with lock:
            throw = dice.random()
        if throw < lost_replies:
            return Fate.LOSE_ANSWER
        return Fate.CUT if throw < lost_replies + lost_requests else Fate.PASS

    return judge
