"""Every token that was handed out, and what the model says it is.

A refresh token has one spelling, and every access token is a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from werkzeug.test import TestResponse

from tests.support.browser import REFRESH_COOKIE, set_cookies

from ..forgery import claims_of
from .contract import Access, Contract, Held, Refresh
from .lossy_browser import LossyBrowser, handed_out
from .state import Session


@dataclass
class Tokens:
    """The tokens of one run."""

    _values: dict[str, Refresh | Access] = field(default_factory=dict)
    _spellings: dict[Refresh, str] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)

    def held(self, browser: LossyBrowser) -> Held:
        """What a browser holds, as the model knows it."""
        refresh, access = (
            token and self._values[token] for token in (browser.refresh_token, browser.access_token)
        )
        return Held(cast("Refresh | None", refresh), cast("Access | None", access))

    def check(self, reply: TestResponse, contract: Contract, session: Session, now: float) -> str:
        """The reply hands out the tokens of ``session``, the very same or all new; by which delivery."""
        delivery, refresh, access = handed_out(reply)
        if not session.current:
            self._learn(session, refresh)
        self._check_spelling(contract.refresh_token(session), refresh)
        self._check_new(contract.access_token(session, now), access)
        _check_lifetime(reply, session, now)
        return delivery

    def _learn(self, session: Session, refresh: str) -> None:
        """Take over the ids that the site has drawn."""
        claims = claims_of(refresh)
        session.id, session.current = session.id or claims["sid"], claims["jti"]
        self._add_id(session.current)

    def _check_spelling(self, value: Refresh, token: str) -> None:
        assert self._spellings.setdefault(value, token) == token
        self._check_claims(value, token)

    def _check_new(self, value: Access, token: str) -> None:
        self._add_id(claims_of(token)["jti"])
        self._check_claims(value, token)

    def _add_id(self, token_id: str) -> None:
        assert token_id not in self._ids
        self._ids.add(token_id)

    def _check_claims(self, value: Refresh | Access, token: str) -> None:
        assert self._values.setdefault(token, value) == value
        claims = claims_of(token)
        assert (claims["sub"], claims["sid"], claims["exp"]) == (value.user, value.session, value.expires_at)


def _check_lifetime(reply: TestResponse, session: Session, now: float) -> None:
    """The cookie stays as long as the session may, or goes with the window."""
    left = int(session.ends_at - now)
    assert reply.json is not None
    if "refresh_token" in reply.json:
        assert reply.json["refresh_expires_in"] == left
    else:
        age = set_cookies(reply)[REFRESH_COOKIE].get("max-age")
        assert age == (str(left) if session.remember else None)
