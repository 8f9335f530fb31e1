"""Each engine in turn, and the house behind nginx with TLS, as docs/deploying.md says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from ...support.engines.behind_tls import Served, serve_by_tls
from ...support.engines.engines import ENGINES
from ...support.engines.window import EngineBrowser

_numbers = count(1)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The house, with the default settings."""
    with serve_by_tls(tmp_path_factory.mktemp("house")) as served:
        yield served


@pytest.fixture(scope="package")
def short_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A house whose access tokens live for three seconds."""
    short = {"FLASK_RATCHET_ACCESS_TTL": "3s", "FLASK_RATCHET_LEEWAY": "1s"}
    with serve_by_tls(tmp_path_factory.mktemp("short"), **short) as served:
        yield served


@pytest.fixture(scope="package", params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """One engine after the other."""
    return str(request.param)


@pytest.fixture(scope="package")
def engine(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A running browser of that engine."""
    with ENGINES[engine_name](tmp_path_factory.mktemp(engine_name)) as driver:
        yield driver


@pytest.fixture
def name(served: Served) -> str:
    """Somebody who lives there, another one in every test."""
    name = f"ada{next(_numbers)}"
    served.house.add_user(name)
    return name


@pytest.fixture
def browser(engine: WebDriver, served: Served, name: str) -> Iterator[EngineBrowser]:
    """A browser in front of the house, nobody signed in: for it, the site is another one in every test."""
    browser = served.browser(engine, name)
    yield browser
    browser.close()
