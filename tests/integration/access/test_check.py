"""GET /auth/check: what a proxy is told of the request that it asks about."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.browser import Browser, bearer, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger
from tests.support.rows import statements, write
from tests.support.sites import MakeSite

URI = "X-Original-URI"
METHOD = "X-Forwarded-Method"
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
ASKED = NAVIGATION | {URI: "/reports?a=1&b=2"}
FOREIGN = {"Sec-Fetch-Site": "cross-site"}


def test_who_is_signed_in_is_told(signed_in: Browser, ada: str) -> None:
    """By cookie and by bearer, in a header of an empty reply that no cache keeps."""
    token = content(signed_in.refresh())["access_token"]
    for reply in (
        signed_in.client.get("/auth/check", headers=ASKED),
        signed_in.client.head("/auth/check"),
        Browser(signed_in.client.application).client.get("/auth/check", headers=bearer(token)),
    ):
        assert (reply.status_code, reply.data) == (204, b"")
        assert reply.headers["Ratchet-Subject"] == ada
        assert reply.headers["Cache-Control"] == "no-store"
        assert "Ratchet-Continue" not in reply.headers


def test_a_subject_of_any_characters_is_a_header(make_stranger: MakeStranger) -> None:
    """It is percent-encoded."""
    stranger = make_stranger("text")
    stranger.add_user(badge="A-17 \u00e9\r\n%/\U0001f511")
    reply = stranger.signed_in().client.get("/auth/check")
    assert reply.headers["Ratchet-Subject"] == "A-17%20%C3%A9%0D%0A%25%2F%F0%9F%94%91"


def test_it_asks_the_database_no_more_than_a_guarded_view(signed_in: Browser, site: Flask) -> None:
    """Which sessions have ended, once a second."""
    with statements(site) as sent:
        for _ in range(20):
            assert signed_in.client.get("/auth/check").status_code == 204
    assert sent in ([], ["SELECT"])


def test_an_ended_session_is_refused(signed_in: Browser, site: Flask, ada: str, clock: Clock) -> None:
    """A second later, as in a guarded view."""
    assert signed_in.client.get("/auth/check").status_code == 204
    copy = Browser(site, signed_in.held)
    copy.refresh()
    signed_in.sign_out("all")
    write(site, ada, sessions=[])
    clock.advance(1)
    assert refusal(copy.client.get("/auth/check")) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("headers", "way"),
    [
        pytest.param(ASKED, "/auth/continue?next=%2Freports%3Fa%3D1%26b%3D2", id="a page navigation"),
        pytest.param({URI: "/", "Accept": "text/html"}, "/auth/continue?next=%2F", id="an old browser's"),
        pytest.param(ASKED | {"Sec-Fetch-Mode": "cors"}, None, id="a script"),
        pytest.param(NAVIGATION, None, id="a page that the proxy does not name"),
        pytest.param(
            ASKED | {URI: "//evil.example/"}, "/auth/continue?next=%2F", id="a page of another site"
        ),
        pytest.param(ASKED | {URI: "/auth/continue?next=/"}, "/auth/continue?next=%2F", id="one of ours"),
    ],
)
def test_a_refused_page_is_told_where_to_renew(
    browser: Browser, headers: dict[str, str], way: str | None
) -> None:
    """It is a 401 whatever the request looks like, and never a redirect."""
    reply = browser.client.get("/auth/check", headers=headers)
    assert refusal(reply) == (401, "token_missing")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "Location" not in reply.headers
    assert reply.headers.get("Ratchet-Continue") == way


def test_a_page_that_was_just_renewed_goes_to_sign_in(signed_in: Browser) -> None:
    """So that a fault is no endless circle; another page still renews."""
    signed_in.client.get("/auth/continue?next=/reports%3Fa=1%26b=2", headers=NAVIGATION)
    signed_in.client.delete_cookie("accessToken")
    reply = signed_in.client.get("/auth/check", headers=ASKED)
    assert reply.headers["Ratchet-Continue"] == "/sign-in?next=%2Freports%3Fa%3D1%26b%3D2"
    reply = signed_in.client.get("/auth/check", headers=ASKED | {URI: "/other"})
    assert reply.headers["Ratchet-Continue"] == "/auth/continue?next=%2Fother"


def test_without_an_access_cookie_the_way_leads_to_the_sign_in_page(make_site: MakeSite) -> None:
    """A renewal would not help."""
    site = make_site(RATCHET_ACCESS_COOKIE=False)
    reply = site.test_client().get("/auth/check", headers=ASKED)
    assert reply.headers["Ratchet-Continue"] == "/sign-in?next=%2Freports%3Fa%3D1%26b%3D2"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({METHOD: "POST"} | FOREIGN, 403, id="a form of another site"),
        pytest.param({METHOD: "post"} | FOREIGN, 403, id="in small letters"),
        pytest.param({METHOD: "GET", "Upgrade": "websocket"} | FOREIGN, 403, id="a socket of another site"),
        pytest.param({METHOD: "GET"} | FOREIGN, 204, id="a link on another site"),
        pytest.param({METHOD: "POST", "Sec-Fetch-Site": "same-origin"}, 204, id="a form of this site"),
        pytest.param({METHOD: "POST", "Origin": "https://evil.example"}, 403, id="by its origin"),
    ],
)
def test_the_method_that_is_asked_about_counts(
    signed_in: Browser, headers: dict[str, str], status: int
) -> None:
    """With the cookie, what changes something has to come from this site."""
    assert signed_in.client.get("/auth/check", headers=headers).status_code == status


def test_a_bearer_comes_from_anywhere(signed_in: Browser, site: Flask) -> None:
    """No browser adds one by itself."""
    token = content(signed_in.refresh())["access_token"]
    headers = bearer(token) | {METHOD: "POST"} | FOREIGN
    assert Browser(site).client.get("/auth/check", headers=headers).status_code == 204
