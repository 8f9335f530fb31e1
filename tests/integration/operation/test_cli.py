"""The commands: create, block, unblock and confirm users; list and end sessions."""

from __future__ import annotations

import pytest
from click.testing import Result
from flask import Flask

from app.db import db
from app.models import User
from tests.support.browser import Browser, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite, add_user, let_in

from ...support.rows import delete, just_before, stored

PASSWORD = "a long enough new password"
OVER = (401, "refresh_token_invalid")


def run(site: Flask, *arguments: str, line: str = "") -> Result:
    """Run ``flask …`` with a line on standard input."""
    return site.test_cli_runner().invoke(args=arguments, input=line)


def done(site: Flask, *arguments: str, line: str = "") -> str:
    """Run a command that has to succeed; its output."""
    result = run(site, *arguments, line=line)
    assert result.exit_code == 0, result.output
    return str(result.output)


@pytest.mark.parametrize("line", [f"{PASSWORD}\n", f"{PASSWORD}\r\n", PASSWORD])
def test_create_takes_the_password_from_standard_input(site: Flask, line: str) -> None:
    """One line is the password, whatever it ends in."""
    assert "Created new@example.org" in done(site, "users", "create", "new@example.org", line=line)
    assert Browser(site).sign_in("new@example.org", PASSWORD).status_code == 200


def test_create_with_a_user_name(site: Flask) -> None:
    """--username is a second name to sign in with."""
    done(site, "users", "create", "new@example.org", "--username", "newbie", line=PASSWORD)
    assert Browser(site).sign_in("newbie", PASSWORD).status_code == 200


def test_unconfirmed_until_confirmed(site: Flask) -> None:
    """--unconfirmed keeps somebody out until ``users confirm``."""
    done(site, "users", "create", "new@example.org", "--unconfirmed", line=PASSWORD)
    assert refusal(Browser(site).sign_in("new@example.org", PASSWORD)) == (403, "account_unconfirmed")
    done(site, "users", "confirm", "new@example.org")
    assert Browser(site).sign_in("new@example.org", PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "line", "complaint"),
    [
        pytest.param(["ADA@example.org"], PASSWORD, "already", id="an address that is taken, in any case"),
        pytest.param(
            ["b@example.org", "--username", "Ada"],
            PASSWORD,
            "already",
            id="a name that is taken, in any case",
        ),
        pytest.param(["no address"], PASSWORD, "not an e-mail address", id="an address that is none"),
        pytest.param(["b@example.org"], "short", "at least 15 characters", id="a password too short"),
        pytest.param(["b@example.org"], "", "at least 15 characters", id="no password"),
        pytest.param(
            ["b@example.org", "--username", "a@b"],
            PASSWORD,
            "username",
            id="a name that looks like an address",
        ),
    ],
)
def test_create_refused(site: Flask, ada: str, arguments: list[str], line: str, complaint: str) -> None:
    """What cannot be created is said in a sentence, without a trace, and nobody is changed."""
    before = stored(site, ada)
    result = run(site, "users", "create", *arguments, line=line)
    assert (result.exit_code, complaint in result.output) == (1, True)
    assert "Traceback" not in result.output
    assert stored(site, ada) == before


def test_create_if_absent(site: Flask, ada: str) -> None:
    """--if-absent leaves a user who is there as they are."""
    before = stored(site, ada)
    assert done(site, "users", "create", "ada@example.org", "--if-absent", line=PASSWORD) == ""
    assert stored(site, ada) == before


def test_block_ends_every_session(signed_in: Browser, site: Flask, ada: str) -> None:
    """A blocked user is out at once and stays out until unblocked."""
    done(site, "users", "block", "ada@example.org")
    assert stored(site, ada).sessions == []
    assert refusal(signed_in.refresh()) == OVER
    assert refusal(Browser(site).sign_in()) == (403, "account_blocked")
    done(site, "users", "unblock", "ada@example.org")
    assert Browser(site).sign_in().status_code == 200


@pytest.mark.parametrize("command", ["block", "unblock", "confirm"])
def test_unknown_user(site: Flask, command: str) -> None:
    """A command for somebody who is not there says so."""
    result = run(site, "users", command, "nobody@example.org")
    assert (result.exit_code, "There is no user" in result.output) == (1, True)


@pytest.mark.parametrize("name", ["ada@example.org", "ada", "ADA", "{id}"])
def test_sessions_lists_them(site: Flask, ada: str, name: str) -> None:
    """``ratchet sessions`` names a user by address, name or id, and shows no token."""
    browser = let_in(site, ada)
    let_in(site, ada)
    ids = [one["id"] for one in stored(site, ada).sessions]
    output = done(site, "ratchet", "sessions", name.format(id=ada))
    assert [one in output for one in ids] == [True, True]
    assert "2 live sessions" in output
    assert browser.token not in output


def test_end_sessions_of_one_user(signed_in: Browser, site: Flask, ada: str) -> None:
    """``ratchet end-sessions USER`` signs that user out everywhere, and nobody else."""
    other = let_in(site, add_user(site, "bob@example.org", "bob"))
    done(site, "ratchet", "end-sessions", "ada")
    assert stored(site, ada).sessions == []
    assert refusal(signed_in.refresh()) == OVER
    assert other.refresh().status_code == 200


def test_end_sessions_of_everybody(signed_in: Browser, site: Flask) -> None:
    """``ratchet end-sessions --all`` signs everybody out, and says how many."""
    other = let_in(site, add_user(site, "bob@example.org", "bob"))
    assert "2 users are signed out everywhere" in done(site, "ratchet", "end-sessions", "--all")
    for browser in (signed_in, other):
        assert refusal(browser.refresh()) == OVER


@pytest.mark.usefixtures("signed_in")
def test_each_end_has_its_own_time(make_site: MakeSite, site: Flask, clock: Clock) -> None:
    """Signing a large site out takes minutes, and processes look for what ended within the last seconds."""
    let_in(site, add_user(site, "bob@example.org", "bob"))

    def slow_clock() -> float:
        clock.advance(60)
        return clock.now

    done(make_site(clock=slow_clock), "ratchet", "end-sessions", "--all")
    with site.app_context():
        first, second = db.session.scalars(db.select(User.ended_at).order_by(User.ended_at))
    assert second - first >= 60_000


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param([], 2, id="neither a user nor --all"),
        pytest.param(["ada", "--all"], 2, id="both"),
        pytest.param(["nobody"], 1, id="somebody who is not there"),
    ],
)
def test_end_sessions_refused(signed_in: Browser, site: Flask, arguments: list[str], status: int) -> None:
    """Whom to sign out has to be clear; otherwise nobody is."""
    assert run(site, "ratchet", "end-sessions", *arguments).exit_code == status
    assert signed_in.refresh().status_code == 200


@pytest.mark.parametrize(
    ("command", "nth"),
    [
        pytest.param(("users", "block", "ada@example.org"), 2, id="users block"),
        pytest.param(("users", "unblock", "ada@example.org"), 2, id="users unblock"),
        pytest.param(("ratchet", "end-sessions", "ada@example.org"), 2, id="ratchet end-sessions"),
    ],
)
def test_a_user_who_is_deleted_meanwhile_is_not_reported_as_done(
    site: Flask, ada: str, command: tuple[str, ...], nth: int
) -> None:
    """The user is found, and gone before anything is done: the command says that there is nobody."""
    with just_before(site, "SELECT", lambda: delete(site, ada), nth=nth):
        result = run(site, *command)
    assert result.exit_code == 1
    assert "There is no user 'ada@example.org'" in result.output


@pytest.mark.usefixtures("signed_in")
def test_everybody_is_signed_out_though_one_is_deleted_meanwhile(site: Flask, ada: str) -> None:
    """The others are not left signed in."""
    other = let_in(site, add_user(site, "bob@example.org", "bob"))
    with just_before(site, "SELECT", lambda: delete(site, ada), nth=2):
        done(site, "ratchet", "end-sessions", "--all")
    assert refusal(other.refresh()) == OVER
