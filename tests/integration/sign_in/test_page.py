"""The package's own sign-in page: a host without one leads nobody to JSON or to a dead end."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.typing import ResponseReturnValue
from jinja2 import DictLoader
from sqlalchemy import create_engine
from werkzeug.test import TestResponse

from app.auth import SignInRefused, TokenMissing
from app.auth.passwords.throttle import ACCOUNT_AND_IP
from tests.support.browser import COOKIES, PASSWORD, Browser, cleared, content, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.hosts.strangers import MakeStranger, Stranger

PAGE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
GRACE = "grace@example.org"
FIELDS = {"identifier": GRACE, "password": PASSWORD}
NAMED = f"You are signed in as <strong>{GRACE}</strong>"


@pytest.fixture
def browser(stranger: Stranger) -> Browser:
    """A browser in front of it, nobody signed in."""
    return Browser(stranger.app)


def show(browser: Browser, path: str = "/auth/sign-in", **headers: str) -> TestResponse:
    """Go to a page; a header's name may have underscores for its hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.client.get(path, headers=PAGE | named)


def send(browser: Browser, path: str = "/auth/sign-in", **fields: str) -> TestResponse:
    """Send the form of the page."""
    return browser.client.post(path, data=FIELDS | fields, headers=PAGE)


def follow(browser: Browser, path: str) -> tuple[str, TestResponse]:
    """Where a navigation ends, and what is shown there."""
    reply = browser.client.get(path, headers=PAGE, follow_redirects=True)
    return reply.request.full_path, reply


def test_a_guarded_page_leads_to_it_and_back(browser: Browser) -> None:
    """Nobody is signed in: the sign-in page; after it the page that was asked for."""
    where, reply = follow(browser, "/private?a=b")
    assert (where, reply.status_code) == ("/auth/sign-in?next=%2Fprivate%3Fa%3Db", 200)
    assert 'action="/auth/sign-in?next=/private?a%3Db"' in reply.text
    reply = send(browser, "/auth/sign-in?next=/private?a%3Db")
    assert (reply.status_code, reply.location) == (303, "/private?a=b")
    assert content(show(browser, "/private?a=b")) == {"email": GRACE}


def test_the_end_of_a_session_leads_to_it(stranger: Stranger, clock: Clock) -> None:
    """So does a session that is over, and one that needs a recent sign-in, also for a form."""
    grace = stranger.signed_in()
    clock.advance(601)
    assert show(grace, "/private").location == "/auth/continue?next=%2Fprivate"
    follow(grace, "/private")
    reason = "&reason=reauthentication_required"
    assert show(grace, "/fresh").location == f"/auth/sign-in?next=%2Ffresh{reason}"
    form = grace.client.post("/fresh", headers=PAGE | {"Referer": "http://localhost/open"})
    assert (form.status_code, form.location) == (303, f"/auth/sign-in?next=%2Fopen{reason}")
    clock.advance(15 * 86_400)
    assert follow(grace, "/private")[0] == "/auth/sign-in?next=%2Fprivate"


def test_a_theft_is_told(stranger: Stranger, clock: Clock) -> None:
    """The owner reads on the page that somebody had a copy."""
    grace = stranger.signed_in()
    thief = Browser(stranger.app, grace.held)
    for _ in range(2):
        clock.advance(31)
        grace.refresh()
    assert refusal(thief.refresh()) == (401, "refresh_token_reused")
    grace.client.delete_cookie("accessToken")
    where, reply = follow(grace, "/private")
    assert where == "/auth/sign-in?next=%2Fprivate&reason=refresh_token_reused"
    assert 'role="status">Somebody used an old copy of your sign-in' in reply.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("signed_out", "You are signed out."),
        ("account_blocked", "This account has been blocked."),
        ("account_unconfirmed", "This account has not been confirmed yet."),
        ("reauthentication_required", "Sign in again to do this."),
        ("<script>", None),
    ],
)
def test_a_reason_is_told_in_words_of_ours(browser: Browser, reason: str, words: str | None) -> None:
    """Each row is what the URL says, and what the page says. An unknown reason is not shown."""
    reply = show(browser, f"/auth/sign-in?reason={reason}")
    assert (words or "Sign in") in reply.text
    assert 'role="status"' in reply.text if words else reason not in reply.text


@pytest.mark.parametrize(
    ("fields", "columns", "status", "code"),
    [
        pytest.param({"password": "wrong"}, {}, 401, "invalid_credentials", id="a wrong password"),
        pytest.param({"identifier": "nobody"}, {}, 401, "invalid_credentials", id="an unknown name"),
        pytest.param({"identifier": "", "password": ""}, {}, 401, "invalid_credentials", id="nothing"),
        pytest.param({}, {"blocked": True}, 403, "account_blocked", id="blocked"),
        pytest.param({}, {"confirmed": False}, 403, "account_unconfirmed", id="unconfirmed"),
        pytest.param({"identifier": "a" * 255}, {}, 400, "invalid_request", id="a name beyond the limit"),
        pytest.param({"password": "a" * 513}, {}, 400, "invalid_request", id="such a password"),
        pytest.param({"password": "a" * 17_000}, {}, 413, "invalid_request", id="a form beyond the limit"),
    ],
)
def test_a_refusal_is_explained(
    make_stranger: MakeStranger, fields: dict[str, str], columns: dict[str, Any], status: int, code: str
) -> None:
    """A person reads the form again, with the problem; a program gets the code. Nobody is signed in."""
    stranger = make_stranger()
    stranger.add_user(**columns)
    browser = Browser(stranger.app)
    reply = send(browser, **fields)
    problem = refusal(browser.client.post("/auth/sign-in", data=FIELDS | fields))
    assert (reply.status_code, reply.mimetype, problem) == (status, "text/html", (status, code))
    assert 'role="alert" id="problem">' in reply.text
    assert 'autocomplete="current-password" aria-describedby="problem"' in reply.text
    assert "Set-Cookie" not in reply.headers


def test_a_refusal_of_the_host_is_explained(make_stranger: MakeStranger, clock: Clock) -> None:
    """The words of may_sign_in are on the page, at a sign-in and where a session is not renewed."""

    def refuse(_user: object) -> None:
        if clock() >= changed_at:
            raise SignInRefused("terms_changed", "Accept the new terms first.")

    changed_at = clock() + 600
    stranger = make_stranger(may_sign_in=refuse)
    stranger.add_user()
    grace = stranger.signed_in()
    assert NAMED in show(grace).text
    clock.advance(601)
    where, reply = follow(grace, "/private")
    assert (where, reply.status_code) == ("/auth/sign-in?next=%2Fprivate&reason=terms_changed", 403)
    for page in (reply, send(Browser(stranger.app))):
        assert 'role="alert" id="problem">Accept the new terms first.' in page.text
    assert (NAMED in reply.text, "Go on" in reply.text, "Sign out" in reply.text) == (True, False, True)


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        pytest.param(b"identifier=a&identifier=b", "application/x-www-form-urlencoded", 400, id="twice"),
        pytest.param(b"identifier=%ff", "application/x-www-form-urlencoded", 400, id="no text"),
        pytest.param(b"a=1&" * 65, "application/x-www-form-urlencoded", 400, id="too many"),
        pytest.param(b"{}", "application/json", 415, id="JSON"),
        pytest.param(b"--x--", "multipart/form-data; boundary=x", 415, id="parts"),
        pytest.param(b"identifier=\x00", "application/x-www-form-urlencoded", 401, id="a zero byte"),
    ],
)
def test_a_broken_form_is_refused(browser: Browser, body: bytes, media_type: str, status: int) -> None:
    """What no page sends is answered by the page, in the 400s."""
    reply = browser.client.post("/auth/sign-in", data=body, content_type=media_type, headers=PAGE)
    assert (reply.status_code, reply.mimetype) == (status, "text/html")
    assert 'role="alert"' in reply.text


def test_what_was_typed_is_kept_except_the_password(browser: Browser) -> None:
    """After a typing mistake only the password is typed again; the box stays as it was."""
    ticked = send(browser, identifier='"><b>', password="a secret", remember="yes")
    assert 'value="&#34;&gt;&lt;b&gt;"' in ticked.text
    assert "a secret" not in ticked.text
    assert ("checked" in ticked.text, "checked" in send(browser, password="wrong").text) == (True, False)


def test_the_wait_is_told(browser: Browser) -> None:
    """After too many attempts the page says for how long."""
    for _ in range(ACCOUNT_AND_IP.amount):
        send(browser, password="wrong")
    reply = send(browser)
    minutes = ceil(int(reply.headers["Retry-After"]) / 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    assert reply.status_code == 429
    assert f"Too many attempts. You can try again in {wait}." in reply.text


@pytest.mark.parametrize(("fields", "lasts"), [({"remember": "yes"}, True), ({}, False)])
def test_the_box_keeps_somebody_signed_in(browser: Browser, fields: dict[str, str], *, lasts: bool) -> None:
    """With the box the cookies survive the browser."""
    cookies = set_cookies(send(browser, **fields))
    assert cookies.keys() >= COOKIES
    assert {"max-age" in cookies[name] for name in COOKIES} == {lasts}


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "/auth/sign-in",
        "javascript:a()",
        "",
    ],
)
def test_next_stays_on_this_site(browser: Browser, target: str) -> None:
    """A ``next`` that leads elsewhere, or to the page itself, leads to the home page."""
    reply = browser.client.post("/auth/sign-in", query_string={"next": target}, data=FIELDS, headers=PAGE)
    assert (reply.status_code, reply.location) == (303, "/")


def test_somebody_who_is_signed_in_is_told_so(stranger: Stranger, clock: Clock) -> None:
    """Also after the access token has run out. Nothing is renewed, and the row stays as it is."""
    grace = stranger.signed_in()
    clock.advance(601)
    grace.client.delete_cookie("accessToken")
    before = grace.held
    reply = show(grace, "/auth/sign-in?next=/private")
    assert (NAMED in reply.text, 'href="/private"' in reply.text) == (True, True)
    assert ('type="password"' in reply.text, "Set-Cookie" in reply.headers) == (False, False)
    assert grace.held == before


def test_a_recent_sign_in_is_asked_of_the_same_person(stranger: Stranger, clock: Clock) -> None:
    """Who has to sign in again finds the form with their name, and the view is open after it."""
    grace = stranger.signed_in()
    clock.advance(601)
    follow(grace, "/private")
    where, reply = follow(grace, "/fresh")
    assert f'value="{GRACE}"' in reply.text
    assert "Sign in again to do this." in reply.text
    assert send(grace, where).location == "/fresh"
    assert content(show(grace, "/fresh")) == {"email": GRACE}


def test_signing_out_by_form(stranger: Stranger) -> None:
    """The session ends for every copy of it, the cookies go, and the page says so."""
    grace = stranger.signed_in()
    copy = Browser(stranger.app, grace.held)
    assert 'action="/auth/sign-out"' in show(grace).text
    reply = grace.client.post("/auth/sign-out", headers=PAGE)
    assert (reply.status_code, reply.location) == (303, "/auth/sign-in?reason=signed_out")
    assert cleared(reply)
    assert copy.refresh().status_code == 401
    assert "You are signed out." in show(grace, reply.location).text


def test_signing_out_leads_where_the_host_says(stranger: Stranger) -> None:
    """A form of the host's names a page of its own; signing out twice is no error."""
    grace = stranger.signed_in()
    for _ in range(2):
        assert grace.client.post("/auth/sign-out?next=/open", headers=PAGE).location == "/open"


@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/sign-out"])
def test_another_site_cannot_send_the_forms(stranger: Stranger, path: str) -> None:
    """No other site signs anybody in or out; a person reads why, and a program gets the code."""
    grace = stranger.signed_in()
    foreign = PAGE | {"Sec-Fetch-Site": "cross-site"}
    reply = grace.client.post(path, data=FIELDS, headers=foreign)
    assert (reply.status_code, reply.mimetype) == (403, "text/html")
    assert "This request came from another site." in reply.text
    assert "Set-Cookie" not in reply.headers
    foreign["Sec-Fetch-Mode"] = "cors"
    assert refusal(grace.client.post(path, headers=foreign)) == (403, "cross_origin")
    assert grace.me().status_code == 200


@pytest.mark.parametrize("held", ["orphan", "good"])
def test_the_page_is_no_place_to_try_a_stolen_token(stranger: Stranger, clock: Clock, held: str) -> None:
    """An orphan ends its session here, as anywhere else; only being fetched ahead changes nothing."""
    grace = stranger.signed_in()
    stolen = grace.held
    for _ in range(2):
        clock.advance(31)
        grace.refresh()
    thief = Browser(stranger.app, stolen if held == "orphan" else grace.held)
    assert show(thief, Sec_Purpose="prefetch").status_code == 503
    assert thief.client.head("/auth/sign-in").status_code == 200
    assert grace.me().status_code == 200
    assert (NAMED in show(thief).text) == (held == "good")
    assert refusal(grace.refresh())[0] == 401 if held == "orphan" else grace.refresh().status_code == 200


def test_without_the_database_the_page_says_so(make_stranger: MakeStranger, tmp_path: Path) -> None:
    """503, the form with the problem, and when to try again; the cookies stay."""
    url = f"sqlite:///{tmp_path / 'rows.sqlite'}"
    stranger = make_stranger(url=url)
    stranger.add_user()
    grace = stranger.signed_in()
    with create_engine(url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE members RENAME TO elsewhere")
    for reply in (show(grace), send(grace), grace.client.post("/auth/sign-out", headers=PAGE)):
        assert (reply.status_code, reply.mimetype) == (503, "text/html")
        assert ("Retry-After" in reply.headers, "Set-Cookie" in reply.headers) == (True, False)
        assert 'role="alert"' in reply.text
    page = show(grace, "/live")
    assert (page.status_code, page.headers["Retry-After"], page.headers["Cache-Control"]) == (
        503,
        "3",
        "no-store",
    )
    assert 'content="3; url=/live"' in page.text
    with create_engine(url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO members")


def test_no_script_runs_on_it_and_nobody_keeps_it(browser: Browser) -> None:
    """Its policy lets only style, pictures and fonts of the site in, and no frame or cache of others."""
    reply = show(browser)
    policy = reply.headers["Content-Security-Policy"].split("; ")
    directives = dict(directive.split(" ", 1) for directive in policy)
    nonce = directives["style-src"].removeprefix("'self' ").strip("'").removeprefix("nonce-")
    assert (directives["default-src"], directives["frame-ancestors"]) == ("'none'", "'self'")
    assert not directives.keys() & {"script-src", "connect-src"}
    assert f'<style nonce="{nonce}">' in reply.text
    assert nonce not in show(browser).text
    assert "<script" not in reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert {"Cookie", "Authorization"} <= set(reply.vary)


def test_partitioned_cookies_are_for_frames(make_stranger: MakeStranger) -> None:
    """A site that is made to stand in frames of other sites can be signed in to there."""
    stranger = make_stranger(RATCHET_COOKIE_SAMESITE="None", RATCHET_COOKIE_PARTITIONED=True)
    policy = show(Browser(stranger.app)).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors" not in policy


@pytest.mark.parametrize("prefix", ["/", "/members"])
@pytest.mark.parametrize("below", ["", "/shop"])
def test_it_is_below_the_prefix_and_the_path_of_a_proxy(
    make_stranger: MakeStranger, prefix: str, below: str
) -> None:
    """Each address that it is reached by, leads to or sends to begins with both."""
    stranger = make_stranger(RATCHET_URL_PREFIX=prefix)
    stranger.add_user()
    client, proxied = stranger.app.test_client(), {"environ_overrides": {"SCRIPT_NAME": below}}
    ours = f"{below}{prefix.rstrip('/')}"
    way = client.get(f"{prefix.rstrip('/')}/continue?next={below}/private", headers=PAGE, **proxied)
    assert way.location == f"{ours}/sign-in?next={quote(f'{below}/private', '')}"
    path = way.location.removeprefix(below)
    assert f'action="{ours}/sign-in?next={below}/private"' in client.get(path, headers=PAGE, **proxied).text
    reply = client.post(path, data=FIELDS, headers=PAGE, **proxied)
    assert (reply.status_code, reply.location) == (303, f"{below}/private")
    assert set_cookies(reply)["refreshToken"]["path"] == (ours or "/")


@pytest.mark.parametrize(
    ("kind", "label"), [("number", "E-mail address or user name"), ("no username", "E-mail address")]
)
def test_the_field_is_called_what_people_have(make_stranger: MakeStranger, kind: str, label: str) -> None:
    """A host whose users have no user names asks for none."""
    stranger = make_stranger(kind)
    assert f'<label for="identifier">{label}</label>' in show(Browser(stranger.app)).text


def test_a_template_of_the_host_takes_its_place(stranger: Stranger, browser: Browser) -> None:
    """One template, which knows the names of the fields and where to send them."""
    template = '<form action="{{ form_url }}">{{ label }} {{ reason }} {{ problem.code }}</form>'
    stranger.app.jinja_loader = DictLoader({"ratchet/sign_in.html": template})
    assert show(browser, "/auth/sign-in?next=/open").text == (
        '<form action="/auth/sign-in?next=/open">E-mail address or user name None </form>'
    )
    assert "invalid_credentials" in send(browser, password="wrong").text


def test_a_host_with_a_page_of_its_own_has_only_that(make_stranger: MakeStranger) -> None:
    """RATCHET_LOGIN_URL is set: our paths are the host's, and nothing of the page is left."""
    stranger = make_stranger(RATCHET_LOGIN_URL="/auth/sign-in")
    stranger.app.add_url_rule("/auth/sign-in", "own", lambda: "own", methods=["GET"])
    browser = Browser(stranger.app)
    assert follow(browser, "/private")[1].text == "own"
    assert [send(browser, f"/auth/sign-{way}").status_code for way in ("in", "out")] == [405, 404]
    paths = content(browser.client.get("/auth/openapi.json"))["paths"]
    assert not paths.keys() & {"/auth/sign-in", "/auth/sign-out"}


def test_it_is_no_way_around_a_second_factor(make_stranger: MakeStranger) -> None:
    """Where a password alone signs nobody in, there is no page that takes one; a plain page says what is."""
    stranger = make_stranger(RATCHET_PASSWORD_LOGIN=False)
    stranger.add_user()
    browser = Browser(stranger.app)
    assert send(browser).status_code == 404
    reply = follow(browser, "/private")[1]
    assert (reply.status_code, reply.mimetype) == (401, "text/html")
    assert "There is no session to refresh." in reply.text


def test_a_handler_of_the_host_wins(stranger: Stranger, browser: Browser) -> None:
    """A host that answers TokenMissing itself is asked for a page, too."""

    def answer(problem: TokenMissing) -> ResponseReturnValue:
        return f"own words: {problem.description}", 418

    stranger.app.register_error_handler(TokenMissing, answer)
    assert show(browser, "/private").status_code == 418
