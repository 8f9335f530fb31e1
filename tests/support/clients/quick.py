"""A shop whose access tokens are valid for three seconds, so that they really expire under a client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.chromium.shop_opening import Shop, open_shop
from tests.support.peers.caller import Client

SERVICE_SECRET = "the+secret/of%20a:service=that&asks!us"
"""A secret with every kind of character that forms and Basic write in another way."""

SHORT = {"FLASK_RATCHET_ACCESS_TTL": "3s", "FLASK_RATCHET_LEEWAY": "1s"}


@contextmanager
def quick_shop(folder: Path, **environment: str) -> Iterator[Shop]:
    """Open it; ``environment`` is added to that of the server."""
    with open_shop(folder, **SHORT, **environment) as shop:
        yield shop


def end_everywhere(shop: Shop) -> None:
    """End every session of ada's, from another device of hers."""
    device = Client(f"http://127.0.0.1:{shop.port}")
    token = device.sign_in(delivery="body").json["refresh_token"]
    assert device.post("/auth/logout", {"refresh_token": token, "scope": "all"}).status == 204
