"""A database server that drops every connection, and goes away and comes back, under load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.support import databases

from ...support.peers.insistent import Insistent, await_that, check_promise, progress, put_off, refreshing
from ...support.server.servers import server
from ...support.server.stage import Stage, looking_on, own_database
from ...support.server.tcp_proxy import TcpProxy, proxy_to

pytestmark = pytest.mark.long

BROWSERS = 8
CUTS = 15
RESTARTS = 3
LEEWAY = "0.05"


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
