"""A site with Ratchet and everything on: leeway, theft detection, ended sessions, signals, audit.

It imports the package under its published name, without the reference site around it.
"""

from __future__ import annotations

from flask_ratchet import Ratchet, RatchetUser
from flask_ratchet.lifecycle.account import SessionOptions
from flask_ratchet.passwords.hashing import hash_password
from flask_ratchet.sessions.issuer import IssuedTokens
from flask_ratchet.web import responses
from flask_ratchet.web.services import services

from . import ACCESS_SECONDS
from .place import site, view
from .users import PASSWORD, SIGN_INS

app, db = site("ratchet", RATCHET_ACCESS_TTL=ACCESS_SECONDS)
app.config.from_prefixed_env()


class User(RatchetUser, db.Model):  # type: ignore[name-defined,misc]  # db.Model is made at run time
    """A user."""

    id = db.Column(db.Integer, primary_key=True)


ratchet = Ratchet(app, db=db, user_model=User)
app.add_url_rule("/guarded", "guarded", ratchet.required(view))


def prepare(sessions: int, accesses: int) -> dict[str, list[str]]:
    """So many sessions with each delivery, each of a user of its own, and access tokens of one of them."""
    with app.test_request_context():
        db.create_all()
        hashed = hash_password(PASSWORD, services().settings.bcrypt_rounds)
        for number in range(2 * sessions + SIGN_INS):
            known = hashed if number < SIGN_INS else None
            db.session.add(User(email=f"ada{number}@example.org", password_hash=known))
        db.session.commit()
        cookie = [started(SIGN_INS + number, "cookie") for number in range(1, sessions + 1)]
        body = [started(SIGN_INS + sessions + number, "body") for number in range(1, sessions + 1)]
        issuer, now, one = services().token_issuer, services().clock(), cookie[0]
        return {
            "access": [issuer.issue(one.account, one.session, now).access_token for _ in range(accesses)],
            "cookie": [cookie_of(issued) for issued in cookie],
            "body": [issued.refresh_token for issued in body],
        }


def started(user: int, delivery: str) -> IssuedTokens:
    """A new session of this user."""
    account = services().store.load(str(user))
    assert account is not None
    return services().sessions.start(account, SessionOptions(delivery=delivery))


def cookie_of(issued: IssuedTokens) -> str:
    """The refresh token as its cookie has it."""
    cookies = responses.tokens(issued, "cookie").headers.getlist("Set-Cookie")
    return next(one[13:].partition(";")[0] for one in cookies if one.startswith("refreshToken="))
