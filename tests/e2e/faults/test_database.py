"""A database server that goes away: before, between and after the statements of a request, and for a while.

The proxy takes the server away only from the site; everybody else goes on using it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from tests.support import databases
from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite

from ...support.peers.faulty import EVER, Request, Watched, check_unavailable
from ...support.server.tcp_proxy import Fate, TcpProxy, proxy_to

WRITE = b"UPDATE"
"""A word that the site sends in what it writes, and never in what it asks."""

LEEWAY = 30

pytestmark = pytest.mark.parametrize("database", databases.SERVERS, indirect=True)


def change_password(browser: Browser) -> TestResponse:
    """POST /auth/password with the access cookie."""
    return browser.change_password()


a_moment = pytest.mark.parametrize(
    ("word", "fate"),
    [
        pytest.param(b"", Fate.CUT, id="before the read"),
        pytest.param(b"", Fate.LOSE_ANSWER, id="before the read is answered"),
        pytest.param(WRITE, Fate.CUT, id="between the read and the write"),
        pytest.param(WRITE, Fate.CUT_BEHIND, id="while the write is under way"),
        pytest.param(WRITE, Fate.LOSE_ANSWER, id="after the commit and before its answer"),
    ],
)
a_request = pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda browser: browser.refresh(), id="refresh"),
        pytest.param(lambda browser: browser.sign_in(), id="sign in"),
        pytest.param(lambda browser: browser.sign_out(), id="sign out"),
        pytest.param(lambda browser: browser.sign_out("all"), id="sign out everywhere"),
        pytest.param(lambda browser: browser.me(), id="ask who is signed in"),
        pytest.param(change_password, id="change the password"),
    ],
)
a_pause = pytest.mark.parametrize(
    "pause",
    [
        pytest.param(0, id="asked again within the leeway"),
        pytest.param(LEEWAY + 1, id="asked again after the leeway"),
    ],
)


@pytest.fixture
def proxy(database: str) -> Iterator[TcpProxy]:
    """What stands between the site and its database."""
    server = make_url(database)
    with proxy_to(str(server.host), server.port or 0) as started:
        yield started


@pytest.fixture
def site(make_site: MakeSite, proxy: TcpProxy, database: str) -> Flask:
    """A site that reaches its database through the proxy."""
    return make_site(SQLALCHEMY_DATABASE_URI=proxy.url(database), RATCHET_LEEWAY=LEEWAY)


@a_moment
def test_one_lost_connection_is_not_noticed(
    watched: Watched, proxy: TcpProxy, word: bytes, fate: Fate
) -> None:
    """A statement whose connection died is sent again: the answer is 200, and no write is made twice."""
    proxy.doom(word, fate)
    assert watched.refresh().status_code == 200
    assert proxy.doomed == 1
    watched.check_goes_on()


@a_moment
@a_pause
def test_database_that_dies_and_stays_away_is_a_503(
    watched: Watched, proxy: TcpProxy, clock: Clock, word: bytes, fate: Fate, pause: float
) -> None:
    """Whether the write landed or not, the browser goes on with the token it holds."""
    proxy.doom(word, fate, EVER)
    check_unavailable(watched.refresh())
    assert proxy.doomed > 1
    proxy.spare()
    clock.advance(pause)
    watched.check_goes_on()


@a_request
def test_every_request_is_a_503_while_the_database_is_down(
    watched: Watched, proxy: TcpProxy, ask: Request
) -> None:
    """A server that refuses connections is told from a session that is over; the cookies stay."""
    proxy.go_away()
    for _ in range(2):
        check_unavailable(ask(watched.browser))
    proxy.come_back()
    watched.check_goes_on()


@a_request
def test_restart_of_the_database_between_two_requests_is_not_noticed(
    watched: Watched, proxy: TcpProxy, ask: Request
) -> None:
    """Connections that died while they were idle are made anew."""
    proxy.cut()
    assert ask(watched.browser).status_code in (200, 204)


@a_request
def test_restart_of_the_database_is_over_with_its_first_answer(
    watched: Watched, proxy: TcpProxy, ask: Request
) -> None:
    """As soon as the server listens again the next request is fine."""
    proxy.go_away()
    check_unavailable(watched.refresh())
    proxy.come_back()
    assert ask(watched.browser).status_code in (200, 204)


def test_terminated_backends_are_not_noticed(watched: Watched, database: str) -> None:
    """An operator who ends every connection of the site signs nobody out."""
    assert databases.terminate_backends(database) >= 1
    watched.check_goes_on()


def test_page_of_the_site_says_that_it_cannot_tell(watched: Watched, proxy: TcpProxy) -> None:
    """A person who reads pages is told to come back, not to sign in."""
    proxy.go_away()
    page = watched.browser.client.get("/account")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert "Set-Cookie" not in page.headers
    proxy.come_back()
    assert watched.browser.client.get("/account").status_code == 200


@a_moment
def test_password_change_that_cannot_tell_has_happened_or_not(
    watched: Watched, proxy: TcpProxy, site: Flask, word: bytes, fate: Fate
) -> None:
    """Exactly one of the two passwords works afterwards: the hash and the sessions are one write."""
    proxy.doom(word, fate, EVER)
    check_unavailable(change_password(watched.browser))
    proxy.spare()
    tries = [Browser(site).sign_in("ada", password).status_code for password in (PASSWORD, NEW_PASSWORD)]
    assert sorted(tries) == [200, 401]


@a_moment
def test_sign_out_that_cannot_tell_can_be_asked_again(
    watched: Watched, proxy: TcpProxy, site: Flask, word: bytes, fate: Fate
) -> None:
    """A sign-out that was lost on the way is repeated, and then it holds for every copy of the token."""
    copy = Browser(site, watched.browser.held)
    proxy.doom(word, fate, EVER)
    check_unavailable(watched.browser.sign_out())
    proxy.spare()
    assert watched.browser.sign_out().status_code == 204
    assert refusal(copy.refresh()) == (401, "refresh_token_invalid")
