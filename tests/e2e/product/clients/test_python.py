"""HTTP libraries, OAuth clients and verifiers of access tokens in Python, as docs/clients.md has them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import jwt
import pytest
import requests
from authlib.oauth2.rfc6750 import InvalidTokenError
from joserfc.errors import JoseError

from tests.support import ROOT
from tests.support.browser import PASSWORD

from ....support.chromium.tabs import eventually
from ....support.clients.workshop import names_of
from ....support.peers.caller import Client

pytestmark = pytest.mark.long

ADA = {"identifier": "ada", "password": PASSWORD}


def until_expired(base_url: str, token: str) -> None:
    """Wait until the site refuses an access token."""
    eventually(lambda: Client(base_url).me(token).status == 401)


def test_httpx_renews(base_url: str) -> None:
    """After a 401 it refreshes by body and repeats the request; a session that is over is an error."""
    client = names_of("httpx_client.py", base_url)["signed_in"]("ada", PASSWORD)
    with client:
        first = client.auth.tokens["access_token"]
        until_expired(base_url, first)
        assert client.get("/api/orders").json()["customer"] == "ada"
        assert client.auth.tokens["access_token"] != first
        client.post("/auth/logout", json={"refresh_token": client.auth.tokens["refresh_token"]})
        with pytest.raises(httpx.HTTPStatusError):
            client.get("/api/orders")


def asked_by(client: httpx.Client | requests.Session, site: str) -> list[Any]:
    """The cookies that a client is given, and the answer when it refreshes by what it has kept of them."""
    with client:
        reply = client.post(f"{site}/auth/login", json=ADA)
        return [set(reply.cookies.keys()), client.post(f"{site}/auth/refresh").json()]


async def asked_by_aiohttp(site: str) -> list[Any]:
    """The same for aiohttp, which keeps no cookie of an IP address, so the site needs its name."""
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{site}/auth/login", json=ADA) as reply:
            given = set(reply.cookies)
        async with client.post(f"{site}/auth/refresh") as reply:
            return [given, await reply.json()]


@pytest.mark.parametrize("library", ["requests", "httpx", "aiohttp"])
def test_a_jar_of_python_sends_no_secure_cookie_in_the_clear(library: str, base_url: str) -> None:
    """Nor to this machine, as browsers do: the README says what to do instead."""
    site = base_url.replace("127.0.0.1", "localhost")
    ways: dict[str, Callable[[], list[Any]]] = {
        "requests": lambda: asked_by(requests.Session(), site),
        "httpx": lambda: asked_by(httpx.Client(), site),
        "aiohttp": lambda: asyncio.run(asked_by_aiohttp(site)),
    }
    given, answer = ways[library]()
    assert "refreshToken" in given
    assert answer["error"] == "refresh_token_missing"
    (said,) = re.findall(r"cookie jars of Python's ([^:]+):", (ROOT / "README.md").read_text())
    assert library in said


def test_authlib_renews(base_url: str, tokens: dict[str, Any]) -> None:
    """Before a request it refreshes a token that has run out, and hands on the new ones."""
    kept: list[dict[str, Any]] = []
    tokens["expires_at"] = jwt.decode(tokens["access_token"], options={"verify_signature": False})["exp"]
    client = names_of("authlib_client.py", base_url)["client_with"](tokens, kept.append)
    until_expired(base_url, tokens["access_token"])
    with client:
        assert client.get(f"{base_url}/api/orders").json()["customer"] == "ada"
    assert [one["access_token"] == tokens["access_token"] for one in kept] == [False]


@pytest.mark.parametrize(
    ("role", "refusals"),
    [("verify_authlib.py", InvalidTokenError), ("verify_joserfc.py", (JoseError, ValueError))],
)
def test_a_service_in_python(
    role: str,
    refusals: type[Exception] | tuple[type[Exception], ...],
    base_url: str,
    tokens: dict[str, Any],
) -> None:
    """A strict verifier takes an access token, learns whose it is, and takes no refresh token."""
    subject_of = names_of(role, base_url)["subject_of"]
    assert subject_of(tokens["access_token"]) == str(tokens["user"]["id"])
    with pytest.raises(refusals):
        subject_of(tokens["refresh_token"])
