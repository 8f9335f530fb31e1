"""Guesses over HTTP: what they are counted under, whom they hold up, and whom they do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import ACCESS_COOKIE, PASSWORD, Browser, content, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite, add_user, let_in

from ...support.rows import write

BAD = (401, "invalid_credentials")
TOO_MANY = (429, "too_many_attempts")
LEEWAY = 30
HERE, ACCOUNT, SESSION, SIGN_INS, NETWORK = 10, 50, 50, 200, 1000
"""What docs/security.md promises."""

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the counts are not in it


@pytest.fixture
def site(make_site: MakeSite) -> Flask:
    """A site behind a proxy, which says from where a request comes."""
    return make_site(PROXY_HOPS=1)


def at(number: int) -> dict[str, str]:
    """The header of a request from one of many addresses."""
    return {"X-Forwarded-For": f"2001:db8:{number:x}::1"}


def sign_in(browser: Browser, name: str, place: int, password: str = "a wrong password") -> tuple[int, str]:
    """Try to sign in from that place; the status, and the error code of a refusal."""
    fields = {"identifier": name, "password": password}
    reply = browser.post("/auth/login", fields, headers=at(place))
    return (200, "") if reply.status_code == 200 else refusal(reply)


def change(browser: Browser, place: int, current: str = "a wrong password") -> TestResponse:
    """Ask for a new password from that place."""
    fields = {"current_password": current, "new_password": "another horse, another battery"}
    return browser.post("/auth/password", fields, headers=at(place))


def guess_from_everywhere(site: Flask) -> None:
    """Use up what strangers have of ada's account."""
    told = [sign_in(Browser(site), "ada", place) for place in range(ACCOUNT)]
    assert told == [BAD] * ACCOUNT


def test_two_names_of_an_account_are_one_account(site: Flask, ada: str) -> None:  # noqa: ARG001  # is there
    """Whoever tries the address and the user name in turn has no more guesses than with one of them."""
    names = ("ada", "ada@example.org")
    told = [sign_in(Browser(site), names[number % 2], 1) for number in range(HERE + 1)]
    assert told == [BAD] * HERE + [TOO_MANY]


def test_a_name_that_nobody_has_is_counted_alike(site: Flask) -> None:
    """The eleventh guess is refused there, too, in whatever case it is typed."""
    told = [sign_in(Browser(site), ("nobody", "NoBody")[number % 2], 1) for number in range(HERE + 1)]
    assert told == [BAD] * HERE + [TOO_MANY]


def test_an_owner_in_a_session_is_not_held_up(site: Flask, ada: str) -> None:
    """Strangers use up the account; a device that is in a session of it signs in."""
    owner = let_in(site, ada)
    guess_from_everywhere(site)
    assert sign_in(Browser(site), "ada", 999, PASSWORD) == TOO_MANY
    assert sign_in(owner, "ada", 999, PASSWORD) == (200, "")


def test_an_access_token_that_has_not_run_out_will_do(site: Flask, ada: str) -> None:
    """A client that has nothing else is known by it, as long as it lives."""
    token = let_in(site, ada).client.get_cookie(ACCESS_COOKIE)
    assert token is not None
    guess_from_everywhere(site)
    assert sign_in(holder_of(site, token.value), "ada", 999, PASSWORD) == (200, "")


def holder_of(site: Flask, access_token: str) -> Browser:
    """A browser that holds an access token and nothing else."""
    browser = Browser(site)
    browser.client.set_cookie(ACCESS_COOKIE, access_token)
    return browser


def _expired(site: Flask, ada: str, clock: Clock) -> Browser:
    token = let_in(site, ada).client.get_cookie(ACCESS_COOKIE)
    assert token is not None
    clock.advance(601)
    return holder_of(site, token.value)


def _ended(site: Flask, ada: str, clock: Clock) -> Browser:  # noqa: ARG001  # each of these is asked alike
    browser = let_in(site, ada)
    copy = Browser(site, browser.held)
    browser.sign_out()
    return copy


def _stale(site: Flask, ada: str, clock: Clock) -> Browser:
    browser = let_in(site, ada)
    copy = Browser(site, browser.held)
    for _ in range(2):
        browser.refresh()
        clock.advance(LEEWAY)
    return copy


def _blocked(site: Flask, ada: str, clock: Clock) -> Browser:  # noqa: ARG001  # each of these is asked alike
    browser = let_in(site, ada)
    write(site, ada, blocked=True)
    return browser


def _of_bob(site: Flask, ada: str, clock: Clock) -> Browser:  # noqa: ARG001  # each of these is asked alike
    return let_in(site, add_user(site, "bob@example.org", "bob"))


@pytest.mark.parametrize(
    "device",
    [
        pytest.param(_expired, id="an access token that has run out"),
        pytest.param(_ended, id="the token of a session that has ended"),
        pytest.param(_stale, id="a token that has been replaced twice"),
        pytest.param(_blocked, id="the token of an account that may not sign in"),
        pytest.param(_of_bob, id="the session of another account"),
    ],
)
def test_what_proves_no_live_session_opens_no_way(
    site: Flask, ada: str, clock: Clock, device: Callable[[Flask, str, Clock], Browser]
) -> None:
    """The limit on the account holds for whoever once held a session of it, or holds one of another."""
    guesser = device(site, ada, clock)
    guess_from_everywhere(site)
    assert sign_in(guesser, "ada", 999) == TOO_MANY


def test_guesses_in_a_session_have_a_limit_at_all_addresses_together(site: Flask, ada: str) -> None:
    """Whoever copied a browser's cookies guesses at the sign-in fifty times an hour."""
    thief = let_in(site, ada)
    told = [sign_in(thief, "ada", place) for place in range(SESSION + 1)]
    assert told == [BAD] * SESSION + [TOO_MANY]


def test_guesses_at_the_current_password_do_not_keep_the_owner_from_a_change(site: Flask, ada: str) -> None:
    """Fifty wrong ones in a stolen session use up that session; the owner changes it in another."""
    owner, stolen = let_in(site, ada), let_in(site, ada)
    told = [change(stolen, place).status_code for place in range(SESSION + 1)]
    assert told == [401] * SESSION + [429]
    assert change(owner, 999, PASSWORD).status_code == 200


def test_a_session_that_a_thief_starts_gives_no_more_guesses(site: Flask, ada: str) -> None:
    """A started session is counted as the one that started it."""
    browser = Browser(site)
    assert sign_in(browser, "ada", 1, PASSWORD) == (200, "")
    started = content(browser.post("/auth/sessions", {}))["access_token"]
    for place in range(SESSION):
        assert change(browser, place).status_code == 401
    assert change(holder_of(site, started), 999).status_code == 429
    assert ada


def test_sign_ins_that_succeed_have_a_limit(site: Flask, ada: str) -> None:  # noqa: ARG001  # is there
    """An owner cannot keep the processors busy, from wherever; the refusal says how long to wait."""
    for place in range(SIGN_INS):
        assert sign_in(Browser(site), "ada", place, PASSWORD) == (200, "")
    fields = {"identifier": "ada", "password": PASSWORD}
    reply = Browser(site).post("/auth/login", fields, headers=at(999))
    assert refusal(reply) == TOO_MANY
    assert 1 <= int(reply.headers["Retry-After"]) <= 600


def test_changes_of_the_password_count_as_sign_ins(site: Flask, ada: str) -> None:
    """They cost a bcrypt, or two, and nobody needs sixty of them."""
    for place in range(SIGN_INS):
        assert sign_in(Browser(site), "ada", place, PASSWORD) == (200, "")
    owner = let_in(site, ada)
    assert change(owner, 999, PASSWORD).status_code == 429


def test_a_network_of_65536_sites_does_not_spray_past_the_limit(site: Flask) -> None:
    """From every /64 of a /48 one name is tried once; others sign in from elsewhere."""
    add_user(site, "bob@example.org", "bob")
    browser = Browser(site)

    def spray(number: int) -> tuple[int, str]:
        fields = {"identifier": f"user{number}", "password": "a popular password"}
        forwarded = f"2001:db8:1:{number * 61 % 65536:x}::1"
        return refusal(browser.post("/auth/login", fields, headers={"X-Forwarded-For": forwarded}))

    assert {spray(number) for number in range(NETWORK)} == {BAD}
    assert spray(NETWORK) == TOO_MANY
    assert sign_in(browser, "bob", 2, PASSWORD) == (200, "")
