"""A house, a Chromium, and a visitor who has signed in, fresh for every test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.chromium.chromium import chromium
from tests.support.chromium.wire import Wire, wire_to

from ...support.chromium.house_opening import House, open_house
from ...support.chromium.visitor import MakeVisitor, Visitor

_numbers = count(1)


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The reference site on SQLite, with the default settings."""
    folder = tmp_path_factory.mktemp("house")
    with open_house(f"sqlite:///{folder / 'house.sqlite'}", folder) as opened:
        yield opened


@pytest.fixture(scope="package")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running Chromium."""
    with chromium(tmp_path_factory.mktemp("chromium")) as context:
        assert context.browser is not None
        yield context.browser


@pytest.fixture
def wire(house: House) -> Iterator[Wire]:
    """A wire to the house, at a port of its own."""
    with wire_to(house.port) as wire:
        yield wire


@pytest.fixture
def name(house: House) -> str:
    """Somebody who lives there, another one in every test."""
    name = f"ada{next(_numbers)}"
    house.add_user(name)
    return name


@pytest.fixture
def make_visitor(window: Browser, house: House, wire: Wire) -> Iterator[MakeVisitor]:
    """Make a visitor with a browser of their own; by keyword what that browser is like."""
    made: list[Visitor] = []

    def make(**how: Any) -> Visitor:
        made.append(Visitor(window, house, wire, **how))
        return made[-1]

    yield make
    for visitor in made:
        visitor.context.close()


@pytest.fixture
def visitor(make_visitor: MakeVisitor, name: str) -> Visitor:
    """Somebody who has signed in."""
    visitor = make_visitor()
    visitor.enter(name)
    return visitor
