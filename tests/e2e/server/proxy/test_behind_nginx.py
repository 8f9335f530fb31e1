"""Behind the nginx of docs/deploying.md, on a port that is not 443: the site knows its own origin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support import ROOT
from tests.support.browser import PASSWORD
from tests.support.peers.uploads import BrowserReply
from tests.support.product.documents import blocks_of
from tests.support.server.nginx import connected, nginx
from tests.support.server.stage import Stage, staged

DEPLOYING = ROOT / "docs" / "deploying.md"
NAME = "example.org"
METADATA = "/.well-known/oauth-authorization-server"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The site under gunicorn, believing one proxy."""
    with staged("sqlite", "ported", tmp_path_factory.mktemp("ported"), FLASK_PROXY_HOPS="1") as started:
        yield started


@pytest.fixture(scope="module")
def port(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where nginx listens, configured as the page says except for its port."""
    servers = next(block.text for block in blocks_of(DEPLOYING) if block.language == "nginx")
    upstream = stage.base_url.removeprefix("http://")
    with nginx(servers, ("127.0.0.1:8000", upstream), tmp_path_factory.mktemp("nginx")) as port:
        yield port


def ask(port: int, method: str, target: str, body: str = "", **headers: str) -> BrowserReply:
    """What nginx answers; a header's name has underscores for its hyphens."""
    with closing(connected(port, NAME)) as connection:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body.encode())
        reply = connection.getresponse()
        return BrowserReply(reply.status, reply.headers["Location"], reply.read().decode())


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        pytest.param("https://example.org:{port}", "example.org:{port}", 200, id="our own page"),
        pytest.param("https://example.org", "example.org", 200, id="our own page on the port of the scheme"),
        pytest.param("https://example.org", "example.org:{port}", 403, id="a page of another port"),
        pytest.param("https://example.org:{port}", "example.org", 403, id="the other way round"),
        pytest.param("https://evil.example:{port}", "example.org:{port}", 403, id="a page of another host"),
    ],
)
def test_browser_without_fetch_metadata_signs_in(
    stage: Stage, port: int, origin: str, host: str, status: int
) -> None:
    """Such a browser says its origin with the port, and the site knows the port that it was asked at."""
    (person,) = stage.people(1)
    fields = json.dumps({"email": person.email, "password": PASSWORD})
    reply = ask(
        port,
        "POST",
        "/auth/login",
        fields,
        Host=host.format(port=port),
        Origin=origin.format(port=port),
        Content_Type="application/json",
    )
    assert reply.status == status


def test_form_comes_back_to_its_page(port: int) -> None:
    """The page before is known by its Referer, which has the port too."""
    here = f"example.org:{port}"
    reply = ask(
        port,
        "POST",
        "/auth/continue?next=/account/password",
        Host=here,
        Origin=f"https://{here}",
        Referer=f"https://{here}/account",
    )
    assert (reply.status, reply.location) == (303, "/sign-in?next=%2Faccount")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}"])
def test_name_in_the_request_line_counts(port: int, host: str) -> None:
    """A whole address in the request line lets another Host through nginx, and the site does not get it."""
    reply = ask(port, "GET", f"https://{NAME}:{port}{METADATA}", Host=host.format(port=port))
    assert reply.status == 200
    assert f"https://{NAME}" in reply.text
    assert "evil" not in reply.text
