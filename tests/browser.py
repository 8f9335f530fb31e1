"""A browser for the tests: keeps cookies, and can hold on to what it was handed."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery staple"
REFRESH_COOKIE = "refreshToken"


class Browser:
    """One cookie jar in front of a site."""

    def __init__(self, site: Flask) -> None:
        self.client: FlaskClient = site.test_client()

    def sign_in(self, identifier: str = "ada", password: str = PASSWORD, **fields: Any) -> TestResponse:
        """POST /auth/login."""
        return self.post("/auth/login", {"identifier": identifier, "password": password, **fields})

    def refresh(self, token: str | None = None) -> TestResponse:
        """POST /auth/refresh, with the jar's cookie, or with ``token`` in the body."""
        return self.post("/auth/refresh", None if token is None else {"refresh_token": token})

    def sign_out(self, scope: str = "session") -> TestResponse:
        """POST /auth/logout."""
        return self.post("/auth/logout", {"scope": scope})

    def post(self, path: str, fields: Any = None, **options: Any) -> TestResponse:
        """POST a JSON body, or none."""
        return (
            self.client.post(path, json=fields, **options)
            if fields is not None
            else self.client.post(path, **options)
        )

    @property
    def refresh_cookie(self) -> str | None:
        """The refresh cookie in the jar."""
        cookie = self.client.get_cookie(REFRESH_COOKIE, path="/auth")
        return None if cookie is None else cookie.value

    @refresh_cookie.setter
    def refresh_cookie(self, value: str) -> None:
        self.client.set_cookie(REFRESH_COOKIE, value, path="/auth")


def set_cookies(reply: TestResponse) -> dict[str, dict[str, str]]:
    """The cookies a reply sets, by name: value and attributes in lower case."""
    found = {}
    for header in reply.headers.getlist("Set-Cookie"):
        for name, morsel in SimpleCookie(header).items():
            found[name] = {"value": morsel.value} | {
                key: str(value) for key, value in morsel.items() if value not in ("", None)
            }
    return found


def bearer(token: str) -> dict[str, str]:
    """The header that presents an access token."""
    return {"Authorization": f"Bearer {token}"}
