"""What the tests of faults share: a browser whose session must survive the fault."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.peers.faulty import Watched


@pytest.fixture
def watched(signed_in: Browser, site: Flask, ada: str) -> Watched:
    """Ada's browser, signed in."""
    return Watched(signed_in, site, ada)
