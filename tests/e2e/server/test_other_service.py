"""Another service that checks access tokens as docs/keys.md tells it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from app.auth.tokens import keys
from tests.support import ROOT
from tests.support.sites import add_user

from ...support.peers.caller import Client
from ...support.product.documents import blocks_of
from ...support.server.servers import serving, site_on

ISSUER = "https://example.org"


@pytest.fixture
def ada(tmp_path: Path) -> str:
    """The URL of a migrated database with one user, ada."""
    url = f"sqlite:///{tmp_path}/site.sqlite"
    with site_on(url) as site:
        add_user(site, "ada@example.org", "ada")
    return url


@pytest.fixture
def base_url(ada: str, tmp_path: Path) -> Iterator[str]:
    """Where a site with a key pair answers."""
    path = tmp_path / "access.pem"
    keys.generate("EdDSA").write(path)
    named = {"FLASK_RATCHET_ISSUER": ISSUER, "FLASK_RATCHET_AUDIENCE": "https://api.example.org"}
    with serving(ada, 1, 4, FLASK_RATCHET_JWT_KEYS=str(path), **named) as base_url:
        yield base_url


def service(base_url: str) -> Callable[[str], str]:
    """The function of the page, asking the site that runs here."""
    (block,) = (block for block in blocks_of(ROOT / "docs" / "keys.md") if block.role == "service.py")
    names: dict[str, Any] = {}
    exec(block.text.replace(f"{ISSUER}/auth", f"{base_url}/auth"), names)  # noqa: S102  # our own page
    subject_of: Callable[[str], str] = names["subject_of"]
    return subject_of


def test_the_service_on_the_page_takes_access_tokens_and_nothing_else(base_url: str) -> None:
    """It learns the subject from an access token, and refuses a refresh token and a changed access token."""
    subject_of = service(base_url)
    tokens = Client(base_url).sign_in(delivery="body").json
    assert subject_of(tokens["access_token"]) == str(tokens["user"]["id"])
    header, payload, signature = tokens["access_token"].split(".")
    for refused in (tokens["refresh_token"], f"{header}.{payload}x.{signature}"):
        with pytest.raises(jwt.PyJWTError):
            subject_of(refused)
