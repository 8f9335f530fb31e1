"""One user, one truth: a row that the host's own session does not show is nobody's, on every path."""

from __future__ import annotations

from typing import Any

import pytest
from flask.typing import ResponseReturnValue
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, joinedload, with_loader_criteria

from app.auth import UserNotFound, current_user
from tests.support.browser import Browser, content, refusal
from tests.support.hosts.strangers import MakeStranger, Stranger

DELETED, THERE = 0, 41
"""What ``shoe_size`` says of a row in this host: it deletes softly."""

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
NOBODY = {"email": None}


@pytest.fixture(params=["a listener", "the option of Ratchet"])
def stranger(request: pytest.FixtureRequest, make_stranger: MakeStranger) -> Stranger:
    """A host that hides some rows, in one of two ways."""
    if request.param == "a listener":
        made = make_stranger(RATCHET_LOGIN_URL="/sign-in")

        def hide(state: ORMExecuteState) -> None:
            if state.is_select:
                state.statement = state.statement.options(criterion(made.model))

        event.listen(made.db.session, "do_orm_execute", hide)
    else:
        made = make_stranger(RATCHET_LOGIN_URL="/sign-in", user_options=lambda: [criterion(made.model)])
    made.add_user(shoe_size=THERE)
    return made


def criterion(model: Any) -> Any:
    """What hides rows that are deleted softly."""
    return with_loader_criteria(model, model.shoe_size != DELETED)


def mark(stranger: Stranger, shoe_size: int) -> None:
    """Delete all users softly, or bring them back."""
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.text(f"UPDATE members SET shoe_size = {shoe_size}"))
        stranger.db.session.commit()


def ways(browser: Browser, path: str) -> list[str]:
    """Where the navigation to ``path`` leads, as long as it stays on guarded pages and continue."""
    seen = [path]
    while seen[-1].startswith(("/private", "/live", "/auth/continue")) and len(seen) < 7:
        seen.append(browser.client.get(seen[-1], headers=NAVIGATION).headers.get("Location", "shown"))
    return seen


def test_a_hidden_user_does_not_sign_in(stranger: Stranger) -> None:
    """It is the answer for a user who does not exist; one who comes back signs in."""
    mark(stranger, DELETED)
    assert refusal(Browser(stranger.app).sign_in("grace@example.org")) == (401, "invalid_credentials")
    mark(stranger, THERE)
    assert Browser(stranger.app).sign_in("grace@example.org").status_code == 200


def test_a_user_who_is_hidden_is_out_on_every_path(stranger: Stranger) -> None:
    """Guarded views refuse, live or not; an open one sees nobody; nothing is renewed or started."""
    grace = stranger.signed_in()
    mark(stranger, DELETED)
    for path in ("/private", "/live", "/fresh", "/auth/me"):
        assert refusal(grace.client.get(path)) == (401, "token_invalid"), path
    assert content(grace.client.get("/open")) == NOBODY
    assert refusal(grace.post("/auth/sessions")) == (401, "token_invalid")
    assert refusal(grace.refresh()) == (401, "refresh_token_invalid")


@pytest.mark.parametrize("path", ["/private", "/live"])
def test_pages_of_a_hidden_user_end_at_the_sign_in_page(stranger: Stranger, path: str) -> None:
    """They are not sent around."""
    grace = stranger.signed_in()
    mark(stranger, DELETED)
    assert ways(grace, path)[2:] == [f"/sign-in?next=%2F{path[1:]}"]


def test_a_hidden_row_can_be_signed_out(stranger: Stranger) -> None:
    """Whoever comes back finds no session alive that was ended meanwhile, by themselves or by the host."""
    grace, other = stranger.signed_in(), stranger.signed_in()
    mark(stranger, DELETED)
    assert grace.sign_out().status_code == 204
    with stranger.app.app_context():
        stranger.ratchet.end_sessions(stranger.model(id=1))
        with pytest.raises(UserNotFound):
            stranger.ratchet.end_sessions(stranger.model(id=2))
    mark(stranger, THERE)
    assert refusal(other.refresh()) == (401, "refresh_token_invalid")


@pytest.mark.parametrize("name", ["grace@example.org", "grace", "1"])
def test_an_operator_reaches_a_hidden_row(stranger: Stranger, name: str) -> None:
    """The commands list and end its sessions, whatever the user is called by."""
    grace, commands = stranger.signed_in(), stranger.app.test_cli_runner()
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.text("UPDATE members SET username = 'grace'"))
        stranger.db.session.commit()
    mark(stranger, DELETED)
    assert "1 live session." in commands.invoke(args=["ratchet", "sessions", name]).output
    assert commands.invoke(args=["ratchet", "end-sessions", name]).exit_code == 0
    mark(stranger, THERE)
    assert refusal(grace.refresh()) == (401, "refresh_token_invalid")


def test_an_operator_means_the_row_that_is_shown(make_stranger: MakeStranger) -> None:
    """A hidden user may have the name of another one: the sessions of the one who is there end."""
    stranger = make_stranger("not unique")
    stranger.add_user(id=1, site=1)
    stranger.add_user(id=2, site=2)
    for hidden in (1, 2):

        def hide(state: ORMExecuteState, hidden: int = hidden) -> None:
            if state.is_select:
                criteria = with_loader_criteria(stranger.model, stranger.model.id != hidden)
                state.statement = state.statement.options(criteria)

        event.listen(stranger.db.session, "do_orm_execute", hide)
        browser = stranger.signed_in()
        stranger.app.test_cli_runner().invoke(args=["ratchet", "end-sessions", "grace@example.org"])
        assert refusal(browser.refresh()) == (401, "refresh_token_invalid")
        event.remove(stranger.db.session, "do_orm_execute", hide)


def test_a_replica_that_lags_does_not_answer(make_stranger: MakeStranger) -> None:
    """Where the host's sessions choose their engine, Ratchet asks the one that it writes to."""
    stranger = make_stranger()
    stranger.add_user()

    def misled(*_: Any, **__: Any) -> Any:
        raise AssertionError("the host's way to an engine was asked")

    with stranger.app.app_context():
        factory = stranger.db.session.session_factory
        factory.class_ = type("Routing", (factory.class_,), {"get_bind": misled})
    browser = Browser(stranger.app)
    assert browser.sign_in("grace@example.org").status_code == 200
    assert browser.refresh().status_code == 200


def test_an_option_that_loads_along_disturbs_no_other_select(make_stranger: MakeStranger) -> None:
    """It counts for ``current_user``; what Ratchet itself asks for are columns."""
    options: list[Any] = []
    stranger = make_stranger("above others", user_options=lambda: options)
    stranger.add_user()
    options.append(joinedload("*"))
    assert content(stranger.signed_in().client.get("/live")) == {"email": "grace@example.org"}


@pytest.fixture
def left(make_stranger: MakeStranger) -> Browser:
    """A browser that is signed in as somebody whose row has vanished, in front of a host with a 404 page."""
    stranger = make_stranger()
    stranger.add_user()

    @stranger.app.errorhandler(404)
    def not_found(_: Exception) -> ResponseReturnValue:
        return f"nothing here for {current_user.email if current_user else 'you'}", 404

    @stranger.app.errorhandler(401)
    @stranger.app.errorhandler(KeyError)
    def broken(_: Exception) -> ResponseReturnValue:
        return f"sorry, {current_user.email if current_user else 'you'}", 500

    @stranger.app.get("/broken")
    @stranger.ratchet.required
    def break_down() -> ResponseReturnValue:
        raise KeyError

    browser = stranger.signed_in()
    assert browser.client.get("/broken").text == "sorry, grace@example.org"
    with stranger.app.app_context():
        stranger.db.session.execute(stranger.db.text("DELETE FROM members"))
        stranger.db.session.commit()
    return browser


def test_current_user_is_false_without_a_row(left: Browser) -> None:
    """A public page is shown, and so is the page of an error, also one of a guarded view."""
    assert content(left.client.get("/open")) == NOBODY
    assert left.client.get("/nowhere").text == "nothing here for you"
    assert left.client.get("/broken").text == "sorry, you"


def test_a_guarded_view_relies_on_a_user(left: Browser) -> None:
    """There, somebody without a row is refused when the view asks who it is."""
    assert refusal(left.client.get("/private")) == (401, "token_invalid")
