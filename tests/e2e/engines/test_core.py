"""What keeps people signed in, in every engine."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.support.browser import REFRESH_COOKIE
from tests.support.chromium.tabs import REFRESH, eventually
from tests.support.chromium.visitor import RUN_OUT

from ...support.engines.behind_tls import Served
from ...support.engines.facts import REWRITE, measured, written_about
from ...support.engines.window import EngineBrowser
from ...support.peers.caller import Client


def test_sign_in_and_out(browser: EngineBrowser, name: str) -> None:
    """Signing in leads to the account page, signing out to the sign-in page, and then nobody is in."""
    window = browser.window("/sign-in")
    window.sign_in(name)
    window.until_at("/account")
    window.until_shown(f"{name}@example.org")
    window.press("Sign out")
    window.until_at("/sign-in?reason=signed_out")
    window.open("/panel")
    assert window.path == "/sign-in?next=%2Fpanel"


def test_page_continues(browser: EngineBrowser, served: Served, name: str) -> None:
    """A page whose access token has run out is shown after one renewal, and nobody has to do anything."""
    window = browser.enter(name)
    served.house.turn_clock(RUN_OUT)
    window.open("/panel?a=1&b=%2F")
    assert (window.path, window.text) == ("/panel?a=1&b=%2F", "inside")
    assert len(browser.asked("GET /auth/continue?next=%2Fpanel%3Fa%3D1%26b%3D%252F")) == 1


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_form_continues(browser: EngineBrowser, served: Served, name: str, kind: str, tmp_path: Path) -> None:
    """A form keeps its method and its body on the way to continue and back, and so does a file."""
    content = bytes(range(256)) * 2400
    (tmp_path / "a.bin").write_bytes(content)
    window = browser.enter(name)
    window.open("/upload")
    window.says(f"document.forms[0].enctype = '{kind}'")
    window.fill("note", "grüße & co.")
    window.fill("file", str(tmp_path / "a.bin"))
    served.house.turn_clock(RUN_OUT)
    window.press("Send")
    window.until_shown("grüße & co.")
    assert (hashlib.sha256(content).hexdigest() in window.text) == (kind == "multipart/form-data")
    assert len(browser.asked("POST /auth/continue?next=%2Fupload")) == 1


def test_tabs_share_one_refresh(browser: EngineBrowser, served: Served, name: str) -> None:
    """Three windows that find at once that the token has run out make one refresh together."""
    windows = [browser.window("/demo") for _ in range(3)]
    windows[0].sign_in(name)
    for window in windows:
        window.until_shown(f"Signed in as {name}@example.org")
    before = browser.refreshes
    served.house.turn_clock(RUN_OUT)
    with browser.wire.holding(REFRESH):
        for window in windows:
            window.press("Ask the server who I am")
        eventually(lambda: len(browser.asked("GET /auth/me")) == 3)
    for window in windows:
        window.until_shown(f'"email": "{name}@example.org"')
    assert browser.refreshes == before + 1


@pytest.mark.parametrize("path", ["/demo", "/account"], ids=["by script", "by a form"])
def test_sign_out_reaches_every_tab(browser: EngineBrowser, name: str, path: str) -> None:
    """When somebody signs out in one window, the others show it by themselves, and without a timer."""
    first = browser.enter(name)
    demos = [browser.window("/demo") for _ in range(2)]
    for demo in demos:
        demo.until_shown(f"Signed in as {name}@example.org")
        demo.stop_timers()
    first.open(path)
    first.press("Sign out")
    for demo in demos:
        demo.until("document.body.dataset.state === 'out'")


def test_account_page_follows_another_tab(browser: EngineBrowser, name: str) -> None:
    """When somebody signs out in one window, the account page in another one leads to the sign-in page."""
    browser.enter(name)
    account, demo = browser.window("/account"), browser.window("/demo")
    demo.until_shown(f"Signed in as {name}@example.org")
    demo.press("Sign out")
    account.until_at("/sign-in")


def test_back_button_after_signing_out(browser: EngineBrowser, name: str) -> None:
    """The back button leads to the sign-in form, not to what was on the account page; the form works."""
    window = browser.enter(name)
    window.open("/account")
    window.sign_out_and_go_back()
    assert name not in window.text
    window.sign_in(name)
    window.until_shown(f"Signed in as {name}@example.org")


def test_theft_is_told(browser: EngineBrowser, served: Served, name: str) -> None:
    """Once a thief and the owner have both used what they hold, the owner reads why the session is over."""
    window = browser.enter(name)
    thief = Client(f"http://127.0.0.1:{served.house.port}")
    thief.cookies[REFRESH_COOKIE] = window.cookie(REFRESH_COOKIE, "/auth/ratchet.js")
    for _ in range(2):
        served.house.turn_clock(RUN_OUT)
        assert thief.refresh().status == 200
    window.open("/panel")
    assert window.path == "/sign-in?next=%2Fpanel&reason=refresh_token_reused"
    assert "Somebody used an old copy of your sign-in" in window.text


def test_open_page_stays_signed_in(engine: WebDriver, short_lived: Served, name: str) -> None:
    """A page that is left open renews its access token before it runs out, by its own timers."""
    short_lived.house.add_user(name)
    with closing(short_lived.browser(engine, name)) as browser:
        window = browser.window("/demo")
        window.sign_in(name)
        eventually(lambda: browser.refreshes >= 2)
        window.press("Ask the server who I am")
        window.until_shown(f'"email": "{name}@example.org"')
        asked = browser.asked("GET /auth/me")
    assert [head for head in asked if b"authorization: bearer" in head.lower()]


def test_page_of_the_client_says_what_the_engine_has(
    browser: EngineBrowser, served: Served, name: str, engine_name: str
) -> None:
    """The table in docs/client.md has what this engine has and does."""
    assert written_about(engine_name) == measured(browser, served, name), REWRITE
