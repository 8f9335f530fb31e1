"""Migrations up and down, under traffic, and a next release beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade

from app.auth.lifecycle.rotation import Session
from tests.support import databases
from tests.support.browser import Browser
from tests.support.databases import tables
from tests.support.rows import stored, write

from ...support.peers.insistent import Insistent, await_that, check_promise, progress, refreshing
from ...support.product.next_release import NEW_FIELD, next_migrations, next_site
from ...support.server.servers import server
from ...support.server.stage import Stage, looking_on, own_database, staged

pytestmark = pytest.mark.long

BROWSERS = 6
ROUNDS = 3
LEEWAY = "0.05"
LATER_FIELDS = [field.name for field in fields(Session) if field.default is not MISSING]

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture(params=databases.KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """The site under gunicorn, with a short leeway."""
    with staged(request.param, "live", tmp_path, FLASK_RATCHET_LEEWAY=LEEWAY) as started:
        yield started


@pytest.mark.parametrize("kind", databases.KINDS)
def test_migrations_lead_up_from_nothing_and_down_again(kind: str, tmp_path: Path) -> None:
    """Twice, so that nothing is left behind; and the tables are what the models say."""
    with own_database(kind, "up_and_down", tmp_path) as url, looking_on(url, tmp_path) as site:
        for _ in range(2):
            with site.app_context():
                upgrade()
                assert "users" in tables(url)
                check()
                downgrade(revision="base")
            assert tables(url) == {"alembic_version"}


def test_additive_migration_under_traffic_signs_nobody_out(stage: Stage, tmp_path: Path) -> None:
    """A column comes and goes while everybody refreshes: replies are 200, or 503 and then 200."""
    folder = str(next_migrations(tmp_path))
    browsers = [Insistent(person, stage.base_url) for person in stage.people(BROWSERS)]
    with refreshing(browsers), stage.site.app_context():
        for _ in range(ROUNDS):
            for migrate in (upgrade, downgrade):
                migrate(folder)
                await_that(progress(browsers))
    check_promise(stage.site, browsers)


def test_next_release_works_beside_this_one(stage: Stage, tmp_path: Path) -> None:
    """Browsers go to one and to the other in turn; each reads what the other has written."""
    options = f"--chdir {next_site(tmp_path)}"
    environment = {"FLASK_RATCHET_LEEWAY": LEEWAY, "GUNICORN_CMD_ARGS": options}
    with server(stage.url, workers=1, threads=4, **environment) as coming:
        browsers = [Insistent(person, stage.base_url, coming.base_url) for person in stage.people(BROWSERS)]
        seen = [refresh_and_look(stage, browser) for _ in range(10) for browser in browsers]
        check_promise(stage.site, browsers)
    assert set(seen) == {True, False}


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda item: item.update(risk={"score": [1, 2]}), id="a field that a later one added"),
        *(
            pytest.param(
                lambda item, name=name: item.pop(name, None), id=f"no {name}, as an earlier one wrote it"
            )
            for name in LATER_FIELDS
        ),
    ],
)
def test_session_of_another_release_is_read(signed_in: Browser, site: Flask, ada: str, edit: Edit) -> None:
    """Sessions that another release wrote go on."""
    (item,) = stored(site, ada).sessions
    edit(item)
    write(site, ada, sessions=[item])
    assert signed_in.me().status_code == 200
    assert signed_in.refresh().status_code == 200
    assert signed_in.refresh().status_code == 200


def refresh_and_look(stage: Stage, browser: Insistent) -> bool:
    """Refresh once; whether the row then has the field of the next release."""
    browser.refresh()
    (item,) = stored(stage.site, browser.subject).sessions
    return NEW_FIELD in item
