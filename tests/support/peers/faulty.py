"""What every refused request has in common while the site cannot answer, and what has to follow."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import Browser, refusal

from .promise import check_one_branch

EVER = 10**6
"""More often than any request tries."""

Request = Callable[[Browser], TestResponse]


def check_unavailable(reply: TestResponse) -> None:
    """503 with the seconds to wait, and the cookies as they were."""
    assert refusal(reply) == (503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in reply.headers


class Watched:
    """A browser whose tokens are written down as it receives them."""

    def __init__(self, browser: Browser, site: Flask, subject: str) -> None:
        self.browser, self._site, self._subject = browser, site, subject
        self._received = [browser.held]

    def refresh(self) -> TestResponse:
        """Refresh."""
        reply = self.browser.refresh()
        if reply.status_code == 200:
            self._received.append(self.browser.held)
        return reply

    def check_goes_on(self) -> None:
        """The next request is fine: the last token that was received is honoured, in one branch."""
        assert self.refresh().status_code == 200
        check_one_branch(self._site, self._subject, self._received)
