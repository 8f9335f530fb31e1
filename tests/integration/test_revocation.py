"""Sign-out takes effect on access tokens too, on every process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import PASSWORD, Browser, bearer
from tests.conftest import Clock, MakeSite

NEW_PASSWORD = "another long enough password"


def end_by_password(browser: Browser) -> None:
    """Change the password."""
    fields = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert browser.post("/auth/password", fields).status_code == 200


def end_by_sign_out(browser: Browser) -> None:
    """Sign out everywhere."""
    assert browser.sign_out("all").status_code == 204


@pytest.mark.parametrize("end", [end_by_sign_out, end_by_password])
@pytest.mark.usefixtures("ada")
def test_ended_sessions_stop_on_another_node_within_a_second(
    make_site: MakeSite, clock: Clock, end: Callable[[Browser], None]
) -> None:
    """A view that never asks the row refuses the old access token one second later."""
    here, there = make_site(), make_site()
    guarded = there.test_client()
    browser = Browser(here)
    reply = browser.sign_in()
    assert reply.json is not None
    access = bearer(reply.json["access_token"])
    assert guarded.post("/account/sessions/end-others", headers=access).status_code == 303
    end(browser)
    clock.advance(1)
    assert guarded.post("/account/sessions/end-others", headers=access).status_code == 401
