"""What ends a session also ends it in the browser: it forgets the key, and asks no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from app.auth.web.services import services
from app.db import db
from app.models import User
from app.site import ratchet
from tests.support.device_bound.owner import Copy, Owner


def sign_out(owner: Owner, _name: str) -> None:
    """Press the button."""
    owner.open("/account")
    owner.page.get_by_role("button", name="Sign out").first.click()
    expect(owner.page.get_by_role("heading")).to_have_text("Sign in")


def reset_password(owner: Owner, name: str) -> None:
    """As after a reset by e-mail."""
    with owner.served.house.site.app_context():
        ratchet.set_password(_user(name), "an even better battery staple")


def block(owner: Owner, name: str) -> None:
    """As an administrator does."""
    with owner.served.house.site.app_context():
        ratchet.block(_user(name))


def reuse(owner: Owner, name: str) -> None:
    """Somebody presents a refresh token that nobody can hold any more, with a good access token."""
    (session,) = owner.served.sessions(name)
    jar = owner.jar()
    with owner.served.house.site.app_context():
        issuer, account = services().token_issuer, services().store.find("username", name)
        assert account is not None
        orphan = issuer.issue(account, replace(session, current="orphan"), session.served_at).refresh_token
    bearer = {"Authorization": f"Bearer {jar['accessToken']}"}
    assert Copy(owner.served, {}).ask("POST", "/auth/refresh", {"refresh_token": orphan}, **bearer) == 401


def be_away(owner: Owner, _name: str) -> None:
    """Come back after the idle limit of a remembered session."""
    owner.served.house.turn_clock(15 * 86400)


def _user(name: str) -> Any:
    return db.session.scalars(db.select(User).where(User.username == name)).one()


@pytest.mark.parametrize("end", [sign_out, reset_password, block, reuse, be_away])
def test_browser_forgets_the_key_of_a_session_that_is_over(
    owner: Owner, name: str, end: Callable[[Owner, str], None]
) -> None:
    """It asks once more, is told, and the next pages are as for everybody who is not signed in."""
    end(owner, name)
    owner.run_out()
    owner.open("/room")
    expect(owner.page.get_by_role("heading")).to_have_text("Sign in")
    asked = owner.proofs
    owner.open("/room")
    expect(owner.page.get_by_role("heading")).to_have_text("Sign in")
    assert owner.proofs == asked


def test_a_new_password_binds_the_new_session(owner: Owner, name: str) -> None:
    """The session that takes the place of the old one is bound as well."""
    (before,) = owner.served.sessions(name)
    owner.open("/account")
    owner.page.get_by_label("Current password").fill("correct horse battery staple")
    owner.page.get_by_label("New password").fill("an even better battery staple")
    owner.page.get_by_role("button", name="Change password").click()
    expect(owner.page.get_by_text("Your password is changed")).to_be_visible()
    owner.open()
    owner.run_out()
    assert owner.open() == 200
    (after,) = owner.served.sessions(name)
    assert after.id != before.id
    assert owner.served.is_bound(name)


def test_signing_in_again_binds_again(owner: Owner, name: str) -> None:
    """After a sign-out the same browser binds the next session with a new key."""
    (before,) = owner.served.sessions(name)
    sign_out(owner, name)
    owner.enter(name)
    owner.run_out()
    assert owner.open() == 200
    (after,) = owner.served.sessions(name)
    assert before.device is not None
    assert after.device is not None
    assert after.device.key != before.device.key
