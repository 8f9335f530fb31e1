"""What the tests of the operations share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask


@pytest.fixture(autouse=True)
def _within_an_app() -> Iterator[None]:
    with Flask(__name__).app_context():
        yield
