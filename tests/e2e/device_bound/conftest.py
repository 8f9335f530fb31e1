"""The room on two databases, a Chromium that binds sessions, and one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser

from tests.support.databases import fresh_database
from tests.support.device_bound.owner import MakeOwner, Owner
from tests.support.device_bound.served import Room, serve_room
from tests.support.device_bound.window import binding_chromium
from tests.support.server.stage import TAG

_numbers = count(1)


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The room, with the default settings."""
    folder = tmp_path_factory.mktemp("room")
    with fresh_database(request.param, f"ratchet_room{TAG}", folder) as url, serve_room(url, folder) as room:
        yield room


@pytest.fixture(scope="module")
def window(served: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running Chromium that binds sessions, for one module: Playwright starts only one at a time."""
    with binding_chromium(tmp_path_factory.mktemp("chromium"), served.port) as context:
        assert context.browser is not None
        yield context.browser


@pytest.fixture
def name(served: Room) -> str:
    """Somebody who lives there, another one in every test."""
    name = f"ada{next(_numbers)}"
    served.house.add_user(name)
    return name


@pytest.fixture
def make_owner(window: Browser, served: Room) -> Iterator[MakeOwner]:
    """Make somebody at a browser with cookies and keys of its own."""
    made: list[Owner] = []

    def make(**how: object) -> Owner:
        made.append(Owner(window.new_context(**how), served))  # type: ignore[arg-type]  # any of Playwright's
        return made[-1]

    yield make
    for owner in made:
        owner.context.close()


@pytest.fixture
def owner(make_owner: MakeOwner, name: str) -> Owner:
    """Somebody who has signed in, and whose session is bound."""
    owner = make_owner()
    owner.enter(name)
    return owner
