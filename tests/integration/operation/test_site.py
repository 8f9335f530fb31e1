"""The pages of the reference site, without script: forms, redirects, words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import NEW_PASSWORD, PASSWORD, Browser, cleared, refusal, set_cookies
from tests.support.clock import Clock
from tests.support.sites import add_user, let_in

from ...support.rows import stored

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
OTHER_SITE = NAVIGATION | {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def visit(browser: Browser, path: str, **headers: str) -> TestResponse:
    """GET a page."""
    return browser.client.get(path, headers=NAVIGATION | headers)


def send(browser: Browser, path: str, **fields: str) -> TestResponse:
    """POST a form of our own page."""
    return browser.client.post(path, data=fields, headers=NAVIGATION)


def test_form_signs_in(browser: Browser) -> None:
    """Name and password in a form, 303, and the account page knows who is there."""
    page = visit(browser, "/sign-in")
    assert (page.status_code, '<form method="post"' in page.text) == (200, True)
    assert 'type="password"' in page.text
    reply = send(browser, "/sign-in", identifier="ada", password=PASSWORD, remember="yes")
    assert reply.status_code == 303
    assert set_cookies(reply)["refreshToken"]["max-age"] == str(14 * 86400)
    account = visit(browser, "/account")
    assert (account.status_code, "ada@example.org" in account.text) == (200, True)


def test_unticked_box_is_not_remembered(browser: Browser) -> None:
    """Without the tick the cookies end with the window."""
    reply = send(browser, "/sign-in", identifier="ada", password=PASSWORD)
    assert "max-age" not in set_cookies(reply)["refreshToken"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"identifier": "ada", "password": "wrong"}, 401, id="a wrong password"),
        pytest.param({"identifier": "nobody", "password": PASSWORD}, 401, id="an unknown name"),
        pytest.param({}, 401, id="an empty form"),
        pytest.param({"identifier": "eve", "password": PASSWORD}, 403, id="a blocked account"),
        pytest.param({"identifier": '"><script>', "password": "x"}, 401, id="a name of markup"),
        pytest.param({"identifier": "a\0", "password": "b\0"}, 401, id="NULs"),
    ],
)
def test_form_refused(site: Flask, ada: str, fields: dict[str, str], status: int) -> None:
    """The form comes back with a sentence and the name that was typed, never with the password."""
    add_user(site, "eve@example.org", "eve", blocked=True)
    browser = Browser(site)
    reply = send(browser, "/sign-in", **fields)
    assert (reply.status_code, 'role="alert"' in reply.text) == (status, True)
    assert "Set-Cookie" not in reply.headers
    assert PASSWORD not in reply.text
    assert "<script>" not in reply.text
    assert stored(site, ada).sessions == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param(b"identifier=ada&password=" + b"x" * 513, 400, id="a password longer than any"),
        pytest.param(b"identifier=" + b"x" * 255 + b"&password=x", 400, id="a name longer than any"),
        pytest.param(b"identifier=ada&password=" + b"x" * 17_000, 413, id="a password of 17 kB"),
        pytest.param(b"identifier=ada&password=" + b"x" * 2_000_000, 413, id="of two megabytes"),
        pytest.param(b"identifier=%ff%fe&password=%ed%a0%80", 401, id="bytes that are no text"),
        pytest.param(b"identifier=ada&identifier=eve&password=x", 401, id="a name twice"),
        pytest.param(b"x=1&" * 4_000, 401, id="four thousand fields"),
        pytest.param(b"x=1&" * 50_000, 413, id="fifty thousand"),
    ],
)
def test_form_that_no_page_sends(browser: Browser, site: Flask, ada: str, form: bytes, status: int) -> None:
    """Whatever is posted to the sign-in page is answered in the 400s, and nobody is signed in by it."""
    headers = {**NAVIGATION, "Content-Type": "application/x-www-form-urlencoded"}
    reply = browser.client.post("/sign-in", data=form, headers=headers)
    assert reply.status_code == status
    assert "Set-Cookie" not in reply.headers
    assert stored(site, ada).sessions == []


def test_account_lists_the_devices(signed_in: Browser, site: Flask, ada: str) -> None:
    """Every device is there, this one is marked, and each other has its own way out."""
    let_in(site, ada)
    page = visit(signed_in, "/account").text
    assert page.count("this device") == 1
    other = stored(site, ada).sessions[1]["id"]
    assert f"/account/sessions/{other}/end" in page


def test_end_another_device_by_form(signed_in: Browser, site: Flask, ada: str) -> None:
    """A form signs the other device out and comes back to the page."""
    other = let_in(site, ada)
    session_id = stored(site, ada).sessions[1]["id"]
    reply = send(signed_in, f"/account/sessions/{session_id}/end")
    assert (reply.status_code, reply.location) == (303, "/account")
    assert refusal(other.refresh()) == (401, "refresh_token_invalid")
    assert visit(signed_in, "/account").status_code == 200


def test_end_all_other_devices_by_form(signed_in: Browser, site: Flask, ada: str) -> None:
    """One form signs every other device out."""
    let_in(site, ada)
    let_in(site, ada)
    assert send(signed_in, "/account/sessions/end-others").status_code == 303
    assert len(stored(site, ada).sessions) == 1
    assert visit(signed_in, "/account").status_code == 200


def test_form_for_somebody_elses_session_ends_nothing(signed_in: Browser, site: Flask) -> None:
    """The id of another user's session does nothing here."""
    bob = add_user(site, "bob@example.org", "bob")
    let_in(site, bob)
    send(signed_in, f"/account/sessions/{stored(site, bob).sessions[0]['id']}/end")
    assert len(stored(site, bob).sessions) == 1


def test_form_signs_out(signed_in: Browser, site: Flask, ada: str) -> None:
    """The session ends, the cookies go, and the sign-in page comes."""
    reply = send(signed_in, "/sign-out")
    assert (reply.status_code, reply.location, cleared(reply)) == (303, "/sign-in?reason=signed_out", True)
    assert stored(site, ada).sessions == []


def test_password_is_changed_by_form(signed_in: Browser, site: Flask, ada: str) -> None:
    """The new password counts; this device stays signed in, by fresh cookies, and every other one is out."""
    other = let_in(site, ada)
    before = signed_in.held
    reply = send(signed_in, "/account/password", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert (reply.status_code, reply.location) == (303, "/account?changed=password")
    assert "Your password is changed" in visit(signed_in, reply.location).text
    assert signed_in.held != before
    assert refusal(other.refresh()) == (401, "refresh_token_invalid")
    assert [Browser(site).sign_in("ada", word).status_code for word in (PASSWORD, NEW_PASSWORD)] == [401, 200]


@pytest.mark.parametrize(
    ("current", "new", "status", "says"),
    [
        pytest.param("not mine", NEW_PASSWORD, 401, "That is not your current password.", id="a wrong one"),
        pytest.param(PASSWORD, "short", 400, "at least 15 characters", id="a short new one"),
    ],
)
def test_password_form_refused(
    signed_in: Browser, site: Flask, ada: str, current: str, new: str, status: int, says: str
) -> None:
    """The account page says why, and nothing has changed."""
    before = stored(site, ada)
    page = send(signed_in, "/account/password", current_password=current, new_password=new)
    assert (page.status_code, says in page.text, "Signed-in devices" in page.text) == (status, True, True)
    assert stored(site, ada) == before


def test_page_for_an_address_where_there_is_nothing(browser: Browser) -> None:
    """It is a page of the site, with its policy, and leads back to the start."""
    page = visit(browser, "/nothing/here")
    assert (page.status_code, "There is nothing here" in page.text) == (404, True)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_signing_out_when_nobody_is_signed_in(browser: Browser) -> None:
    """Signing out always works."""
    assert send(browser, "/sign-out").status_code == 303


def test_front_door(browser: Browser) -> None:
    """The address of the site leads to the account, or to the sign-in page."""
    assert visit(browser, "/").location == "/sign-in"
    browser.sign_in()
    assert visit(browser, "/").location == "/account"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-out", "/account/sessions/end-others", "/account/password"]
)
def test_form_of_another_site_changes_nothing(signed_in: Browser, site: Flask, ada: str, path: str) -> None:
    """A form that another site posts here is refused with a page, cookies or not."""
    before = stored(site, ada)
    reply = signed_in.client.post(path, data={"identifier": "ada", "password": PASSWORD}, headers=OTHER_SITE)
    assert (reply.status_code, reply.mimetype) == (403, "text/html")
    assert "Set-Cookie" not in reply.headers
    assert stored(site, ada) == before


def test_no_page_is_kept_framed_or_scripted_from_outside(signed_in: Browser) -> None:
    """Every page forbids caches, frames and foreign script."""
    for path in ("/", "/sign-in", "/account"):
        headers = visit(signed_in, path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        for name in ("Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"):
            assert headers[name] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert ("frame-ancestors 'none'" in policy, "unsafe" in policy) == (True, False)


def test_labels_are_text(site: Flask, ada: str) -> None:
    """A device that calls itself markup is shown, not run."""
    browser = Browser(site)
    browser.sign_in(label="<script>alert(1)</script>")
    page = visit(browser, "/account").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert len(stored(site, ada).sessions) == 1


def test_the_front_door_renews_its_visitor(signed_in: Browser, clock: Clock) -> None:
    """Ten minutes after the last page a visitor with a good refresh cookie is led to their account."""
    clock.advance(601)
    around = visit(signed_in, "/")
    back = visit(signed_in, around.location)
    assert (around.location, back.location) == ("/auth/continue?next=%2F&optional=1", "/")
    assert visit(signed_in, "/").location == "/account"


def test_the_front_door_tells_of_a_theft(signed_in: Browser, site: Flask, clock: Clock) -> None:
    """The sign-in page says why the session is over."""
    thief = Browser(site, signed_in.held)
    for _ in range(2):
        assert thief.refresh().status_code == 200
        clock.advance(601)
    reply = visit(signed_in, "/")
    for _ in range(2):
        reply = visit(signed_in, reply.location)
    assert reply.location == "/sign-in?reason=refresh_token_reused"
    assert "old copy of your sign-in" in visit(signed_in, reply.location).text


def test_the_sign_in_page_knows_who_is_there(signed_in: Browser, site: Flask) -> None:
    """Whoever is signed in is told so, and can still sign in as another."""
    page = visit(signed_in, "/sign-in").text
    assert "You are signed in as ada@example.org" in page
    assert '<form method="post"' in page
    assert "You are signed in" not in visit(Browser(site), "/sign-in").text


@pytest.mark.parametrize("page", ["/demo", "/account"])
def test_script_asks_below_the_path(site: Flask, signed_in: Browser, page: str) -> None:
    """Where a server has hung the site below a path, nothing that a script asks is outside it."""
    below = {"SCRIPT_NAME": "/shop"}
    text = signed_in.client.get(page, headers=NAVIGATION, environ_overrides=below).text
    addresses = re.findall(r'data-(?:ratchet|sign-in|address|session)="([^"]*)"', text)
    assert len(addresses) >= 2
    assert all(address.startswith("/shop/") for address in addresses)
    static = Path(str(site.blueprints["site"].static_folder))
    for script in static.glob("*.js"):
        assert not re.findall(r'["`\']/\w', script.read_text())
