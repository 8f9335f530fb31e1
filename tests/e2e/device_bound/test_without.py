"""In a browser that does not bind sessions nothing differs, except for one header of a sign-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import ACCESS_COOKIE
from tests.support.device_bound.owner import MakeOwner, Owner
from tests.support.device_bound.served import REFRESH, REGISTER, Room
from tests.support.device_bound.window import binding_chromium


@pytest.fixture(scope="module")
def window(served: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running Chromium that does not bind sessions."""
    with binding_chromium(tmp_path_factory.mktemp("plain"), served.port, binds=False) as context:
        assert context.browser is not None
        yield context.browser


def test_other_browsers_renew_as_ever(served: Room, make_owner: MakeOwner, name: str) -> None:
    """By continue, ten times; the row has no device, and the browser asks for nothing new."""
    asked = len(served.wire.asked(REGISTER)), len(served.wire.asked(REFRESH))
    owner: Owner = make_owner()
    owner.sign_in(name)
    for _ in range(10):
        served.house.turn_clock(601)
        assert owner.open() == 200
        assert ACCESS_COOKIE in owner.jar()
    (session,) = served.sessions(name)
    assert session.device is None
    assert (len(served.wire.asked(REGISTER)), len(served.wire.asked(REFRESH))) == asked
