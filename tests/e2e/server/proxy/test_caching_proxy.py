"""A proxy that caches whatever it may: nothing that belongs to a person is kept by it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse, HTTPSConnection
from json import dumps, loads
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.support.browser import PASSWORD, REFRESH_COOKIE, bearer
from tests.support.server.nginx import nginx
from tests.support.server.stage import Person, Stage, staged

SERVERS = """
proxy_cache_path cache keys_zone=greedy:1m;
server {
    listen 443 ssl;
    ssl_certificate /etc/ssl/example.org.pem;
    ssl_certificate_key /etc/ssl/private/example.org.pem;
    location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header Host $host;
        proxy_cache greedy;
        proxy_cache_methods GET HEAD POST;
        proxy_cache_key "$request_method $request_uri";
        proxy_cache_valid any 10m;
        add_header X-Cache-Status $upstream_cache_status always;
    }
}
"""
"""Any status, any method, one entry for everybody: as careless as a cache that heeds Cache-Control can be."""


class Visit(NamedTuple):
    """What came back, and whether it came out of the cache."""

    status: int
    cache: str
    body: bytes


class Proxy:
    """nginx in front of the site; every visit is somebody else's, with a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port

    def visit(self, method: str, path: str, fields: object = None, **headers: str) -> Visit:
        """Ask the proxy."""
        unverified = ssl._create_unverified_context()  # noqa: S323  # the certificate is our own
        connection = HTTPSConnection("127.0.0.1", self._port, context=unverified, timeout=30)
        try:
            sent = {"Content-Type": "application/json"} | headers
            connection.request(method, path, None if fields is None else dumps(fields), sent)
            return self._read(connection.getresponse())
        finally:
            connection.close()

    def _read(self, reply: HTTPResponse) -> Visit:
        return Visit(reply.status, reply.headers["X-Cache-Status"], reply.read())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The site under gunicorn, behind one proxy."""
    with staged("sqlite", "cached", tmp_path_factory.mktemp("cached"), FLASK_PROXY_HOPS="1") as started:
        yield started


@pytest.fixture(scope="module")
def proxy(stage: Stage) -> Iterator[Proxy]:
    """A caching nginx in front of it."""
    upstream = "127.0.0.1:8000", stage.base_url.removeprefix("http://")
    with TemporaryDirectory() as folder, nginx(SERVERS, upstream, Path(folder)) as port:
        Path(folder).chmod(0o711)  # nginx's own account looks for the cache in there
        yield Proxy(port)


def requests_of(person: Person, access: str) -> list[tuple[str, str, object, Mapping[str, str]]]:
    """Everything that a signed-in person asks, and what is asked by nobody."""
    cookie = {"Cookie": f"{REFRESH_COOKIE}={person.cookie}"}
    page = {"Cookie": f"accessToken={access}", "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    return [
        ("POST", "/auth/login", {"email": person.email, "password": PASSWORD}, {}),
        ("POST", "/auth/login", {"email": person.email, "password": PASSWORD, "delivery": "body"}, {}),
        ("POST", "/auth/login", {"email": person.email, "password": "wrong"}, {}),
        ("POST", "/auth/refresh", None, cookie),
        ("POST", "/auth/refresh", None, {}),
        ("GET", "/auth/continue?next=/account", None, cookie),
        ("GET", "/auth/continue?next=/elsewhere", None, {}),
        ("GET", "/auth/me", None, bearer(access)),
        ("GET", "/auth/me", None, {}),
        ("GET", "/auth/sessions", None, bearer(access)),
        ("POST", "/auth/sessions", {}, bearer(access)),
        ("GET", "/account", None, page),
        ("GET", "/account", None, {"Accept": "text/html"}),
        ("GET", "/sign-in", None, {}),
        ("GET", "/", None, page),
        ("POST", "/auth/logout", None, {}),
    ]


def test_no_reply_to_a_person_is_kept(proxy: Proxy, stage: Stage) -> None:
    """Asked twice, each request reaches the site twice, and whoever asks without a token gets none."""
    (person,) = stage.people(1)
    access = loads(proxy.visit("POST", "/auth/refresh", Cookie=f"{REFRESH_COOKIE}={person.cookie}").body)[
        "access_token"
    ]
    for method, path, fields, headers in requests_of(person, access):
        for visit in (proxy.visit(method, path, fields, **headers) for _ in range(2)):
            assert visit.cache == "MISS", (method, path)
            assert visit.status < 500
        assert b"_token" not in proxy.visit(method, path).body.replace(b"_token_missing", b"")


def test_cache_keeps_what_it_may(proxy: Proxy) -> None:
    """The public keys and the browser client do come out of it: it is a cache, and it works."""
    for path in ("/auth/jwks.json", "/auth/jwks.json?again"):
        assert [proxy.visit("GET", path).cache for _ in range(2)] == ["MISS", "HIT"]
