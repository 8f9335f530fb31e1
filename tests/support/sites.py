"""The reference site under test: its settings, its users, and browsers that are signed in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response

from app.auth.passwords.hashing import hash_password
from app.db import db
from app.models import User
from app.site import ratchet

from .browser import PASSWORD, Browser, set_cookies
from .samples import SECRET

HASH = hash_password(PASSWORD, 10)

MakeSite = Callable[..., Flask]
"""Makes a site on the test's database; further settings by keyword."""


def settings(url: str, folder: Path) -> dict[str, Any]:
    """The settings of a site under test."""
    return {
        "TESTING": True,
        "SECRET_KEY": SECRET,
        "SQLALCHEMY_DATABASE_URI": url,
        "RATCHET_BCRYPT_ROUNDS": 10,
        "INSTANCE": str(folder),
    }


def add_user(site: Flask, email: str, username: str | None = None, **columns: Any) -> str:
    """Put a user whose password is PASSWORD into the database; their subject."""
    with site.app_context():
        user = User(email=email, username=username, **{"password_hash": HASH, **columns})
        db.session.add(user)
        db.session.commit()
        return str(user.id)


def let_in(site: Flask, subject: str, *, remember: bool = False) -> Browser:
    """A browser whose user was let in without a password, as after a single sign-on: it spares a bcrypt."""
    with site.test_request_context():
        ratchet.start_session(db.session.get(User, int(subject)), remember=remember)
        reply = site.process_response(Response())
    browser = Browser(site)
    for name, cookie in set_cookies(reply).items():
        browser.client.set_cookie(name, cookie["value"], path=cookie["path"])
    return browser


def renew_connections(site: Flask) -> None:
    """Close the idle connections: a setting of the database counts for those made after it."""
    with site.app_context():
        db.engine.dispose()
