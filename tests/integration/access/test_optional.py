"""@ratchet.required(optional=True): a public page knows its visitor, renews once, and goes in no circle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import jsonify, request
from werkzeug.test import TestResponse

from app.auth import current_user
from tests.support.browser import Browser, bearer, content, late_sign_out
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"}
GRACE, NOBODY = {"email": "grace@example.org"}, {"email": None}
RUN_OUT = 601

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """An app with a public page that knows its visitor, and one user."""
    made = make_stranger(RATCHET_LOGIN_URL="/open")

    @made.app.route("/public", methods=["GET", "POST"])
    @made.ratchet.required(optional=True)
    def public() -> Any:
        return jsonify(email=current_user.email if current_user else None, **request.form)

    made.add_user()
    return made


@pytest.fixture
def late(stranger: Stranger, clock: Clock) -> Browser:
    """Grace's browser, whose access token has run out."""
    browser = stranger.signed_in()
    clock.advance(RUN_OUT)
    return browser


def go(browser: Browser, path: str = "/public", method: str = "GET", **options: Any) -> TestResponse:
    """A navigation, without following where it leads."""
    headers = NAVIGATION | options.pop("headers", {})
    return browser.client.open(path, method=method, headers=headers, **options)


def follow(
    browser: Browser, path: str = "/public", method: str = "GET", **options: Any
) -> list[TestResponse]:
    """A navigation and where it leads; more than five steps are a circle."""
    replies = [go(browser, path, method, **options)]
    while replies[-1].status_code in (303, 307):
        assert len(replies) < 6, "it goes in a circle"
        method = "GET" if replies[-1].status_code == 303 else method
        replies.append(go(browser, replies[-1].location, method, **options))
    return replies


def test_whoever_is_signed_in_is_known(stranger: Stranger) -> None:
    """By cookie or bearer, without a way around."""
    browser = stranger.signed_in()
    assert content(go(browser)) == GRACE
    token = content(browser.refresh())["access_token"]
    assert content(Browser(stranger.app).client.get("/public", headers=bearer(token))) == GRACE


def test_a_visitor_whose_access_token_has_run_out_is_renewed(late: Browser) -> None:
    """Once: to continue, back, and the page knows who is there."""
    sent, renewed, page = follow(late)
    assert sent.location == "/auth/continue?next=%2Fpublic&optional=1"
    assert (sent.status_code, renewed.status_code, renewed.location) == (303, 303, "/public")
    assert content(page) == GRACE


def test_a_visitor_whose_mark_a_late_sign_out_took_is_renewed(stranger: Stranger) -> None:
    """The reply of the session before this one leaves both spares: a public page still knows who is there."""
    browser = stranger.signed_in()
    assert browser.sign_in("grace@example.org").status_code == 200
    late_sign_out(browser)
    assert content(follow(browser)[-1]) == GRACE


def test_a_form_comes_along(late: Browser) -> None:
    """A form that everybody may post is posted by the one who is there."""
    page = follow(late, method="POST", data={"word": "hello"})[-1]
    assert content(page) == GRACE | {"word": "hello"}


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda browser: browser.client.get("/public"), id="a crawler or a script"),
        pytest.param(
            lambda browser: browser.client.get("/public", headers={"Accept": "text/html"}),
            id="a crawler that wants HTML",
        ),
        pytest.param(go, id="a browser that was never here"),
        pytest.param(lambda browser: go(browser, headers=bearer("garbage")), id="a bad bearer"),
    ],
)
def test_whoever_holds_no_session_is_not_sent_around(
    stranger: Stranger, ask: Callable[[Browser], TestResponse]
) -> None:
    """They have the page at once, as nobody."""
    assert content(ask(Browser(stranger.app))) == NOBODY


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Mode": "cors"}, id="a fetch"),
        pytest.param({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, id="an image"),
        pytest.param({"Authorization": "Bearer garbage"}, id="a bearer, which counts above the cookie"),
    ],
)
def test_what_is_no_navigation_is_not_sent_around(late: Browser, headers: dict[str, str]) -> None:
    """A script has the page as nobody, and renews by itself."""
    assert content(go(late, headers=headers)) == NOBODY


def test_a_form_of_another_site_is_nobodys(late: Browser) -> None:
    """It changes nothing in anybody's name, and renews nothing."""
    other = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert content(go(late, method="POST", headers=other)) == NOBODY


def test_head_is_not_sent_around(late: Browser) -> None:
    """It renews nothing."""
    assert go(late, method="HEAD").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_renewal_that_fails_shows_the_page_as_to_nobody(late: Browser, method: str) -> None:
    """Also where the cookies stay, as after a refusal of a cookie that is not ours."""
    late.refresh_cookie = "garbage"
    assert content(follow(late, method=method)[-1]) == NOBODY
    late.client.set_cookie("signedIn", "1.whatever")
    assert content(go(late)) == NOBODY


def test_cookies_that_nobody_clears_lead_to_no_circle(stranger: Stranger, clock: Clock) -> None:
    """A browser with the mark and nothing behind it is sent around once in half a minute."""
    browser = Browser(stranger.app)
    browser.client.set_cookie("signedIn", "1.whatever")
    assert [reply.status_code for reply in follow(browser)] == [303, 303, 200]
    clock.advance(30)
    assert content(go(browser)) == NOBODY
    clock.advance(1)
    assert len(follow(browser)) == 3


def test_a_short_lived_token_is_renewed_each_time(make_stranger: MakeStranger, clock: Clock) -> None:
    """A renewal that succeeded does not count as one that was tried in vain."""
    stranger = make_stranger(RATCHET_ACCESS_TTL="4s", RATCHET_LEEWAY="1s")
    stranger.app.add_url_rule(
        "/public", view_func=stranger.ratchet.required(optional=True)(lambda: str(bool(current_user)))
    )
    stranger.add_user()
    browser = stranger.signed_in()
    for _ in range(3):
        clock.advance(5)
        assert [reply.status_code for reply in follow(browser)] == [303, 303, 200]
        assert go(browser).text == "True"


def test_an_access_cookie_that_the_browser_does_not_keep_leads_to_no_circle(late: Browser) -> None:
    """It may be too large: the renewal succeeds, and the page is shown as to nobody all the same."""
    sent = go(late)
    back = go(late, sent.location)
    late.client.delete_cookie("accessToken")
    assert content(go(late, back.location)) == NOBODY


def test_a_prefetch_is_not_taken_for_a_try(late: Browser) -> None:
    """The browser throws away what it cannot prefetch, and asks again when the person comes."""
    ahead = {"Sec-Purpose": "prefetch"}
    assert follow(late, headers=ahead)[-1].status_code == 503
    assert content(follow(late)[-1]) == GRACE


def test_the_page_is_told_of_a_theft(stranger: Stranger, late: Browser, clock: Clock) -> None:
    """It is shown as to nobody, with the reason in its query, so that it can say so."""
    thief = Browser(stranger.app, late.held)
    for _ in range(2):
        assert thief.refresh().status_code == 200
        clock.advance(RUN_OUT)
    assert follow(late, "/public?a=b")[-2].location == "/public?a=b&reason=refresh_token_reused"


def test_a_user_whose_row_is_gone_is_nobody(stranger: Stranger) -> None:
    """The access token is still good; the page has nobody to show."""
    browser = stranger.signed_in()
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.delete(stranger.model))
        stranger.db.session.commit()
    assert content(go(browser)) == NOBODY


@pytest.mark.parametrize("further", [{"fresh": True}, {"live": True}, {"claims": {}}])
def test_optional_refuses_nobody(stranger: Stranger, further: dict[str, Any]) -> None:
    """A view that refuses some of its visitors cannot be for everybody."""
    with pytest.raises(ValueError, match="optional"):
        stranger.ratchet.required(optional=True, **further)
