"""OAuth clients and verifiers of access tokens in Node, as docs/clients.md has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ....support.clients.quick import SERVICE_SECRET
from ....support.clients.workshop import IN_NODE, run_node, set_up, snippet

pytestmark = pytest.mark.long

SECURE_ONLY = "[oauth.allowInsecureRequests]: false"


@pytest.mark.parametrize(
    ("role", "driver"),
    [
        ("verify-oauth4webapi.mjs", "verify.mjs"),
        ("verify-jose.mjs", "verify.mjs"),
        ("verify-express.mjs", "express.mjs"),
    ],
)
def test_a_service_in_node(
    role: str, driver: str, base_url: str, tokens: dict[str, Any], tmp_path: Path
) -> None:
    """A strict verifier takes an access token, learns whose it is, and takes no refresh token."""
    text = snippet(role, base_url).replace(SECURE_ONLY, SECURE_ONLY.replace("false", "true"))
    verifier = set_up(tmp_path, IN_NODE, driver, text)
    assert run_node(verifier, tokens["access_token"]) == str(tokens["user"]["id"])
    assert run_node(verifier, tokens["refresh_token"]).startswith("refused: ")


def test_oauth4webapi(base_url: str, tokens: dict[str, Any], tmp_path: Path) -> None:
    """It refreshes, asks about a token in two ways, revokes, and learns that the session is over."""
    driver = set_up(tmp_path, IN_NODE, "oauth4webapi.mjs", "")
    told = json.loads(run_node(driver, base_url, tokens["refresh_token"], SERVICE_SECRET))
    assert told == {"renewed": True, "told": [True, True], "error": "invalid_grant"}


def test_openid_client(base_url: str, tokens: dict[str, Any], tmp_path: Path) -> None:
    """It finds the endpoint in the metadata and presents its secret by Basic, which it encodes."""
    driver = set_up(tmp_path, IN_NODE, "openid-client.mjs", snippet("introspect-openid-client.mjs", base_url))
    told = json.loads(run_node(driver, tokens["access_token"], SERVICE_SECRET))
    assert (told["active"], told["sub"]) == (True, str(tokens["user"]["id"]))
