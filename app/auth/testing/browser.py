"""A test client that can be signed in, can lose a reply, and can be copied as a tab or by a thief.

It is a test client of Flask, so ``app.test_client_class = Browser`` works too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self, cast

from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import inspect

from ..lifecycle.account import SessionOptions, subject_of
from ..web import responses
from ..web.request import device_label, replaced_session
from ..web.services import EXTENSION, Services, services

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import Headers
    from werkzeug.test import TestResponse

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


class ReplyLost(ConnectionError):
    """The site has answered, and the answer has not reached the browser."""


class Browser(FlaskClient):
    """A test client that can be signed in, can lose a reply, and can be copied as a tab or by a thief."""

    def __init__(self, application: Flask, response_wrapper: Any = None, **options: Any) -> None:
        super().__init__(application, response_wrapper or application.response_class, **options)
        self._loses = False

    def sign_in(self, user: Any, *, remember: bool = False, label: str | None = None) -> Self:
        """Sign ``user``, an object of your model, in without a password; the session and cookies are real.

        The row has to be committed, also where the test is rolled back (see ``rollback``). Raises ValueError
        if it is not, AccountBlocked, AccountUnconfirmed or SignInRefused if the user may not sign in.
        """
        with self.application.test_request_context(environ_base=self.environ_base) as context:
            request = context.request
            self._add_cookies_to_wsgi(request.environ)
            account = services().store.load(subject_of(_key_of(user)))
            if account is None:
                raise ValueError("the user's row has to be committed first")
            options, replaced = SessionOptions(remember, "cookie", device_label(label)), replaced_session()
            issued = services().sessions.start(account, options, replaces=replaced)
            response = responses.set_cookies(Response(), issued, replaces=replaced is not None)
            set_cookies = response.headers.getlist("Set-Cookie")
            self._update_cookies_from_response(request.host.partition(":")[0], request.path, set_cookies)
        return self

    def visit(self, path: str, **options: Any) -> TestResponse:
        """Request a page as a browser that navigates does. Redirects are followed, so the page can renew."""
        headers = NAVIGATION | dict(options.pop("headers", {}))
        return self.open(path, headers=headers, **{"follow_redirects": True} | options)

    @contextmanager
    def lost_reply(self) -> Iterator[None]:
        """Lose the first reply in this block that changes the cookies of the session; there the block ends.

        The site has done its work, and this browser has neither page nor cookies of it. Raises AssertionError
        if there was no such reply, because then the test has not tested anything.
        """
        self._loses = True
        try:
            with suppress(ReplyLost):
                yield
            if self._loses:
                raise AssertionError("no reply in this block has changed the cookies, so none was lost")
        finally:
            self._loses = False

    @contextmanager
    def second_tab(self) -> Iterator[Browser]:
        """A tab whose requests are sent at the same time as those of this one in this block.

        It sends the cookies that the browser had at the start of the block. Its replies come last: at the end
        of the block, both tabs have its cookies.
        """
        tab = self.thief()
        yield tab
        self._take_cookies(tab)

    def thief(self) -> Browser:
        """Somebody who holds a copy of all cookies that this browser has now."""
        thief = type(self)(
            self.application,
            self.response_wrapper,
            allow_subdomain_redirects=self.allow_subdomain_redirects,
        )
        thief.environ_base = dict(self.environ_base)
        thief._take_cookies(self)  # noqa: SLF001  # of the same class
        return thief

    def run_wsgi_app(
        self,
        environ: WSGIEnvironment,
        buffered: bool = False,  # noqa: FBT002  # Werkzeug's signature
    ) -> tuple[Iterable[bytes], str, Headers]:
        """Send a request and keep the cookies of the reply, unless it is lost. Raises ReplyLost then."""
        before = dict(self._cookies or {})
        reply = super().run_wsgi_app(environ, buffered or self._loses)
        if self._loses and self._changes_cookies(reply[2]):
            self._cookies, self._loses = before, False
            raise ReplyLost
        return reply

    def resolve_redirect(self, response: TestResponse, buffered: bool = False) -> TestResponse:  # noqa: FBT002
        """Follow a redirect. Where it keeps the method (307), the body is sent again, as browsers do."""
        response.request.environ["wsgi.input"].seek(0)
        return super().resolve_redirect(response, buffered)

    def _changes_cookies(self, headers: Headers) -> bool:
        name = cast("Services", self.application.extensions[EXTENSION]).cookies.names.refresh
        return any(header.startswith(f"{name}=") for header in headers.getlist("Set-Cookie"))

    def _take_cookies(self, other: Browser) -> None:
        self._cookies = dict(other._cookies or {})


def _key_of(user: Any) -> Any:
    """The key of a row; also of an object whose session is closed, and which is expired."""
    identity = inspect(user).identity
    if identity is None:
        raise ValueError("the user's row has to be committed first")
    return identity[0]
