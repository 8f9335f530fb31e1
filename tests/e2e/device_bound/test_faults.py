"""A fault does not end a bound session: a database that is away, a reply that is lost, a changed secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy.engine import make_url

from tests.support import databases
from tests.support.chromium.tabs import eventually
from tests.support.device_bound.owner import Owner
from tests.support.device_bound.served import REFRESH, REGISTER, Room, serve_room
from tests.support.device_bound.window import binding_chromium
from tests.support.server.servers import SECRET
from tests.support.server.stage import TAG
from tests.support.server.tcp_proxy import Fate, TcpProxy, proxy_to

NEW_SECRET = "the next secret of a served site, forty characters"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database on PostgreSQL."""
    with databases.fresh_database(
        "postgresql", f"ratchet_fault{TAG}", tmp_path_factory.mktemp("fault")
    ) as url:
        yield url


@pytest.fixture(scope="module")
def line(database: str) -> Iterator[TcpProxy]:
    """What stands between the site and its database."""
    server = make_url(database)
    with proxy_to(str(server.host), server.port or 0) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def served(database: str, line: TcpProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A room of its own, whose database can go away."""
    with serve_room(database, tmp_path_factory.mktemp("room"), line.url(database)) as room:
        yield room


@pytest.fixture
def context(served: Room, tmp_path: Path) -> Iterator[BrowserContext]:
    """A Chromium for one test."""
    with binding_chromium(tmp_path, served.port) as context:
        yield context


@pytest.fixture
def owner(served: Room, context: BrowserContext, name: str) -> Owner:
    """Somebody who has signed in, and whose session is bound."""
    owner = Owner(context, served)
    owner.enter(name)
    return owner


def test_database_away_during_a_proof(owner: Owner, name: str, line: TcpProxy) -> None:
    """The page says that the site is busy, comes again by itself, and nobody has to sign in."""
    line.go_away()
    owner.run_out()
    assert owner.open() == 503
    expect(owner.page.get_by_role("heading")).to_have_text("One moment")
    line.come_back()
    owner.page.wait_for_url("**/room", wait_until="load")
    eventually(lambda: owner.page.title() == "Room")
    assert owner.served.is_bound(name)
    assert len(owner.served.sessions(name)) == 1


def test_lost_reply_to_a_proof(owner: Owner, name: str) -> None:
    """The proof was used, so the browser is asked for another one, and goes on."""
    owner.run_out()
    with owner.served.wire.losing(REFRESH, Fate.LOSE_ANSWER):
        assert owner.open() in (200, 503)
    owner.run_out()
    assert owner.open() == 200
    assert owner.served.is_bound(name)


def test_lost_reply_to_the_registration(served: Room, context: BrowserContext, name: str) -> None:
    """The session goes on without a key: the first refresh without a proof decides, and no later one."""
    owner = Owner(context, served)
    with served.wire.losing(REGISTER, Fate.LOSE_ANSWER):
        owner.sign_in(name)
        eventually(lambda: served.sessions(name)[0].device is not None)
    for _ in range(2):
        served.house.turn_clock(700)
        assert owner.open() == 200
    assert not served.is_bound(name)
    assert len(served.sessions(name)) == 1


@pytest.mark.parametrize("keeps_old", [True, False], ids=["with the old one as a fallback", "without it"])
def test_changed_secret(owner: Owner, name: str, keeps_old: bool) -> None:
    """With the fallback nobody notices; without it everybody signs in again, and is bound again."""
    fallbacks = {"FLASK_SECRET_KEY_FALLBACKS": f'["{SECRET}"]'} if keeps_old else {}
    owner.served.restart(FLASK_SECRET_KEY=NEW_SECRET, **fallbacks)
    owner.run_out()
    owner.open()
    if not keeps_old:
        expect(owner.page.get_by_role("heading")).to_have_text("Sign in")
        owner.enter(name)
    expect(owner.page).to_have_title("Room")
    owner.served.restart(FLASK_SECRET_KEY=SECRET)
