"""A site where ada is signed in, and the ways in which things go wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from tests.support.browser import Browser
from tests.support.clock import Clock
from tests.support.sites import MakeSite, add_user

from .rows import write


@dataclass
class Scene:
    """A site where ada is signed in, and what one needs to make things go wrong there."""

    site: Flask
    browser: Browser
    ada: str
    clock: Clock
    make_site: MakeSite
    database: str
    folder: Path

    def elsewhere(self) -> Browser:
        """The same browser in front of a node whose database cannot be reached."""
        url = make_url(self.database)
        lost = (
            url.set(database=str(self.folder / "no such folder" / "file"))
            if url.get_backend_name() == "sqlite"
            else url.set(port=1)
        )
        node = self.make_site(SQLALCHEMY_DATABASE_URI=lost.render_as_string(hide_password=False))
        return Browser(node, self.browser.held)

    def stale(self) -> Browser:
        """A browser with a copy of a token whose successor was used."""
        thief = Browser(self.site, self.browser.held)
        for _ in range(2):
            self.browser.refresh()
            self.clock.advance(30)
        return thief

    def refused(self, **columns: bool) -> Browser:
        """The browser, after an operator changed the account."""
        write(self.site, self.ada, **columns)
        return self.browser


def barred_sign_in(scene: Scene, **columns: bool) -> TestResponse:
    """A sign-in with the right password to an account that may not."""
    add_user(scene.site, "eve@example.org", "eve", **columns)
    return Browser(scene.site).sign_in("eve")


def guess_often(scene: Scene) -> TestResponse:
    """The eleventh wrong password."""
    replies = [Browser(scene.site).sign_in("nobody", "a wrong password") for _ in range(11)]
    assert {reply.status_code for reply in replies[:10]} == {401}
    return replies[-1]


def ask_when_stale(scene: Scene) -> TestResponse:
    """Something that needs a recent sign-in, long after it."""
    scene.clock.advance(601)
    scene.browser.refresh()
    return scene.browser.post("/auth/sessions", {})


def sign_out_from_afar(scene: Scene) -> TestResponse:
    """An access token of a session that was ended."""
    scene.browser.client.delete_cookie("refreshToken", path="/auth")
    write(scene.site, scene.ada, sessions=[])
    return scene.browser.client.get("/auth/sessions")
