"""A bound session goes on through ten lives of the access token, in three runs of the browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.device_bound.owner import Owner
from tests.support.device_bound.served import Room
from tests.support.device_bound.window import binding_chromium

RUNS = (3, 4, 3)
"""Lives of the access token in each run of the browser, which signs six times in nine minutes at most.

The first run has signed twice before: at the registration, and for the first proof. A restart begins anew.
"""


WRITTEN_AFTER = 2000
"""Milliseconds after which Chromium has written its sessions to the profile; what is not written is lost."""


def live_through(owner: Owner, other: Page) -> None:
    """Let the access token run out five times in a row of requests, each of another kind, in two tabs."""
    owner.run_out()
    with other.expect_response("**/panel") as fetched:
        other.evaluate("fetch('/panel')")
        assert owner.open("/room") == 200
    assert fetched.value.status == 200
    assert owner.page.evaluate("look()")
    assert other.evaluate("listen()")
    owner.page.bring_to_front()
    owner.page.get_by_role("button", name="Send").click()
    expect(owner.page.locator("#note")).to_have_text("hello")


def test_ten_lives_of_an_access_token(served: Room, name: str, tmp_path: Path) -> None:
    """Two tabs, a form, a fetch, a stream and a picture: no refusal, no redirect, also after a restart."""
    refused: list[str] = []
    continued = served.wire.times("/auth/continue")
    for run, lives in enumerate(RUNS):
        with binding_chromium(tmp_path, served.port) as context:
            owner = Owner(context, served)
            if run == 0:
                owner.enter(name)
            other = context.new_page()
            other.goto(served.address("/room"))
            for _ in range(lives):
                live_through(owner, other)
            refused += owner.refused
            other.wait_for_timeout(WRITTEN_AFTER)
    assert refused == []
    assert served.is_bound(name)
    assert served.wire.times("/auth/continue") == continued
