"""What a site answers while its database node is behind another one: four questions, each right or wrong."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from app import create_app
from app.db import db
from tests.support.browser import Browser
from tests.support.sites import add_user, let_in

from .member import Member

BEHIND_SECONDS = 1.5
"""For how long the node applies nothing; a statement that waits for the other node goes on after that."""

MOMENT = 0.5
"""Seconds in which a node that is not held up applies what another one has committed."""


class Pair:
    """A site on a node that commits, a site on another node, and a user."""

    def __init__(self, ahead: Member, behind: Member) -> None:
        shared = {"TESTING": True, "SECRET_KEY": secrets.token_hex(32)}
        self._behind = behind
        self.ahead, self.other = (
            create_app({**shared, "SQLALCHEMY_DATABASE_URI": member.url}) for member in (ahead, behind)
        )
        self._user = add_user(self.ahead, "behind@example.org")

    def signed_in(self) -> Browser:
        """A browser whose session has just started on the first node."""
        return let_in(self.ahead, self._user)

    def apart(self) -> AbstractContextManager[None]:
        """The second node applies nothing of what the first one commits at the start of this block."""
        time.sleep(MOMENT)
        return self._behind.held_up(BEHIND_SECONDS)

    def there(self, browser: Browser) -> Browser:
        """The same browser in front of the second site."""
        return Browser(self.other, browser.held)

    def close(self) -> None:
        """Give the connections back."""
        for site in (self.ahead, self.other):
            with site.app_context():
                db.engine.dispose()


def refreshes_what_was_rotated(pair: Pair) -> bool:
    """The old row takes the new token for a stranger's."""
    browser = pair.signed_in()
    with pair.apart():
        browser.refresh()
        return pair.there(browser).refresh().status_code == 200


def refreshes_what_has_started(pair: Pair) -> bool:
    """The old row does not have the session."""
    with pair.apart():
        return pair.there(pair.signed_in()).refresh().status_code == 200


def ends_what_has_started(pair: Pair) -> bool:
    """The old row has no session to end."""
    with pair.apart():
        browser = pair.signed_in()
        pair.there(browser).sign_out()
    return browser.refresh().status_code == 401


def refuses_what_has_ended(pair: Pair) -> bool:
    """By the old row the session is live, and a Repeat writes nothing."""
    browser = pair.signed_in()
    browser.refresh()
    kept = Browser(pair.ahead, browser.held)
    with pair.apart():
        browser.sign_out()
        return pair.there(kept).refresh().status_code == 401


QUESTIONS: Mapping[str, Callable[[Pair], bool]] = {
    "a refresh with a token that another node has just rotated": refreshes_what_was_rotated,
    "a refresh of a session that has just started on another node": refreshes_what_has_started,
    "a sign-out of a session that has just started on another node": ends_what_has_started,
    "a refresh of a session that has just ended on another node": refuses_what_has_ended,
}


def answers(ahead: Member, behind: Member) -> dict[str, bool]:
    """Each question, and whether the answer was right."""
    with _pair(ahead, behind) as pair:
        return {words: ask(pair) for words, ask in QUESTIONS.items()}


@contextmanager
def _pair(ahead: Member, behind: Member) -> Iterator[Pair]:
    pair = Pair(ahead, behind)
    try:
        yield pair
    finally:
        pair.close()
