"""A bound session goes on through many lives of the access token, and nobody notices."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.device_bound.owner import MakeOwner, Owner
from tests.support.device_bound.served import REFRESH, REGISTER, Room


def test_first_proof_comes_at_once(served: Room, make_owner: MakeOwner, name: str) -> None:
    """The page after the sign-in is enough: one registration and one proof, both in the background."""
    registered, proved = len(served.wire.asked(REGISTER)), len(served.wire.asked(REFRESH))
    owner = make_owner()
    owner.enter(name)
    assert owner.open("/room") == 200
    assert len(served.wire.asked(REGISTER)) == registered + 1
    assert len(served.wire.asked(REFRESH)) == proved + 1


def test_page_without_script_renews(served: Room, make_owner: MakeOwner, name: str) -> None:
    """A page that was open for long: the link and the form work, without script and without a redirect."""
    owner = make_owner(java_script_enabled=False)
    owner.enter(name)
    for _ in range(2):
        owner.run_out()
        owner.page.get_by_role("link", name="again").click()
        expect(owner.page).to_have_title("Room")
    owner.run_out()
    owner.page.get_by_role("button", name="Send").click()
    expect(owner.page.locator("#note")).to_have_text("hello")
    assert owner.refused == []
    assert served.is_bound(name)


def test_client_in_the_page_goes_on(owner: Owner, name: str) -> None:
    """ratchet.js on the page of the account renews too, and neither disturbs the other."""
    for _ in range(3):
        owner.run_out()
        assert owner.open("/account") == 200
    owner.page.get_by_role("button", name="Sign out").first.click()
    expect(owner.page.get_by_role("heading")).to_have_text("Sign in")
    assert owner.served.sessions(name) == ()
