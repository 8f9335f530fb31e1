"""Continue, over HTTP: who is sent around, where to, and what a fault or the end of a session makes of it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.auth.settings.cookie_names import CONTINUED_COOKIE
from tests.support.browser import Browser, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.sites import MakeSite, let_in

from ...support.rows import stored, write
from ...support.scene import Scene

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"}
RUN_OUT = 601


def go(browser: Browser, path: str, method: str = "GET", **headers: str) -> TestResponse:
    """A navigation; a header's name may have underscores for its hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.client.open(path, method=method, headers=NAVIGATION | named)


def continue_to(browser: Browser, target: str, method: str = "GET", **headers: str) -> TestResponse:
    """Ask continue to go on to ``target``."""
    return go(browser, f"/auth/continue?{urlencode({'next': target})}", method, **headers)


@pytest.fixture
def late(signed_in: Browser, clock: Clock) -> Browser:
    """A browser whose access token has run out."""
    clock.advance(RUN_OUT)
    return signed_in


def test_page_is_sent_around(late: Browser) -> None:
    """303 to continue, which renews and sends back by 303; the page is there then."""
    reply = go(late, "/account?a=b")
    assert (reply.status_code, reply.location) == (303, "/auth/continue?next=%2Faccount%3Fa%3Db")
    back = go(late, reply.location)
    assert (back.status_code, back.location) == (303, "/account?a=b")
    assert set_cookies(back)["refreshToken"]["path"] == "/auth"
    assert go(late, back.location).status_code == 200


def test_post_is_sent_around(late: Browser) -> None:
    """A form comes back by 307, with its method, to the same address."""
    reply = go(late, "/account/sessions/end-others", "POST")
    assert (reply.status_code, reply.location.partition("?")[0]) == (307, "/auth/continue")
    back = go(late, reply.location, "POST")
    assert (back.status_code, back.location) == (307, "/account/sessions/end-others")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(
            {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "text/html"}, id="a fetch"
        ),
        pytest.param({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, id="an image"),
        pytest.param({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, id="a script"),
        pytest.param({"Accept": "*/*"}, id="a program"),
        pytest.param(
            {"Accept": "application/json, text/html;q=0.5"}, id="a program that would rather have JSON"
        ),
        pytest.param({}, id="nothing said at all"),
    ],
)
def test_everything_else_is_refused(late: Browser, headers: dict[str, str]) -> None:
    """What is no navigation gets 401 in JSON."""
    assert refusal(late.client.get("/account", headers=headers)) == (401, "token_invalid")


def test_old_browser_is_known_by_accept(late: Browser) -> None:
    """A browser without Fetch Metadata would rather have HTML than anything else."""
    headers = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    assert late.client.get("/account", headers=headers).status_code == 303


def test_form_of_another_site_is_not_sent_around(late: Browser, site: Flask, ada: str) -> None:
    """A form that another site posts to a guarded page is refused, and renews nothing."""
    before = stored(site, ada)
    for path in ("/account/sessions/end-others", "/auth/continue?next=/account"):
        assert go(late, path, "POST", Sec_Fetch_Site="cross-site").status_code == 403
    assert stored(site, ada) == before


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "/%2Fevil.example",
        "/\t/evil.example",
        "/./auth/continue",
        "/auth/continue?next=/auth/continue",
        "javascript:alert(1)",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_next_stays_on_this_site(late: Browser, target: str, method: str) -> None:
    """A ``next`` that leads elsewhere leads to the front door."""
    assert continue_to(late, target, method).location == "/"


def test_sign_in_page_keeps_the_same_tricks_out(browser: Browser) -> None:
    """After signing in, too, one stays on this site."""
    fields = {"identifier": "ada", "password": "correct horse battery staple"}
    reply = browser.client.post("/sign-in?next=//evil.example", data=fields, headers=NAVIGATION)
    assert (reply.status_code, reply.location) == (303, "/")


def test_below_a_path_of_a_proxy(signed_in: Browser, clock: Clock) -> None:
    """A site that a proxy serves below a path stays below it, there and back, and knows its own routes."""
    signed_in.client.set_cookie("refreshToken", signed_in.held, path="/shop/auth")
    clock.advance(RUN_OUT)
    below = {"SCRIPT_NAME": "/shop"}
    reply = signed_in.client.get("/account", headers=NAVIGATION, environ_overrides=below)
    assert reply.location == "/shop/auth/continue?next=%2Fshop%2Faccount"
    for target, place in (("/shop/account", "/shop/account"), ("/shop/auth/continue", "/shop/")):
        path = f"/auth/continue?{urlencode({'next': target})}"
        reply = signed_in.client.get(path, headers=NAVIGATION, environ_overrides=below)
        assert (reply.location, set_cookies(reply)["refreshToken"]["path"]) == (place, "/shop/auth")


@pytest.mark.parametrize("prefix", ["", "/shop"])
def test_pages_that_lead_on_know_the_path_of_the_proxy(
    signed_in: Browser, make_site: MakeSite, make_bare_site: MakeSite, prefix: str
) -> None:
    """A page that tries again, or leads on, asks for the address that the browser knows."""
    strict = make_site(RATCHET_COOKIE_SAMESITE="Strict")
    for site, status, from_where in ((make_bare_site(), 503, "none"), (strict, 200, "cross-site")):
        page = site.test_client(use_cookies=False).get(
            "/auth/continue?next=/account",
            headers=NAVIGATION | {"Cookie": f"refreshToken={signed_in.held}", "Sec-Fetch-Site": from_where},
            environ_overrides={"SCRIPT_NAME": prefix},
        )
        assert page.status_code == status
        assert f'url={prefix}/auth/continue?next=/account"' in page.text
        assert f'href="{prefix}/auth/continue?next=/account"' in page.text


@pytest.mark.parametrize(
    ("login_url", "location"),
    [
        pytest.param("/sign-in", "/shop/sign-in?", id="a path of the site"),
        pytest.param("/shop/sign-in", "/shop/sign-in?", id="one that has the prefix already"),
        pytest.param("/shop?a=b", "/shop?a=b&", id="the front door of the prefix"),
        pytest.param("/shopping", "/shop/shopping?", id="one that only begins alike"),
    ],
)
def test_sign_in_page_is_below_the_path_of_the_proxy(
    make_site: MakeSite, login_url: str, location: str
) -> None:
    """RATCHET_LOGIN_URL names a page of this site, wherever a proxy has hung it."""
    browser = Browser(make_site(RATCHET_LOGIN_URL=login_url))
    below = {"SCRIPT_NAME": "/shop"}
    reply = browser.client.get("/auth/continue", headers=NAVIGATION, environ_overrides=below)
    assert reply.location == f"{location}next=%2Fshop%2F"


@pytest.mark.parametrize(("method", "place"), [("GET", "%2Forders%3Fa%3Db"), ("POST", "%2Fform")])
def test_session_over_leads_to_signing_in(
    late: Browser, site: Flask, ada: str, method: str, place: str
) -> None:
    """The sign-in page remembers the place; for a form, whose content is lost, the page it was on."""
    write(site, ada, sessions=[])
    reply = continue_to(late, "/orders?a=b", method, Referer="http://localhost/form")
    assert (reply.status_code, reply.location) == (303, f"/sign-in?next={place}")
    assert set_cookies(reply).keys() == {CONTINUED_COOKIE}


def test_form_without_a_page_before_leads_home(late: Browser, site: Flask, ada: str) -> None:
    """Where the page of a form is not known, the front door is the place to come back to."""
    write(site, ada, sessions=[])
    assert continue_to(late, "/orders", "POST").location == "/sign-in?next=%2F"


def test_nobody_signed_in_leads_to_signing_in(browser: Browser) -> None:
    """A stranger is asked to sign in, and told of no reason."""
    assert go(browser, go(browser, "/account").location).location == "/sign-in?next=%2Faccount"


def test_theft_is_told(scene: Scene) -> None:
    """Who presents a token whose successor was used goes to the sign-in page with the reason; all end."""
    thief = scene.stale()
    reply = continue_to(thief, "/account")
    assert reply.location == "/sign-in?next=%2Faccount&reason=refresh_token_reused"
    assert set_cookies(reply).keys() == {CONTINUED_COOKIE}
    assert stored(scene.site, scene.ada).sessions == []


def test_victim_of_a_found_thief_is_told(scene: Scene) -> None:
    """The other party, whose token is good and whose session is gone, is told the same."""
    continue_to(scene.stale(), "/account")
    reply = continue_to(scene.browser, "/account")
    assert reply.location == "/sign-in?next=%2Faccount&reason=refresh_token_reused"


def test_blocked_account_is_told(scene: Scene) -> None:
    """Somebody who was blocked reads so on the sign-in page."""
    reply = continue_to(scene.refused(blocked=True), "/account")
    assert reply.location == "/sign-in?next=%2Faccount&reason=account_blocked"


@pytest.mark.parametrize(("method", "again"), [("GET", True), ("POST", False)])
def test_fault_is_a_page_that_tries_again(scene: Scene, method: str, *, again: bool) -> None:
    """Without the database: 503, Retry-After, the cookies stay, and a page that was only read comes back."""
    reply = continue_to(scene.elsewhere(), "/account", method)
    assert (reply.status_code, reply.mimetype, reply.headers["Retry-After"]) == (503, "text/html", "3")
    assert "Set-Cookie" not in reply.headers
    assert ('content="3; url=/auth/continue?next=%2Faccount"' in reply.text) == again


def test_the_page_for_a_fault_names_the_fault_to_a_developer(
    make_bare_site: MakeSite, signed_in: Browser
) -> None:
    """In debug mode it shows the description of the error, too."""
    browser = Browser(make_bare_site(DEBUG=True), signed_in.held)
    assert "<p>The site is busy. Try again in a moment.</p>" in continue_to(browser, "/account").text


@pytest.mark.parametrize("dest", ["iframe", "frame", "embed", "object"])
def test_frame_of_another_site_says_so(late: Browser, site: Flask, ada: str, dest: str) -> None:
    """In a frame where the browser keeps the cookies back nothing is renewed; a link leads out of it."""
    before = stored(site, ada)
    late.client.delete_cookie("refreshToken", path="/auth")
    reply = continue_to(late, "/account", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest=dest)
    assert (reply.status_code, 'href="/account" target="_blank"' in reply.text) == (403, True)
    assert "Set-Cookie" not in reply.headers
    assert stored(site, ada) == before


def test_frame_of_another_site_renews_where_the_cookie_came(late: Browser) -> None:
    """With SameSite=None the browser may send the cookie into a frame; then the page there goes on."""
    reply = continue_to(late, "/account", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="iframe")
    assert (reply.status_code, reply.location) == (303, "/account")
    assert set_cookies(reply)["refreshToken"]["value"]


def test_partitioned_cookies_are_not_kept_back(make_site: MakeSite) -> None:
    """A frame without one is a frame in which nobody has signed in: it leads to the sign-in page."""
    site = make_site(RATCHET_COOKIE_SAMESITE="None", RATCHET_COOKIE_PARTITIONED=True)
    reply = continue_to(Browser(site), "/account", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="iframe")
    assert (reply.status_code, reply.location) == (303, "/sign-in?next=%2Faccount")


def test_prefetch_changes_nothing(late: Browser, site: Flask, ada: str) -> None:
    """What is only prefetched is put off."""
    before = stored(site, ada)
    for purpose in ("prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"):
        assert continue_to(late, "/account", Sec_Purpose=purpose).status_code == 503
    assert stored(site, ada) == before


def test_head_changes_nothing(late: Browser, site: Flask, ada: str) -> None:
    """HEAD is answered and renews nothing."""
    before = stored(site, ada)
    assert continue_to(late, "/account", "HEAD").status_code == 204
    assert stored(site, ada) == before


def test_strict_cookies_arrive_by_a_page(make_site: MakeSite, clock: Clock, ada: str) -> None:
    """With SameSite=Strict a link of another site leads to a page of ours, and that one to continue."""
    browser = let_in(make_site(RATCHET_COOKIE_SAMESITE="Strict"), ada)
    clock.advance(RUN_OUT)
    reply = continue_to(browser, "/account", Sec_Fetch_Site="cross-site")
    assert (reply.status_code, "Set-Cookie" in reply.headers) == (200, False)
    assert 'content="0; url=/auth/continue?next=%2Faccount"' in reply.text
    assert continue_to(browser, "/account").location == "/account"


def test_without_an_access_cookie_one_signs_in(make_site: MakeSite, ada: str) -> None:
    """Where pages have no access cookie, continue could not help: straight to the sign-in page."""
    browser = let_in(make_site(RATCHET_ACCESS_COOKIE=False), ada)
    assert go(browser, "/account").location == "/sign-in?next=%2Faccount"


def test_site_without_a_sign_in_page(make_site: MakeSite, ada: str) -> None:
    """Where the site names no sign-in page, that of the package takes its place."""
    site = make_site(RATCHET_LOGIN_URL=None)
    browser = let_in(site, ada)
    write(site, ada, sessions=[])
    reply = continue_to(browser, "/account")
    assert (reply.status_code, reply.location) == (303, "/auth/sign-in?next=%2Faccount")
    assert set_cookies(reply).keys() == {CONTINUED_COOKIE}


def test_pages_of_continue_run_no_script(scene: Scene) -> None:
    """Each page of its own has the strictest policy, and none is kept."""
    framed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "iframe"}
    for reply in (continue_to(scene.elsewhere(), "/"), continue_to(Browser(scene.site), "/", **framed)):
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert reply.headers["Cache-Control"] == "no-store"
        assert "<script" not in reply.text
