"""A database server that drops every connection, goes away and comes back under load, or fails over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.campaigns.nodes.cluster import Cluster, cluster_in
from tests.campaigns.nodes.daemon import passable_folder
from tests.campaigns.nodes.ledger import Outages
from tests.support import databases
from tests.support.browser import Browser, refusal
from tests.support.clock import Clock
from tests.support.sites import add_user, let_in

from ...support.peers.insistent import Insistent, await_that, check_promise, progress, put_off, refreshing
from ...support.server.servers import server, site_on
from ...support.server.stage import Stage, looking_on, own_database
from ...support.server.tcp_proxy import TcpProxy, proxy_to

pytestmark = pytest.mark.long

BROWSERS = 8
CUTS = 15
RESTARTS = 3
LEEWAY = "0.05"
PAST_THE_LEEWAY = 40.0
A_WHILE = 0.5
"""Seconds in which a renewal that waits for nothing is long done."""


@pytest.fixture(params=databases.SERVERS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Stage, TcpProxy]]:
    """The site under gunicorn, and what stands between it and its database."""
    with own_database(request.param, "restart", tmp_path) as url:
        there = make_url(url)
        with (
            proxy_to(str(there.host), there.port or 0) as proxy,
            server(proxy.url(url), FLASK_RATCHET_LEEWAY=LEEWAY) as running,
            looking_on(url, tmp_path) as site,
        ):
            yield Stage(url, running, site), proxy


def test_dropped_connections_sign_nobody_out(stage: tuple[Stage, TcpProxy]) -> None:
    """Every connection of the site to its database is cut, again and again, at moments nobody chose."""
    site, proxy = stage
    browsers = [Insistent(person, site.base_url) for person in site.people(BROWSERS)]
    with refreshing(browsers):
        for _ in range(CUTS):
            await_that(progress(browsers[:1]))
            proxy.cut()
    check_promise(site.site, browsers)


def test_restarted_server_signs_nobody_out(stage: tuple[Stage, TcpProxy]) -> None:
    """Down means 503 for everybody, up means 200 for everybody."""
    site, proxy = stage
    browsers = [Insistent(person, site.base_url) for person in site.people(BROWSERS)]
    with refreshing(browsers):
        for _ in range(RESTARTS):
            proxy.go_away()
            await_that(put_off(browsers))
            proxy.come_back()
            await_that(progress(browsers))
    check_promise(site.site, browsers)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this test's own, and a standby."""
    with passable_folder() as folder, cluster_in(folder, Outages()) as made:
        yield made


@contextmanager
def before_the_fault(cluster: Cluster, *, synchronous: bool) -> Iterator[Browser]:
    """A browser that has renewed a while ago; from now on the standby gets nothing."""
    clock = Clock()
    with site_on(cluster.url):
        pass
    cluster.replicate(synchronous=synchronous)
    with looking_on(cluster.url, cluster.primary.folder, clock=clock) as site:
        browser = let_in(site, add_user(site, "ada@example.org"))
        assert browser.refresh().status_code == 200
        clock.advance(PAST_THE_LEEWAY)
        cluster.cut_off()
        yield browser


def test_failover_to_a_synchronous_standby_loses_nothing(cluster: Cluster) -> None:
    """A renewal waits for the standby, and its token is not sent before; afterwards the one before works."""
    with before_the_fault(cluster, synchronous=True) as browser, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(browser.refresh)
        time.sleep(A_WHILE)
        assert not waiting.done()
        cluster.promote()
        assert waiting.result().status_code in (200, 503)
        assert browser.refresh().status_code == 200


def test_failover_to_an_asynchronous_standby_loses_the_last_renewals(cluster: Cluster) -> None:
    """No code can bring them back: the new primary takes their tokens for stolen ones (docs/deploying.md)."""
    with before_the_fault(cluster, synchronous=False) as browser:
        assert browser.refresh().status_code == 200
        cluster.promote()
        assert refusal(browser.refresh()) == (401, "refresh_token_reused")
