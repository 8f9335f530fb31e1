"""Pages renew whoever handles errors, and no page is sent around for ever."""

from __future__ import annotations

from typing import Any

import pytest
from flask.typing import ResponseReturnValue
from werkzeug.test import Client

from app.auth import RatchetError, TokenInvalid, TokenMissing
from app.auth.tokens.claims import CLOCK_TOLERANCE
from tests.support.browser import PASSWORD, Browser
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger
from tests.support.sites import MakeSite, add_user

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
SIGN_IN = "/sign-in?next=%2Fprivate"


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A host with a sign-in page."""
    stranger = make_stranger(RATCHET_LOGIN_URL="/sign-in")
    stranger.add_user()
    return stranger


def go(browser: Browser, path: str = "/private", method: str = "GET") -> str:
    """Where a navigation leads."""
    reply = browser.client.open(path, method=method, headers=NAVIGATION)
    return str(reply.headers.get("Location", reply.status_code))


def renew(browser: Browser, method: str = "GET", path: str = "/private") -> None:
    """Be sent to continue by a page, and back by continue."""
    way = go(browser, path, method)
    assert way.startswith("/auth/continue")
    assert go(browser, way, method) == path


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_that_is_refused_again_goes_to_the_sign_in_page(stranger: Stranger, method: str) -> None:
    """Here the browser never keeps the access cookie; whatever the cause is, a second renewal ends alike."""
    grace = stranger.signed_in()
    grace.client.delete_cookie("accessToken")
    renew(grace, method)
    grace.client.delete_cookie("accessToken")
    assert go(grace, method=method) == SIGN_IN


def test_a_site_without_a_sign_in_page_leads_to_ours(make_stranger: MakeStranger) -> None:
    """The circle ends there, too."""
    stranger = make_stranger()
    stranger.add_user()
    grace = stranger.signed_in()
    grace.client.delete_cookie("accessToken")
    renew(grace)
    grace.client.delete_cookie("accessToken")
    assert go(grace) == "/auth/sign-in?next=%2Fprivate"


@pytest.mark.parametrize("behind", [3, 12, 60])
def test_a_node_whose_clock_is_behind_sends_nobody_around(
    make_site: MakeSite, clock: Clock, behind: float
) -> None:
    """It takes a new token for one of the future, or, within the tolerance, never gets the cookie."""
    front, back = make_site(), make_site(clock=lambda: clock() - behind)
    add_user(front, "ada@example.org", "ada")

    def balancer(environ: dict[str, Any], start_response: Any) -> Any:
        node = front if environ["PATH_INFO"].startswith("/auth/") else back
        return node(environ, start_response)

    client = Client(balancer)
    assert client.post("/auth/login", json={"identifier": "ada", "password": PASSWORD}).status_code == 200
    clock.advance(700)
    way = "/account"
    seen: list[int] = []
    while not way.startswith("/sign-in") and len(seen) < 9:
        if way == "/account" and behind < CLOCK_TOLERANCE:
            client.delete_cookie("accessToken")
        reply = client.get(way, headers=NAVIGATION)
        seen.append(reply.status_code)
        way = str(reply.location)
    assert (seen, way) == ([303, 303, 303], "/sign-in?next=%2Faccount")


def test_another_page_and_a_later_one_renew(stranger: Stranger, clock: Clock) -> None:
    """Only the page that has just been renewed for is known, and only for ten seconds."""
    grace = stranger.signed_in()
    grace.client.delete_cookie("accessToken")
    renew(grace)
    grace.client.delete_cookie("accessToken")
    renew(grace, path="/live")
    clock.advance(11)
    grace.client.delete_cookie("accessToken")
    renew(grace)


def test_two_tabs_that_were_refused_at_once_both_renew(stranger: Stranger, clock: Clock) -> None:
    """The second one was refused before the first was renewed."""
    grace = stranger.signed_in()
    clock.advance(601)
    ways = [go(grace), go(grace)]
    assert [go(grace, way) for way in ways] == ["/private", "/private"]
    assert go(grace) == "200"


def test_a_short_lived_token_may_run_out(make_stranger: MakeStranger, clock: Clock) -> None:
    """Where tokens live for a few seconds, one that has run out is no second refusal."""
    stranger = make_stranger(RATCHET_ACCESS_TTL="4s", RATCHET_LEEWAY="1s", RATCHET_LOGIN_URL="/sign-in")
    stranger.add_user()
    grace = stranger.signed_in()
    for _ in range(2):
        clock.advance(5)
        renew(grace)


def test_nobody_can_make_up_that_a_page_was_renewed(stranger: Stranger) -> None:
    """A sibling host that could would keep pages from renewing."""
    grace = stranger.signed_in()
    grace.client.delete_cookie("accessToken")
    renew(grace)
    value = grace.client.get_cookie("ratchetContinued")
    assert value is not None
    grace.client.delete_cookie("accessToken")
    grace.client.set_cookie("ratchetContinued", value.value[:-1] + ("A" if value.value[-1] != "A" else "B"))
    assert go(grace).startswith("/auth/continue")


@pytest.mark.parametrize("kind", [RatchetError, TokenInvalid, TokenMissing])
def test_pages_renew_where_the_host_handles_refusals(
    stranger: Stranger, clock: Clock, kind: type[RatchetError]
) -> None:
    """A page of a session renews; a fetch, and a page of a stranger, are the host's to answer."""

    @stranger.app.errorhandler(kind)
    def explain(problem: RatchetError) -> ResponseReturnValue:
        return f"of the host: {problem.code}", 418

    grace = stranger.signed_in()
    if kind is TokenMissing:
        grace.client.delete_cookie("accessToken")
    clock.advance(601)
    assert grace.client.get("/private").status_code == 418
    renew(grace)
    assert go(grace) == "200"
    nobody = go(Browser(stranger.app))
    assert nobody == ("/auth/continue?next=%2Fprivate" if kind is TokenInvalid else "418")
