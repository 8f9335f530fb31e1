"""Ratchet(may_sign_in=…): a host refuses with its own code; nothing is lost, and no thief overlooked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import jsonify

from app.auth import RatchetError, SignInRefused, current_user, reuse_detected, sign_in_refused
from tests.support.browser import NEW_PASSWORD, REFRESH_COOKIE, Browser, content, refusal
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger

GRACE = "grace@example.org"
CODE = "terms_not_accepted"
REFUSED = (403, CODE)
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def accepted(user: Any) -> None:
    """Lets in those who have accepted the terms; this host notes that in the size of their shoes."""
    if user.shoe_size != 1:
        raise SignInRefused(CODE, "Accept the terms first.")


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A host with terms, and a user who has accepted them."""
    made = make_stranger(may_sign_in=accepted, RATCHET_LOGIN_URL="/sign-in", PROPAGATE_EXCEPTIONS=False)

    @made.app.post("/let-in")
    def let_in() -> Any:
        try:
            made.ratchet.start_session(made.db.session.get(made.model, 1))
        except RatchetError as problem:
            return jsonify(error=problem.code, said=problem.description), 418
        return "", 204

    @made.app.get("/shop")
    @made.ratchet.required(optional=True)
    def shop() -> Any:
        return current_user.email if current_user else "a stranger"

    made.add_user(id=1, shoe_size=1)
    return made


@pytest.fixture
def grace(stranger: Stranger) -> Browser:
    """A browser in which the user is signed in, from before the terms changed."""
    browser = stranger.signed_in()
    change_terms(stranger)
    return browser


def change_terms(stranger: Stranger, *, are_accepted: bool = False) -> None:
    """Write the row."""
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.update(stranger.model).values(shoe_size=int(are_accepted)))
        stranger.db.session.commit()


def session_ids(stranger: Stranger) -> list[str]:
    """The ids of the sessions in the row."""
    with stranger.app.app_context():
        sessions = stranger.db.session.scalar(stranger.db.select(stranger.model.sessions))
        return [session["id"] for session in sessions or ()]


WAYS: dict[str, Callable[[Browser], Any]] = {
    "sign-in": lambda browser: browser.sign_in(GRACE),
    "another device": lambda browser: browser.post("/auth/sessions", {}),
    "change of the password": lambda browser: browser.change_password(),
}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_may_not_is_refused_and_nothing_is_written(
    stranger: Stranger, grace: Browser, way: str
) -> None:
    """The session that the browser has stays, its cookies stay, and so does the password."""
    before = session_ids(stranger)
    reply = WAYS[way](grace)
    assert refusal(reply) == REFUSED
    assert content(reply)["error_description"] == "Accept the terms first."
    assert "Set-Cookie" not in reply.headers
    assert session_ids(stranger) == before
    change_terms(stranger, are_accepted=True)
    assert grace.refresh().status_code == 200
    assert refusal(Browser(stranger.app).sign_in(GRACE, NEW_PASSWORD)) == (401, "invalid_credentials")


@only_sqlite
def test_a_wrong_password_is_told_as_ever(stranger: Stranger, grace: Browser) -> None:  # noqa: ARG001  # refused
    """Who does not know it does not learn what the host would have said."""
    assert refusal(Browser(stranger.app).sign_in(GRACE, "wrong")) == (401, "invalid_credentials")


@only_sqlite
def test_start_session_raises_the_refusal(grace: Browser) -> None:
    """So that a form of the host shows it."""
    reply = grace.post("/let-in")
    assert (reply.status_code, content(reply)["error"]) == (418, CODE)


def test_a_session_goes_on_when_the_host_lets_the_user_in_again(
    stranger: Stranger, grace: Browser, clock: Clock
) -> None:
    """However often its refresh was refused, within a leeway and over many, with the cookie it holds."""
    held, session = grace.held, session_ids(stranger)
    for pause in (0, 1, 29, 31, 31, 10, 25, 31, 600):
        clock.advance(pause)
        assert refusal(grace.refresh()) == REFUSED
        assert grace.held == held
    change_terms(stranger, are_accepted=True)
    for _ in range(3):
        assert grace.refresh().status_code == 200
        clock.advance(31)
    assert session_ids(stranger) == session


def test_a_theft_is_found_while_the_host_refuses(stranger: Stranger, clock: Clock) -> None:
    """A refusal takes nothing from the rule: an old token ends the session, whoever presents it."""
    grace = stranger.signed_in()
    thief = Browser(stranger.app, grace.held)
    for _ in range(2):
        assert grace.refresh().status_code == 200
        clock.advance(31)
    change_terms(stranger)
    found: list[Any] = []
    with reuse_detected.connected_to(lambda _, **details: found.append(details), stranger.app):
        assert refusal(grace.refresh()) == REFUSED
        assert refusal(thief.refresh()) == (401, "refresh_token_reused")
    assert (len(found), session_ids(stranger)) == (1, [])
    change_terms(stranger, are_accepted=True)
    assert refusal(grace.refresh()) == (401, "refresh_token_invalid")


def test_two_who_hold_one_token_are_found_after_the_refusals(
    stranger: Stranger, grace: Browser, clock: Clock
) -> None:
    """Owner and thief are refused by turns; once they are let in, their second use of it ends the session."""
    thief = Browser(stranger.app, grace.held)
    for _ in range(3):
        for browser in (grace, thief):
            clock.advance(31)
            assert refusal(browser.refresh()) == REFUSED
    change_terms(stranger, are_accepted=True)
    replies = []
    for _ in range(3):
        for browser in (grace, thief):
            clock.advance(31)
            replies.append(browser.refresh())
    assert (401, "refresh_token_reused") in [refusal(reply) for reply in replies]
    assert session_ids(stranger) == []


def test_the_access_token_that_is_out_is_good_until_it_expires(grace: Browser, clock: Clock) -> None:
    """The hook is asked when tokens are issued; to end it at once, the host ends the session."""
    assert grace.client.get("/private").status_code == 200
    clock.advance(601)
    assert refusal(grace.client.get("/private")) == (401, "token_invalid")


@only_sqlite
def test_a_page_goes_to_the_sign_in_page_with_the_reason(
    stranger: Stranger, grace: Browser, clock: Clock
) -> None:
    """From continue, once, and the cookies stay for the day when the user is let in again."""
    clock.advance(601)
    to_continue = grace.client.get("/private", headers=NAVIGATION)
    assert to_continue.status_code == 303
    to_sign_in = grace.client.get(to_continue.location, headers=NAVIGATION)
    assert to_sign_in.location == f"/sign-in?next=%2Fprivate&reason={CODE}"
    assert REFRESH_COOKIE not in str(to_sign_in.headers.getlist("Set-Cookie"))
    change_terms(stranger, are_accepted=True)
    assert grace.client.get(to_continue.location, headers=NAVIGATION).location == "/private"


@only_sqlite
def test_a_page_for_everybody_is_shown_as_to_nobody(grace: Browser, clock: Clock) -> None:
    """After one try, with the reason in its query."""
    clock.advance(601)
    page = grace.client.get("/shop", headers=NAVIGATION, follow_redirects=True)
    assert (page.request.path, page.request.query_string.decode()) == ("/shop", f"reason={CODE}")
    assert page.text == "a stranger"


@only_sqlite
def test_an_oauth_client_is_told_that_its_grant_is_invalid(stranger: Stranger) -> None:
    """With the host's sentence (RFC 6749, 5.2); a client that kept its token goes on later."""
    browser = Browser(stranger.app)
    token = content(browser.sign_in(GRACE, delivery="body"))["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    change_terms(stranger)
    reply = browser.client.post("/auth/token", data=form)
    assert refusal(reply) == (400, "invalid_grant")
    assert content(reply)["error_description"] == "Accept the terms first."
    change_terms(stranger, are_accepted=True)
    assert browser.client.post("/auth/token", data=form).status_code == 200


@only_sqlite
def test_a_blocked_user_is_told_so(stranger: Stranger, grace: Browser) -> None:
    """What Ratchet itself refuses comes before the host's hook, and ends the session as ever."""
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.update(stranger.model).values(blocked=True))
        stranger.db.session.commit()
    assert refusal(Browser(stranger.app).sign_in(GRACE)) == (403, "account_blocked")
    assert content(grace.post("/let-in"))["error"] == "account_blocked"
    assert refusal(grace.refresh()) == (403, "account_blocked")
    assert session_ids(stranger) == []


@only_sqlite
def test_a_refusal_is_a_signal(stranger: Stranger, grace: Browser) -> None:
    """At a sign-in and at a refresh, with the host's code: the audit trail and the counters have it."""
    told: list[Any] = []
    with sign_in_refused.connected_to(lambda _, **details: told.append(details), stranger.app):
        Browser(stranger.app).sign_in(GRACE)
        grace.refresh()
    assert told == [{"subject": "1", "reason": CODE}] * 2


@only_sqlite
@pytest.mark.parametrize("answer", [True, False, "no"])
def test_an_answer_in_place_of_a_refusal_lets_nobody_in(
    make_stranger: MakeStranger, caplog: pytest.LogCaptureFixture, *, answer: object
) -> None:
    """A hook that returns False means to refuse: it is an error, and its message says what to do."""
    made = make_stranger(may_sign_in=lambda _: answer, PROPAGATE_EXCEPTIONS=False)
    made.add_user(id=1)
    assert refusal(Browser(made.app).sign_in(GRACE)) == (500, "server_error")
    assert "raising SignInRefused(code, description)" in caplog.text
    assert session_ids(made) == []
