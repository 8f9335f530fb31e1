"""From Flask-Login and Flask-Security: the cookies of both keep everybody signed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.auth import SettingsError, SignInRefused
from app.auth.settings.load import load as load_settings
from app.auth.testing import Browser
from docs.generator import DOCS
from tests.support import databases
from tests.support.browser import NEW_PASSWORD, PASSWORD, refusal
from tests.support.hosts import old_sites

ADA = "ada@example.org"
OLD_COOKIES = ("session", "remember_token")

Move = Callable[..., Any]


def carry(app: Flask, *clients: FlaskClient) -> list[Browser]:
    """The browsers of the old site, in front of the new one."""
    browsers = [Browser(app) for _ in clients]
    for browser, client in zip(browsers, clients, strict=True):
        browser._cookies = dict(client._cookies or {})
    return browsers


def holds(browser: Browser, *names: str) -> list[str]:
    """Which of these cookies a browser holds."""
    return [name for name in names if browser.get_cookie(name)]


def sessions_of(module: Any) -> int:
    """How many sessions there are."""
    with module.app.app_context():
        return sum(
            len(row.sessions or ()) for row in module.db.session.scalars(module.db.select(module.User))
        )


@pytest.fixture
def old_login(url: str) -> Callable[..., FlaskClient]:
    """Somebody who signs in at the site on Flask-Login; the site stands before them."""
    site = old_sites.on_flask_login(url)

    def sign_in(name: str = "ada", **form: str) -> FlaskClient:
        client = site.test_client()
        form |= {"email": f"{name}@example.org", "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 200
        assert client.get("/who").text == form["email"]
        return client

    return sign_in


LOGIN = ("flask_login.py", "cookies.py")


@pytest.mark.parametrize("url", databases.KINDS, indirect=True)
@pytest.mark.parametrize("form", [{}, {"remember": "yes"}], ids=["session", "remembered"])
def test_flask_login_signs_nobody_out(old_login: Any, move: Move, form: dict[str, str]) -> None:
    """Each browser of the old site is on its page in one navigation, with its own user."""
    clients = [old_login(name, **form) for name in old_sites.NAMES]
    module = move(*LOGIN)
    for name, browser in zip(old_sites.NAMES, carry(module.app, *clients), strict=True):
        page = browser.visit("/who?page=1")
        assert page.json == {"who": f"{name}@example.org"}
        assert page.request.full_path == "/who?page=1"
        assert not holds(browser, "remember_token")
        kept = browser.get_cookie("accessToken")
        assert kept is not None
        assert (kept.max_age is not None) == bool(form)
    assert sessions_of(module) == len(clients)


def test_flask_login_remembers_a_browser_that_was_closed(old_login: Any, move: Move) -> None:
    """Where only the remember_token is left, it is enough."""
    client = old_login(remember="yes")
    client.delete_cookie("session")
    module = move(*LOGIN)
    (browser,) = carry(module.app, client)
    assert browser.visit("/who").json == {"who": ADA}


def test_an_old_cookie_is_used_once(old_login: Any, move: Move) -> None:
    """The next request is one of Ratchet, and the cart is still there, under the new secret."""
    client = old_login(remember="yes")
    module = move(*LOGIN)
    (browser,) = carry(module.app, client)
    assert browser.get("/who").status_code == 307
    assert browser.get("/who").status_code == 200
    assert browser.get("/cart").json == {"cart": [42]}
    assert sessions_of(module) == 1


def test_a_session_of_the_new_site_is_kept(old_login: Any, move: Move) -> None:
    """Somebody who comes back with a remember_token has filled a cart meanwhile."""
    client = old_login(remember="yes")
    client.delete_cookie("session")
    module = move(*LOGIN)
    (browser,) = carry(module.app, client)
    with browser.session_transaction() as values:
        values["cart"] = [43]
    assert browser.visit("/who").json == {"who": ADA}
    assert browser.get("/cart").json == {"cart": [43]}


def test_a_form_that_was_open_during_the_move_arrives(old_login: Any, move: Move) -> None:
    """With its fields; one of another site is refused."""
    client = old_login()
    module = move(*LOGIN)
    browser, victim = carry(module.app, client, client)
    assert browser.visit("/who", method="POST", data={"note": "a"}).json == {"who": ADA, "note": "a"}
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    reply = victim.visit("/who", method="POST", data={"note": "a"}, headers=elsewhere)
    assert refusal(reply) == (403, "cross_origin")


def test_a_long_form_is_read_before_it_is_sent_again(old_login: Any, move: Move) -> None:
    """A server that closes on an unread body takes the answer away from the browser."""
    client = old_login()
    (browser,) = carry(move(*LOGIN).app, client)
    raw = b"note=" + b"x" * 100_000
    body = BytesIO(raw)
    form = {"content_type": "application/x-www-form-urlencoded", "content_length": len(raw)}
    with closing(browser.post("/who", input_stream=body, **form)) as reply:
        assert (reply.status_code, body.tell()) == (307, len(raw))


def test_a_session_that_the_old_site_took_no_longer_is_over(old_login: Any, move: Move) -> None:
    """Flask takes its cookie for 31 days; a browser that is remembered crosses all the same."""
    clients = [old_login(), old_login(remember="yes")]
    module = move(*LOGIN)
    with time_machine.travel(time.time() + 32 * 86400):
        forgotten, remembered = carry(module.app, *clients)
        assert forgotten.get("/who").status_code == 401
        assert remembered.visit("/who").json == {"who": ADA}


def test_a_sign_out_closes_the_bridge(old_login: Any, move: Move) -> None:
    """Also one that comes with nothing but an old cookie; a copy of that one signs nobody in afterwards."""
    client = old_login(remember="yes")
    module = move(*LOGIN)
    browser, thief = carry(module.app, client, client)
    assert browser.visit("/sign-out").text == "Goodbye."
    for one in (browser, thief):
        assert refusal(one.get("/who")) == (401, "token_missing")
        assert not holds(one, *OLD_COOKIES[1:])
    assert sessions_of(module) == 0


@pytest.mark.parametrize("end", ["set_password", "block", "end_sessions"])
def test_what_ends_sessions_closes_the_bridge(old_login: Any, move: Move, end: str) -> None:
    """A new password and a block do it also where there is no session yet."""
    client = old_login()
    module = move(*LOGIN)
    browser, thief = carry(module.app, client, client)
    if end == "end_sessions":
        browser.visit("/who")
    with module.app.test_request_context():
        ada = module.db.session.get(module.User, 1)
        getattr(module.ratchet, end)(ada, *([NEW_PASSWORD] if end == "set_password" else []))
        module.ratchet.unblock(ada)
    assert thief.get("/who").status_code == 401
    assert not holds(thief, "remember_token")


def test_the_other_devices_cross_too(old_login: Any, move: Move) -> None:
    """The first device that crosses does not close the bridge for the next."""
    clients = [old_login(remember="yes") for _ in range(3)]
    module = move(*LOGIN)
    for browser in carry(module.app, *clients):
        assert browser.visit("/who").json == {"who": ADA}
    assert sessions_of(module) == len(clients)


def test_signing_in_over_a_session_leaves_the_bridge_open(old_login: Any, move: Move) -> None:
    """A session that another one replaces has not been signed out."""
    clients = [old_login(), old_login()]
    module = move(*LOGIN)
    browser, other = carry(module.app, *clients)
    browser.visit("/who")
    assert browser.post("/auth/login", json={"email": ADA, "password": PASSWORD}).status_code == 200
    assert other.visit("/who").json == {"who": ADA}


def test_who_is_signed_in_already_stays_who_they_are(old_login: Any, move: Move) -> None:
    """An old cookie beside a session of Ratchet is cleared, and starts nothing."""
    client = old_login("bob", remember="yes")
    module = move(*LOGIN)
    (browser,) = carry(module.app, client)
    with module.app.app_context():
        browser.sign_in(module.db.session.get(module.User, 1))
    assert browser.get("/who").json == {"who": ADA}
    assert not holds(browser, "remember_token")
    assert sessions_of(module) == 1


def test_a_picture_starts_no_session(old_login: Any, move: Move) -> None:
    """A page asks for many at once."""
    client = old_login()
    module = move(*LOGIN)
    (browser,) = carry(module.app, client)
    assert browser.get("/static/logo.svg").status_code == 404
    assert browser.get("/favicon.ico").status_code == 404
    assert sessions_of(module) == 0


def test_who_may_not_sign_in_does_not_cross(
    old_login: Any, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where ``may_sign_in`` of the site refuses, a public page is shown all the same."""
    client = old_login()
    module = move(*LOGIN)

    def refuse(*_: Any, **__: Any) -> None:
        raise SignInRefused("closed", "Until Monday.")

    monkeypatch.setattr(module.ratchet, "start_session", refuse)
    (browser,) = carry(module.app, client)
    assert browser.get("/cart").json == {"cart": [42]}
    assert refusal(browser.get("/who")) == (401, "token_missing")


def test_the_bridge_has_a_last_day(old_login: Any, move: Move) -> None:
    """After it an old cookie is cleared and counts for nothing."""
    client = old_login(remember="yes")
    module = move(*LOGIN, last_day="2026-01-31")
    (browser,) = carry(module.app, client)
    assert refusal(browser.get("/who")) == (401, "token_missing")
    assert not holds(browser, "remember_token")


def test_a_new_user_has_no_old_sign_in(old_login: Any, move: Move) -> None:
    """Also not with the number of a deleted one, which SQLite gives again."""
    client = old_login("bob")
    module = move(*LOGIN)
    with module.app.app_context():
        module.db.session.execute(module.db.delete(module.User).where(module.User.id == 2))
        module.db.session.add(module.User(id=2, email="eve@example.org"))
        module.db.session.commit()
    (browser,) = carry(module.app, client)
    assert browser.get("/who").status_code == 401


@pytest.mark.parametrize("cookie", ["1|", "1|00", "|", "1|\u00e4", "1"])
def test_a_forged_remember_token_is_nobody(old_login: Any, move: Move, cookie: str) -> None:
    """Whatever it looks like."""
    assert old_login()
    browser = Browser(move(*LOGIN).app)
    browser.set_cookie("remember_token", cookie)
    assert browser.get("/who").status_code == 401


def test_a_session_of_another_secret_is_nobody(
    old_login: Any, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old secret is asked, and no other."""
    client = old_login(remember="yes")
    monkeypatch.setattr(old_sites, "OLD_SECRET", "another")
    (browser,) = carry(move(*LOGIN).app, client)
    assert browser.get("/who").status_code == 401


def test_the_old_secret_is_none_of_ratchets(old_login: Any, move: Move) -> None:
    """As a fallback a short one is refused at start, with the name of the setting."""
    assert old_login()
    module = move(*LOGIN)
    module.app.config["SECRET_KEY_FALLBACKS"] = [old_sites.OLD_SECRET]
    with pytest.raises(SettingsError, match="SECRET_KEY_FALLBACKS is shorter than 32 bytes"):
        load_settings(module.app)


def test_nobody_is_sent_to_another_site(old_login: Any, move: Move) -> None:
    """By a path that looks like a host."""
    client = old_login()
    module = move(*LOGIN)
    module.app.url_map.merge_slashes = False
    module.app.add_url_rule("/<path:page>", "page", lambda page: page)
    (browser,) = carry(module.app, client)
    reply = browser.get(environ_overrides={"PATH_INFO": "//evil.example/a?b"})
    assert (reply.status_code, reply.location) == (307, "/evil.example/a%3Fb")


def test_a_fault_leaves_the_old_cookie(old_login: Any, move: Move) -> None:
    """The database comes back, and the browser crosses."""
    client = old_login(remember="yes")
    module = move(*LOGIN)
    (browser,) = carry(module.app, client)
    with module.app.app_context():
        module.db.session.execute(module.db.text("ALTER TABLE users RENAME COLUMN sessions TO gone"))
        module.db.session.commit()
    assert browser.get("/who").status_code == 503
    assert holds(browser, *OLD_COOKIES) == list(OLD_COOKIES)
    with module.app.app_context():
        module.db.session.execute(module.db.text("ALTER TABLE users RENAME COLUMN gone TO sessions"))
        module.db.session.commit()
    assert browser.visit("/who").json == {"who": ADA}


def test_a_password_of_the_old_site_is_good(old_login: Any, move: Move) -> None:
    """Werkzeug's hash is verified, and replaced."""
    assert old_login()
    module = move(*LOGIN)
    reply = Browser(module.app).post("/auth/login", json={"email": ADA, "password": PASSWORD})
    assert reply.status_code == 200
    with module.app.app_context():
        assert module.db.session.get(module.User, 1).password_hash.startswith("$bcrypt-sha256$")


SECURITY = ("flask_security.py", "cookies.py")


@pytest.fixture
def old_security(url: str) -> Callable[..., FlaskClient]:
    """Somebody who signs in at the site on Flask-Security; the site stands before them."""
    site = old_sites.on_flask_security(url)

    def sign_in(name: str = "ada", **form: Any) -> FlaskClient:
        client = site.test_client()
        form |= {"email": f"{name}@example.org", "password": PASSWORD}
        assert client.post("/login", data=form).status_code == 302
        assert client.get("/who").text == form["email"]
        return client

    return sign_in


@pytest.mark.parametrize("form", [{}, {"remember": "yes"}], ids=["session", "remembered"])
def test_flask_security_signs_nobody_out(old_security: Any, move: Move, form: dict[str, str]) -> None:
    """Each browser of the old site is on its page in one navigation, with its own user."""
    clients = [old_security(name, **form) for name in old_sites.NAMES]
    module = move(*SECURITY)
    for name, browser in zip(old_sites.NAMES, carry(module.app, *clients), strict=True):
        assert browser.visit("/who").json == {"who": f"{name}@example.org"}
        assert not holds(browser, *OLD_COOKIES)
    assert sessions_of(module) == len(clients)


def test_flask_security_remembers_a_browser_that_was_closed(old_security: Any, move: Move) -> None:
    """Where only the remember_token is left, it is enough."""
    client = old_security(remember="yes")
    client.delete_cookie("session")
    (browser,) = carry(move(*SECURITY).app, client)
    assert browser.visit("/who").json == {"who": ADA}


def test_who_is_not_active_is_blocked(old_security: Any, move: Move) -> None:
    """By the statement of the page, and has no way over the bridge."""
    client = old_security("bob")
    module = move(*SECURITY)
    statement = "UPDATE users SET blocked = NOT active"
    assert f"`{statement}`" in (DOCS / "migrating.md").read_text()
    with module.app.app_context():
        module.db.session.execute(module.db.text("UPDATE users SET active = (id = 1)"))
        module.db.session.execute(module.db.text(statement))
        module.db.session.commit()
    (browser,) = carry(module.app, client)
    assert refusal(browser.get("/who")) == (401, "token_missing")
    statuses = [
        browser.post("/auth/login", json={"email": f"{name}@example.org", "password": PASSWORD}).status_code
        for name in old_sites.NAMES
    ]
    assert statuses == [200, 403]
