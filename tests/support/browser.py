"""A browser for the tests: keeps cookies, and can hold on to what it was handed."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "an even better battery staple"
REFRESH_COOKIE = "refreshToken"
ACCESS_COOKIE = "accessToken"
SPARE_COOKIES = {"refreshTokenSpare", "signedInSpare"}
"""A sign-in over a session sets them, and a sign-out may clear them."""

COOKIES = frozenset({REFRESH_COOKIE, ACCESS_COOKIE, "signedIn"})


class Browser:
    """One cookie jar in front of a site."""

    def __init__(self, site: Flask, refresh_cookie: str | None = None) -> None:
        self.client: FlaskClient = site.test_client()
        if refresh_cookie is not None:
            self.refresh_cookie = refresh_cookie

    def sign_in(self, identifier: str = "ada", password: str = PASSWORD, **fields: Any) -> TestResponse:
        """POST /auth/login."""
        return self.post("/auth/login", {"identifier": identifier, "password": password, **fields})

    def refresh(self, token: str | None = None) -> TestResponse:
        """POST /auth/refresh, with the jar's cookie, or with ``token`` in the body."""
        return self.post("/auth/refresh", None if token is None else {"refresh_token": token})

    def sign_out(self, scope: str = "session") -> TestResponse:
        """POST /auth/logout."""
        return self.post("/auth/logout", {"scope": scope})

    def me(self, token: str | None = None) -> TestResponse:
        """GET /auth/me, with the jar's cookie, or with ``token`` as a bearer."""
        return self.client.get("/auth/me", headers={} if token is None else bearer(token))

    def change_password(
        self, current: str = PASSWORD, new: str = NEW_PASSWORD, **options: Any
    ) -> TestResponse:
        """POST /auth/password."""
        return self.post("/auth/password", {"current_password": current, "new_password": new}, **options)

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

    @property
    def held(self) -> str:
        """The refresh cookie in the jar, which has to be there."""
        value = self.refresh_cookie
        assert value is not None, "the jar holds no refresh cookie"
        return value

    @property
    def token(self) -> str:
        """The refresh token inside that cookie, as a body would carry it."""
        return self.held.rpartition(".")[0]


def present(site: Flask, cookies: str, path: str = "/auth/refresh") -> TestResponse:
    """POST with exactly this ``Cookie`` header, and no jar that changes it."""
    return site.test_client(use_cookies=False).post(path, headers={"Cookie": cookies})


def late_sign_out(browser: Browser) -> None:
    """Do to the jar what the reply to a sign-out does that was asked for before the spares were set."""
    late = Browser(browser.client.application).sign_out()
    cookies = set_cookies(late)
    assert cookies.keys() == COOKIES
    for name, cookie in cookies.items():
        browser.client.delete_cookie(name, path=cookie["path"])


def content(reply: TestResponse) -> dict[str, Any]:
    """The JSON object of a reply."""
    fields = reply.get_json()
    assert isinstance(fields, dict), reply.get_data(as_text=True)
    return fields


def refusal(reply: TestResponse) -> tuple[int, str]:
    """Status and error code of a refused request."""
    return reply.status_code, content(reply).get("error", "")


def access_token(browser: Browser) -> str:
    """Refresh, for the access token that comes with it."""
    return str(content(browser.refresh())["access_token"])


def set_cookies(reply: Response | TestResponse) -> dict[str, dict[str, str]]:
    """The cookies a reply sets, by name: value and attributes in lower case."""
    found = {}
    for header in reply.headers.getlist("Set-Cookie"):
        for name, morsel in SimpleCookie(header).items():
            found[name] = {"value": morsel.value} | {
                key: str(value) for key, value in morsel.items() if value not in ("", None)
            }
    return found


def cleared(reply: TestResponse) -> bool:
    """Whether a reply clears the cookies: all of them, or it is a mistake."""
    found = set_cookies(reply).items()
    names = {name for name, cookie in found if (cookie["value"], cookie.get("max-age")) == ("", "0")}
    assert names - SPARE_COOKIES in (set(), COOKIES)
    return bool(names)


def bearer(token: str) -> dict[str, str]:
    """The header that presents an access token."""
    return {"Authorization": f"Bearer {token}"}
