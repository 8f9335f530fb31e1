"""The house behind nginx with TLS, without which WebKit keeps no Secure cookie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from selenium.webdriver.remote.webdriver import WebDriver

from tests.support import DOCS
from tests.support.chromium.house_opening import House, open_house
from tests.support.chromium.wire import Wire, wire_to
from tests.support.product.documents import blocks_of
from tests.support.server.nginx import nginx

from .window import EngineBrowser


@dataclass(frozen=True)
class Served:
    """The house, the wire between nginx and it, and the port of nginx."""

    house: House
    wire: Wire
    port: int

    def browser(self, driver: WebDriver, name: str) -> EngineBrowser:
        """A browser before the house, which is called ``<name>.localhost`` there."""
        return EngineBrowser(driver, self.wire, f"{name}.localhost", self.port)


@contextmanager
def serve_by_tls(folder: Path, **settings: str) -> Iterator[Served]:
    """Open the house, with these settings more, behind the nginx of docs/deploying.md."""
    blocks = blocks_of(DOCS / "deploying.md")
    servers = next(block.text for block in blocks if block.language == "nginx")
    servers = servers.replace("server_name example.org;", "server_name .localhost;")
    url = f"sqlite:///{folder / 'house.sqlite'}"
    with (
        open_house(url, folder, FLASK_PROXY_HOPS="1", **settings) as house,
        wire_to(house.port) as wire,
        nginx(servers, ("127.0.0.1:8000", f"127.0.0.1:{wire.port}"), folder) as port,
    ):
        yield Served(house, wire, port)
