"""A shop with a key pair whose access tokens hold for three seconds, and what ada holds after a sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.samples import save_key

from ....support.clients.quick import SERVICE_SECRET, quick_shop
from ....support.peers.caller import Client

AUDIENCE = "https://api.example.org"


@pytest.fixture(scope="package")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the shop is; RATCHET_ISSUER is not set, so its tokens name this URL."""
    folder = tmp_path_factory.mktemp("shop")
    named = {
        "FLASK_RATCHET_JWT_KEYS": str(save_key(folder / "key.pem", "ES256")),
        "FLASK_RATCHET_AUDIENCE": AUDIENCE,
        "FLASK_RATCHET_SERVICE_SECRETS": SERVICE_SECRET,
    }
    with quick_shop(folder, **named) as shop:
        yield f"http://127.0.0.1:{shop.port}"


@pytest.fixture
def tokens(base_url: str) -> dict[str, Any]:
    """The tokens of a new session of ada's, by body delivery."""
    tokens: dict[str, Any] = Client(base_url).sign_in(delivery="body").json
    return tokens
