"""A page that is renewed for comes back at the very address that it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from flask import Flask, request
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.urls import iri_to_uri

from app.auth.web.redirects import here, safe_path
from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}

ADDRESSES = [
    "/a%20b",
    "/a%3Fb",
    "/a%3Fb?c=%3F",
    "/a%2Fb",
    "/a%25b",
    "/a%2541",
    "/a%23b",
    "/100%",
    "/caf%C3%A9?q=caf%C3%A9",
    "/%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85",
    "/%F0%9F%8D%B0",
    "/%FF%FE",
    "/a%C2%A0b",
    "/a+b;c=d,e@f:g!$&'()*~",
    "/a|[b]",
    "/x?a=1&b=%26&c=+&d=%20&e=%2B",
    "/x?q=https://other.example//&r=../..&s=a\\b^`{}",
    "/x?%FF",
]
LOSSY = ("/a%2Fb", "/100%")
"""What a server that tells only the decoded path cannot give back as it was."""


class Server:
    """What a server tells of the request line, and the path that a proxy has hung the site below."""

    def __init__(self, app: Flask) -> None:
        self.root = ""
        self.tells: tuple[str, ...] = ("RAW_URI", "REQUEST_URI")
        self.is_whole = False
        self._inner, app.wsgi_app = app.wsgi_app, self  # type: ignore[method-assign]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve a request as such a server does."""
        line = environ.pop("RAW_URI")
        del environ["REQUEST_URI"]
        environ["PATH_INFO"] = unquote_to_bytes(line.partition("?")[0]).decode("latin-1")
        environ["SCRIPT_NAME"] = self.root
        environ |= dict.fromkeys(self.tells, (quote(self.root) if self.is_whole else "") + line)
        return self._inner(environ, start_response)


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A host with a guarded page at every address."""
    stranger = make_stranger(RATCHET_LOGIN_URL="/sign-in")
    stranger.add_user()

    @stranger.app.get("/<path:page>")
    @stranger.ratchet.required
    def show(page: str) -> str:
        return f"{page} {list(request.args.items(multi=True))}"

    return stranger


@pytest.fixture
def server(stranger: Stranger) -> Server:
    """The server of that host."""
    return Server(stranger.app)


def ways_of(browser: Browser, address: str) -> Iterator[str]:
    """Where the browser is sent, from its first request to the page."""
    for _ in range(4):
        reply = browser.client.get(address, headers=NAVIGATION)
        if "Location" not in reply.headers:
            return
        address = reply.headers["Location"]
        yield address


@on_sqlite
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("tells", [("RAW_URI", "REQUEST_URI"), ("REQUEST_URI",), ()])
def test_a_page_comes_back_at_its_own_address(
    stranger: Stranger, server: Server, clock: Clock, address: str, tells: tuple[str, ...]
) -> None:
    """Whatever is in its path and query, as far as the server tells."""
    server.tells = tells
    grace = stranger.signed_in()
    shown = grace.client.get(address).text
    clock.advance(601)
    first, last = ways_of(grace, address)
    assert first.startswith("/auth/continue?next=")
    if tells or address not in LOSSY:
        assert last == iri_to_uri(address)
    assert grace.client.get(last).text == shown


@on_sqlite
@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "taken off"])
@pytest.mark.parametrize("tells", [("RAW_URI",), ()])
@pytest.mark.parametrize("root", ["/shop", "/my shop", "/caf\u00c3\u00a9"])
def test_a_page_comes_back_below_its_prefix(
    stranger: Stranger, server: Server, clock: Clock, root: str, tells: tuple[str, ...], *, is_whole: bool
) -> None:
    """Which a proxy has taken off the request line, or which stands in it."""
    grace = stranger.signed_in()
    clock.advance(601)
    server.root, server.tells, server.is_whole = root, tells, is_whole
    below = quote(root.encode("latin-1"))
    with stranger.app.test_request_context("/a%20b?c", environ_overrides={"SCRIPT_NAME": root}):
        assert here() == f"{below}/a%20b?c"
    (first,) = [grace.client.get("/a%20b?c", headers=NAVIGATION).location]
    assert first.startswith(f"{below}/auth/continue?next={quote(f'{below}/a%20b?c', safe='')}")
    assert safe_path(f"{below}/a%20b?c", "/auth") == f"{below}/a%20b?c"
    last = grace.client.get(first.removeprefix(below), headers=NAVIGATION).location
    assert last == f"{below}/a%20b?c"


@pytest.mark.parametrize(
    "line", ["//other.example/a", "http://other.example/a", "/b", "/a%2", "*", "", "/a#b", "\u20ac"]
)
def test_a_request_line_of_another_path_does_not_count(bare_site: Flask, line: str) -> None:
    """A middleware may have changed the path, and then that one is served."""
    for path, expected in (("/a", "/a"), ("//a", "/a"), ("/\\a", "/%5Ca"), ("/a?b", "/a%3Fb")):
        environ = {"RAW_URI": line, "PATH_INFO": path, "QUERY_STRING": ""}
        with bare_site.test_request_context(environ_overrides=environ):
            assert here() == expected


SEGMENT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/\\"), min_size=1)


@given(
    segments=st.lists(SEGMENT.filter(lambda text: text not in (".", "..")), min_size=1, max_size=3),
    fields=st.dictionaries(st.text(), st.text(), max_size=3),
    tells=st.booleans(),
)
@example(segments=["a?b", "100%"], fields={"next": "//x"}, tells=False)
@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_path_and_query_survive(
    bare_site: Flask, segments: list[str], fields: dict[str, str], *, tells: bool
) -> None:
    """Encoded and decoded again, they are what they were, and continue takes them for a page of the site."""
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    with bare_site.test_request_context(path, query_string=fields):
        sent, query = here(), dict(request.args.items(multi=True))
        if not tells:
            del request.environ["RAW_URI"], request.environ["REQUEST_URI"]
        back = here()
    assert sent.partition("?")[0] == path
    assert safe_path(back, "/auth") == back
    with bare_site.test_request_context(back):
        assert request.path == "/" + "/".join(segments)
        assert dict(request.args.items(multi=True)) == query == fields
        assert here() == back
