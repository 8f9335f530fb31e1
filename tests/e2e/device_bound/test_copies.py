"""A copy of the cookies is useless when the access token in it has run out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium.tabs import eventually
from tests.support.device_bound.owner import Copy, MakeOwner, Owner
from tests.support.device_bound.served import REGISTER, Room

NO_ACCESS = {"a refresh with a device, without a proof"}
"""What is answered with success, and says only that there is no such session."""


def later(owner: Owner) -> None:
    """Let the browser renew."""
    owner.run_out()
    assert owner.open() == 200


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(lambda _: None, id="as soon as the session is bound"),
        pytest.param(later, id="after it was renewed"),
    ],
)
def test_a_copied_jar_is_refused(owner: Owner, name: str, before: Callable[[Owner], None]) -> None:
    """Everywhere, whenever it was copied and however often it is tried; its owner notices nothing."""
    served = owner.served
    before(owner)
    copy = Copy(served, owner.jar())
    assert copy.ask("GET", "/room") == 200
    owner.run_out(640)
    for _ in range(2):
        attempts = copy.attempts()
        assert {what for what, status in attempts.items() if status < 300} == NO_ACCESS
        owner.run_out(640)
        assert owner.open() == 200
    assert owner.refused == []
    assert served.is_bound(name)
    assert len(served.sessions(name)) == 1


def test_a_copy_that_renews_within_its_life_gains_nothing(owner: Owner) -> None:
    """What it gets for the good access token in it runs out with that token."""
    copy = Copy(owner.served, owner.jar())
    owner.served.house.turn_clock(500)
    assert copy.ask("POST", "/auth/refresh") == 200
    owner.run_out(102)
    assert copy.ask("GET", "/room") == 401
    owner.run_out(31)
    assert copy.ask("POST", "/auth/refresh") == 401
    assert owner.open() == 200
    assert owner.refused == []


def test_jar_copied_before_the_first_proof(served: Room, make_owner: MakeOwner, name: str) -> None:
    """The copy is taken from the reply to the sign-in: it does not outlive the first access token."""
    owner = make_owner()
    with served.wire.holding(REGISTER):
        owner.sign_in(name)
        eventually(lambda: served.wire.asked(REGISTER))
        copy = Copy(served, owner.jar())
    eventually(lambda: served.sessions(name)[0].device is not None)
    assert owner.open() == 200
    eventually(lambda: served.is_bound(name))
    owner.run_out(640)
    assert {what for what, status in copy.attempts().items() if status < 300} == NO_ACCESS
    assert owner.open() == 200
    assert served.is_bound(name)


def test_account_page_tells_of_the_copy(owner: Owner, name: str) -> None:
    """The device is marked as bound, and a refused copy is mentioned."""
    owner.open("/account")
    expect(owner.page.get_by_text("cannot be copied")).to_be_visible()
    copy = Copy(owner.served, owner.jar())
    owner.run_out(640)
    assert copy.ask("POST", "/auth/refresh") == 401
    owner.open("/account")
    expect(owner.page.get_by_text("A copy of its cookies was refused")).to_be_visible()
    assert owner.refused == []
    assert len(owner.served.sessions(name)) == 1
