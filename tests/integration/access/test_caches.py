"""What a cache is told of a host's own pages: what varies with the visitor, and what it may never keep."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response, redirect
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from app.auth import current_user
from tests.support.browser import Browser, access_token, bearer, cleared, content, set_cookies
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger

PUBLIC = "public, max-age=3600"
BOTH = {"cookie", "authorization"}


def keep_all(app: Flask) -> None:
    """Two hooks of a host, one that lets caches keep everything and one that says what it varies with."""

    @app.after_request
    def keep(response: Response) -> Response:
        response.headers["Cache-Control"] = PUBLIC
        return response

    @app.after_request
    def vary(response: Response) -> Response:
        response.headers["Vary"] = "Accept-Encoding"
        return response


@pytest.fixture
def overruled(make_stranger: MakeStranger) -> Stranger:
    """A stranger's app with one user, whose hooks were there before Ratchet."""
    stranger = make_stranger(prepare=keep_all)
    stranger.add_user()

    @stranger.app.get("/by-mail")
    def by_mail() -> ResponseReturnValue:
        user = stranger.db.session.scalars(stranger.db.select(stranger.model)).one()
        stranger.ratchet.start_session(user)
        return redirect("/private")

    return stranger


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A stranger's app with one user, pages that set cookies by GET, and a hook that lets all be kept."""
    stranger = make_stranger()
    stranger.add_user()
    app, ratchet = stranger.app, stranger.ratchet

    @app.get("/plain")
    def plain() -> str:
        return "the same for everybody"

    @app.get("/by-mail")
    def by_mail() -> ResponseReturnValue:
        ratchet.start_session(stranger.db.session.scalars(stranger.db.select(stranger.model)).one())
        return redirect("/private")

    @app.get("/out")
    def out() -> str:
        ratchet.end_session()
        return "signed out"

    @app.get("/greet-in-a-hook")
    def greet() -> str:
        return "hello"

    @app.after_request
    def keep(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", PUBLIC)
        if response.data == b"hello":
            response.headers["X-Greeting"] = "again" if current_user else "welcome"
        return response

    return stranger


def varies(reply: TestResponse) -> set[str]:
    """The headers that a reply varies with, in lower case."""
    return {name.lower() for name in reply.vary}


@pytest.mark.parametrize("path", ["/private", "/fresh", "/live", "/open", "/greet-in-a-hook"])
def test_what_depends_on_a_token_varies_with_it(stranger: Stranger, path: str) -> None:
    """By cookie, by bearer, with a bad token and with none: each answer is for such a visitor only."""
    browser = stranger.signed_in()
    token = access_token(browser)
    nobody = stranger.app.test_client(use_cookies=False)
    for reply in (
        browser.client.get(path),
        nobody.get(path),
        nobody.get(path, headers=bearer(token)),
        nobody.get(path, headers=bearer("garbage")),
        nobody.get(path, headers={"Sec-Fetch-Mode": "navigate"}),
    ):
        assert varies(reply) >= BOTH, reply.status


def test_a_page_that_asks_nobody_is_left_as_it_is(stranger: Stranger) -> None:
    """A cache may go on keeping one copy of it for everybody."""
    reply = stranger.signed_in().client.get("/plain")
    assert (varies(reply), reply.headers["Cache-Control"]) == (set(), PUBLIC)


def test_no_page_that_varies_is_kept_from_caches(stranger: Stranger) -> None:
    """A guarded page keeps the Cache-Control of its host, which knows who may keep it."""
    assert stranger.signed_in().client.get("/private").headers["Cache-Control"] == PUBLIC


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        pytest.param("/by-mail", lambda reply: bool(set_cookies(reply)["accessToken"]["value"]), id="set"),
        pytest.param("/out", cleared, id="cleared"),
    ],
)
def test_a_reply_with_cookies_is_never_stored(
    stranger: Stranger, clock: Clock, path: str, changed: Callable[[TestResponse], bool]
) -> None:
    """Whoever asked the cache for it would get the session of somebody else, or lose their own."""
    clock.advance(1)
    reply = Browser(stranger.app).client.get(path)
    assert changed(reply)
    assert reply.headers["Cache-Control"] == "no-store"


def test_no_hook_of_the_host_lets_cookies_be_stored(overruled: Stranger) -> None:
    """Not even one that was registered first, which Flask runs last."""
    reply = Browser(overruled.app).client.get("/by-mail")
    assert set_cookies(reply)["accessToken"]["value"]
    assert reply.headers["Cache-Control"] == "no-store"


def test_no_hook_of_the_host_takes_away_what_a_page_varies_with(overruled: Stranger) -> None:
    """What the host says beside it stays."""
    reply = overruled.signed_in().client.get("/private")
    assert varies(reply) == BOTH | {"accept-encoding"}
    assert reply.headers["Cache-Control"] == PUBLIC


def test_two_lines_of_the_host_about_what_a_page_varies_with_both_stay(stranger: Stranger) -> None:
    """Extensions add a line each; every cache reads them as one list."""

    @stranger.app.get("/twice")
    @stranger.ratchet.required
    def twice() -> Response:
        reply = Response("both")
        for name in ("Origin", "Accept-Encoding"):
            reply.headers.add("Vary", name)
        return reply

    reply = stranger.signed_in().client.get("/twice")
    assert varies(reply) == BOTH | {"origin", "accept-encoding"}


def test_no_hook_of_the_host_lets_our_own_replies_be_stored(overruled: Stranger) -> None:
    """With tokens in cookies or in the body, refusals, redirects to continue; but the client may be kept."""
    navigation = {"Sec-Fetch-Mode": "navigate"}
    browser, nobody = Browser(overruled.app), Browser(overruled.app)
    by_body = nobody.sign_in("grace@example.org", delivery="body")
    for reply in (
        browser.sign_in("grace@example.org"),
        browser.refresh(),
        by_body,
        nobody.refresh(content(by_body)["refresh_token"]),
        nobody.refresh("garbage"),
        browser.me(),
        browser.client.get("/auth/continue?next=/private"),
        nobody.client.get("/auth/continue?next=/private"),
        nobody.client.get("/private"),
        nobody.client.get("/private", headers=navigation),
        browser.sign_out(),
    ):
        assert reply.headers["Cache-Control"] == "no-store", reply.request.path
        assert varies(reply) >= BOTH
    assert nobody.client.get("/auth/ratchet.js").headers["Cache-Control"] == PUBLIC
