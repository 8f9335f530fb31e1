"""A body is read to its end wherever its view is not entered: no upload is lost behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.support import ROOT
from tests.support.browser import PASSWORD

from ...campaigns.counts import count
from ...support.chromium.house_opening import House, open_house
from ...support.peers.uploads import Uploader, upload_of
from ...support.product.documents import blocks_of
from ...support.server.nginx import nginx

DEPLOYING = ROOT / "docs" / "deploying.md"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SIZES = [
    pytest.param(1, count(3, 100), id="1 B"),
    pytest.param(1 << 10, count(3, 100), id="1 KiB"),
    pytest.param(64 << 10, count(3, 100), id="64 KiB"),
    pytest.param(1 << 20, count(3, 100), id="1 MiB"),
    pytest.param(20_000_000, count(2, 100), id="20 MB"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The reference site with a guarded upload, where ada lives; it believes one proxy."""
    folder = tmp_path_factory.mktemp("house")
    with open_house(f"sqlite:///{folder / 'house.sqlite'}", folder, FLASK_PROXY_HOPS="1") as opened:
        opened.add_user("ada")
        yield opened


@pytest.fixture(scope="module")
def proxied(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an nginx in front of the house, configured as docs/deploying.md says."""
    servers = next(block.text for block in blocks_of(DEPLOYING) if block.language == "nginx")
    folder = tmp_path_factory.mktemp("nginx")
    with nginx(servers, ("127.0.0.1:8000", f"127.0.0.1:{house.port}"), folder) as port:
        yield port


@pytest.fixture
def uploader(proxied: int) -> Uploader:
    """Ada's browser, signed in through nginx."""
    browser = Uploader(proxied, "example.org")
    assert (
        browser.post("/sign-in", urlencode({"identifier": "ada", "password": PASSWORD}).encode(), FORM).status
        == 303
    )
    return browser


@pytest.mark.parametrize(("size", "times"), SIZES)
def test_an_upload_arrives_through_nginx(house: House, uploader: Uploader, size: int, times: int) -> None:
    """Its page sends it around by continue, and each of the three requests is read to its end."""
    for _ in range(times):
        house.turn_clock(601)
        upload = upload_of(size)
        statuses, page = uploader.send("/upload", upload)
        assert (statuses, upload.digest in page) == ([307, 307, 200], True)
