"""HTTP libraries, OAuth clients and verifiers of access tokens in Python, as docs/clients.md has them."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
import requests
from authlib.oauth2.rfc6750 import InvalidTokenError
from joserfc.errors import JoseError

from tests.support.browser import PASSWORD

from ....support.chromium.tabs import eventually
from ....support.clients.workshop import names_of
from ....support.peers.caller import Client

pytestmark = pytest.mark.long


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


@pytest.mark.parametrize("library", [httpx.Client, requests.Session], ids=["httpx", "requests"])
def test_a_jar_of_python_sends_no_secure_cookie_in_the_clear(
    library: type[httpx.Client | requests.Session], base_url: str
) -> None:
    """Nor to this machine, as browsers do: the README says what to do instead."""
    with library() as client:
        assert client.post(f"{base_url}/auth/login", json={"identifier": "ada", "password": PASSWORD}).cookies
        assert client.post(f"{base_url}/auth/refresh").json()["error"] == "refresh_token_missing"


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
    [("verify_authlib.py", InvalidTokenError), ("verify_joserfc.py", (JoseError, AssertionError))],
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
