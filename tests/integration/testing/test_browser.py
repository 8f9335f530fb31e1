"""flask_ratchet.testing: what a host's own tests use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, request, session

from app.auth import AccountBlocked, AccountUnconfirmed, SignInRefused
from app.auth.testing import Browser, Clock, ReplyLost, rollback
from tests.support.browser import content, refusal
from tests.support.forgery import claims_of
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.samples import NOW

GRACE = "grace@example.org"


@pytest.fixture
def clock() -> Clock:
    """The clock of the sites in this test: that of the package."""
    return Clock(NOW)


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A host with one user."""
    stranger = make_stranger()
    add_echo(stranger)
    stranger.add_user(GRACE)
    return stranger


def add_echo(stranger: Stranger) -> None:
    """A view with a form."""

    @stranger.app.post("/echo")
    @stranger.ratchet.required
    def echo() -> str:
        file = request.files.get("text")
        return request.form["text"] if file is None else file.read().decode()


@pytest.fixture
def browser(stranger: Stranger) -> Browser:
    """A browser in which grace is signed in."""
    return Browser(stranger.app).sign_in(grace(stranger))


def grace(stranger: Stranger) -> Any:
    """The user, as a test has it that has left its app context: expired and detached."""
    with stranger.app.app_context():
        user = stranger.db.session.scalars(stranger.db.select(stranger.model)).one()
        stranger.db.session.commit()
        return user


def token(browser: Browser) -> str:
    """The refresh cookie in the jar."""
    cookie = browser.get_cookie("refreshToken", path="/auth")
    assert cookie is not None
    return cookie.value


def test_a_user_is_signed_in_without_a_password(stranger: Stranger, bcrypts: list[bytes]) -> None:
    """The session is on the row and its cookies are real; no password is needed, and bcrypt does not run."""
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.update(stranger.model).values(password_hash=None))
        stranger.db.session.commit()
    browser = Browser(stranger.app).sign_in(grace(stranger), label="A test")
    assert bcrypts == []
    assert browser.get("/live").json == {"email": GRACE}
    assert [one["label"] for one in content(browser.get("/auth/sessions"))["sessions"]] == ["A test"]
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.post("/auth/logout").status_code == 204
    assert browser.get("/private").status_code == 401


def test_an_app_can_make_such_clients_itself(stranger: Stranger) -> None:
    """And a class of the host's that inherits from Browser makes its tabs and thieves of the same class."""

    class Own(Browser):
        pass

    stranger.app.test_client_class = Own
    browser = stranger.app.test_client()
    assert isinstance(browser, Own)
    thief = browser.sign_in(grace(stranger)).thief()
    assert isinstance(thief, Own)
    assert thief.get("/private").json == {"email": GRACE}


def test_signing_in_again_ends_the_session_before(stranger: Stranger, browser: Browser) -> None:
    """As in a real browser; the label is by default that of its user agent."""
    browser.sign_in(grace(stranger))
    assert [one["label"] for one in content(browser.get("/auth/sessions"))["sessions"]] == ["Werkzeug"]


def test_who_may_not_sign_in_is_not_signed_in(stranger: Stranger) -> None:
    """A test cannot hold what the site would refuse, nor a user whom the site cannot see."""
    for column, value, error in (
        ("confirmed", False, AccountUnconfirmed),
        ("blocked", True, AccountBlocked),
    ):
        with stranger.app.app_context():
            stranger.db.session.execute(stranger.db.update(stranger.model).values({column: value}))
            stranger.db.session.commit()
        with pytest.raises(error):
            Browser(stranger.app).sign_in(grace(stranger))
    with pytest.raises(ValueError, match="has to be committed first"):
        Browser(stranger.app).sign_in(stranger.model(email="new@example.org"))
    with stranger.app.app_context():
        stranger.db.session.add(flushed := stranger.model(email="new@example.org"))
        stranger.db.session.flush()
        with pytest.raises(ValueError, match="has to be committed first"):
            Browser(stranger.app).sign_in(flushed)
        stranger.db.session.rollback()


def test_the_hooks_of_the_host_are_asked(make_stranger: MakeStranger) -> None:
    """As at any other sign-in, also where the test is rolled back and the user is committed in it only."""

    def only_grace(user: Any) -> None:
        if user.email != GRACE:
            raise SignInRefused("terms_pending", "Accept the terms first.")

    stranger = make_stranger(claims=lambda user: {"mail": user.email}, may_sign_in=only_grace)
    with rollback(stranger.app, stranger.db):
        stranger.add_user(GRACE)
        browser = Browser(stranger.app).sign_in(grace(stranger))
        cookie = browser.get_cookie("accessToken")
        assert cookie is not None
        assert claims_of(cookie.value)["mail"] == GRACE
        with stranger.app.app_context():
            stranger.db.session.execute(stranger.db.update(stranger.model).values(email="ada@example.org"))
            stranger.db.session.commit()
        with pytest.raises(SignInRefused):
            browser.sign_in(grace(stranger))


def test_a_page_renews_when_it_is_visited(browser: Browser, clock: Clock) -> None:
    """The access token has run out overnight. A form arrives with its fields and files."""
    clock.advance(timedelta(hours=8))
    assert browser.visit("/private").json == {"email": GRACE}
    clock.advance(timedelta(hours=8))
    assert browser.visit("/echo", method="POST", data={"text": "hello"}).text == "hello"
    clock.advance(timedelta(hours=8))
    assert browser.visit("/echo", method="POST", data={"text": (BytesIO(b"hello"), "a file")}).text == "hello"
    assert browser.visit("/private", follow_redirects=False).status_code == 200


def test_a_lost_reply_leaves_the_cookies_as_they_were(browser: Browser, clock: Clock) -> None:
    """The site has rotated the token, and the browser does not know of it; later it recovers."""
    clock.advance(3600)
    before = token(browser)
    visited = []
    with browser.lost_reply():
        visited.append(browser.visit("/private"))
    assert (visited, token(browser)) == ([], before)
    clock.advance(60)
    assert browser.visit("/private").json == {"email": GRACE}
    assert token(browser) != before


def test_a_reply_that_was_not_lost_is_told(browser: Browser) -> None:
    """Otherwise a test could show nothing and pass; another error comes through, and later replies arrive."""
    with pytest.raises(AssertionError, match="none was lost"), browser.lost_reply():
        assert browser.get("/private").json == {"email": GRACE}
    with pytest.raises(ZeroDivisionError), browser.lost_reply():
        _ = 1 / 0
    before = token(browser)
    assert browser.post("/auth/refresh").status_code == 200
    assert token(browser) != before


def test_a_lost_reply_is_a_broken_connection(browser: Browser) -> None:
    """Code of the host that retries can catch it."""
    with browser.lost_reply():
        with pytest.raises(ConnectionError) as lost:
            browser.post("/auth/refresh")
        assert isinstance(lost.value, ReplyLost)


def test_two_tabs_renew_at_once(browser: Browser, clock: Clock) -> None:
    """Both send the same token and get the same successor; afterwards they share the cookies again."""
    clock.advance(3600)
    with browser.second_tab() as tab:
        before = token(browser)
        assert browser.visit("/private").status_code == 200
        assert token(tab) == before
        assert tab.visit("/private").status_code == 200
        assert token(tab) == token(browser) != before
        tab.set_cookie("colour", "green")
    colour = browser.get_cookie("colour")
    assert colour is not None
    assert colour.value == "green"


def test_a_thief_is_found(browser: Browser, clock: Clock) -> None:
    """The thief has a jar of its own, and the session ends once both have used what they hold."""
    thief = browser.thief()
    for _ in range(2):
        clock.advance(60)
        browser.post("/auth/refresh")
    assert thief.get_cookie("accessToken") is not None
    assert refusal(thief.post("/auth/refresh")) == (401, "refresh_token_reused")
    assert browser.get("/private").status_code == 401


def test_a_copy_holds_the_cookies_of_the_host_too(stranger: Stranger, browser: Browser) -> None:
    """A tab without Flask's own session would be another visitor."""
    remember_colour(stranger.app)
    browser.post("/colour")
    assert browser.thief().get("/colour").text == "green"


def remember_colour(app: Flask) -> None:
    """A view that keeps something in Flask's session."""

    @app.route("/colour", methods=["GET", "POST"])
    def colour() -> str:
        return str(session.setdefault("colour", "green"))


def test_a_clock_stands_until_it_is_turned(clock: Clock) -> None:
    """By seconds or a timedelta, to seconds or a moment."""
    assert clock() == clock() == 1_800_000_000
    clock.advance(1.5)
    clock.advance(timedelta(minutes=-1))
    assert clock() == 1_799_999_941.5
    clock.set(datetime(2031, 5, 1, tzinfo=UTC))
    assert datetime.fromtimestamp(clock(), UTC) == datetime(2031, 5, 1, tzinfo=UTC)
    clock.set(7)
    assert Clock(5)() + clock() == 12
