"""Bytes that only a socket can send: what gunicorn makes of them, and what the site makes of that."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.support.browser import REFRESH_COOKIE

from ...support.peers.caller import Client, Reply
from ...support.server.stage import Person, Stage, staged

LONG = b"x" * 9000
BRACKETS = b"[" * 100_000
JSON = b"Content-Type: application/json\r\n"
CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"


class RawReply(NamedTuple):
    """What came back."""

    status: int
    text: str


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The site under gunicorn, as in production."""
    with staged("sqlite", "wire", tmp_path_factory.mktemp("wire")) as started:
        yield started


@pytest.fixture(scope="module")
def person(stage: Stage) -> Person:
    """A user who is signed in."""
    (person,) = stage.people(1)
    return person


@pytest.fixture(scope="module")
def access(stage: Stage, person: Person) -> bytes:
    """The user's access token."""
    return str(refreshed(stage, person).json["access_token"]).encode()


def refreshed(stage: Stage, person: Person) -> Reply:
    """A refresh by the person's first cookie, within the leeway."""
    client = Client(stage.base_url)
    client.cookies[REFRESH_COOKIE] = person.cookie
    return client.refresh()


def send(stage: Stage, raw: bytes) -> RawReply:
    """Send these very bytes, and read until the server hangs up."""
    host, port = urlsplit(stage.base_url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(raw)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return RawReply(int(answer.split()[1]), answer.decode())


def look(*lines: bytes) -> bytes:
    """GET /auth/me with these header lines."""
    return b"GET /auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + b"".join(lines) + b"\r\n"


def refresh(*lines: bytes, body: bytes = b"") -> bytes:
    """POST /auth/refresh with these header lines."""
    return (
        b"POST /auth/refresh HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + b"".join(lines) + b"\r\n" + body
    )


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            [b"Authorization: Bearer %s\r\n"] * 2, id="the same twice, which gunicorn joins by a comma"
        ),
        pytest.param([b"Authorization: Bearer x\r\n", b"authorization: Bearer %s\r\n"], id="a good one last"),
        pytest.param(
            [b"Authorization: Bearer %s\r\n", b"AUTHORIZATION: Basic eDp4\r\n"], id="of two schemes"
        ),
    ],
)
def test_two_authorization_headers_are_none(stage: Stage, access: bytes, lines: list[bytes]) -> None:
    """Two credentials in one request are refused, although one of them would be enough."""
    alone = send(stage, look(b"Authorization: Bearer " + access + b"\r\n"))
    assert alone.status == 200
    answer = send(stage, look(*(line.replace(b"%s", access) for line in lines)))
    assert (answer.status, '"token_invalid"' in answer.text) == (401, True)


TOO_MUCH = [
    pytest.param(refresh(b"Cookie: a=" + LONG + b"\r\n"), id="nine kilobytes of cookies"),
    pytest.param(refresh(b"Cookie: " + b"a=1; " * 1800 + b"\r\n"), id="nine kilobytes of small cookies"),
    pytest.param(refresh(*[b"Cookie: a=" + LONG[:5000] + b"\r\n"] * 2), id="ten kilobytes in two headers"),
    pytest.param(refresh(*[b"Cookie: refreshToken=x\r\n"] * 200), id="two hundred headers"),
    pytest.param(look(b"Authorization: Bearer " + BRACKETS + b"\r\n"), id="a hundred kilobytes of brackets"),
    pytest.param(look(b"Authorization: Bearer a\0b\r\n"), id="a NUL in a header"),
    pytest.param(look(b"Authorization: Bearer a\r\n b\r\n"), id="a header on two lines"),
    pytest.param(look(b"Cookie: accessToken=\xff\xfe\r\n"), id="a cookie that is not ASCII"),
    pytest.param(refresh(b"Cookie: refreshToken=\xc3\xa9\r\n"), id="an accent in a cookie"),
    pytest.param(
        refresh(JSON, b"Transfer-Encoding: chunked\r\n", body=CHUNK * 8 + b"0\r\n\r\n"),
        id="a body in chunks, beyond the limit",
    ),
    pytest.param(refresh(JSON, b"Content-Length: 1000000\r\n"), id="a body said to be a megabyte"),
    pytest.param(refresh(JSON, b"Content-Length: -1\r\n"), id="a body of less than nothing"),
    pytest.param(refresh(JSON, b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", body=b"0\r\n\r\n"),
                 id="a body with two ends, as smugglers write it"),
    pytest.param(b"POST /auth/refresh?x=" + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="a long address"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", id="TLS to a port without"),
]  # fmt: skip


@pytest.mark.parametrize("raw", TOO_MUCH)
def test_what_no_browser_sends_is_refused(stage: Stage, person: Person, raw: bytes) -> None:
    """A 4xx without a token in it, and the next request is fine."""
    answer = send(stage, raw)
    assert 400 <= answer.status < 500
    assert "access_token" not in answer.text
    assert "Traceback" not in answer.text
    assert refreshed(stage, person).status == 200


def test_no_reply_names_a_version(stage: Stage) -> None:
    """Whoever looks for known holes learns at most that this is gunicorn (ASVS 13.4.6)."""
    for raw in (
        look(),
        refresh(),
        b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"x\r\n\r\n",
    ):
        answer = send(stage, raw)
        servers = [
            line for line in answer.text.splitlines() if line.lower().startswith(("server:", "x-powered"))
        ]
        assert not [line for line in servers if any(letter.isdigit() for letter in line)]
