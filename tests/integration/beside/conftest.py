"""A host with one user, as in production."""

from __future__ import annotations

import pytest

from tests.support.hosts.strangers import MakeStranger, Stranger


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A host with one user, as in production: a fault is a 500 and no exception."""
    stranger = make_stranger(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    stranger.add_user()
    return stranger
