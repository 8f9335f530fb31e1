"""The app that docs/embedding.md builds does what the page says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.auth.testing import Browser, rollback
from docs.generator import DOCS
from tests.support.browser import PASSWORD, content, refusal
from tests.support.product.documents import module_of
from tests.support.samples import SECRET

ADA = "ada@example.org"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module of the page's ``app.py``; it is made once, as its counters are."""
    url = f"sqlite:///{tmp_path_factory.mktemp('page') / 'page.sqlite'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLASK_SECRET_KEY", SECRET)
        patch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", url)
        patch.setenv("FLASK_TESTING", "true")
        patch.setenv("FLASK_RATCHET_BCRYPT_ROUNDS", "4")
        patch.setenv("FLASK_RATCHET_LEEWAY", "0")
        module = module_of(DOCS / "embedding.md", "app.py")
    with module.app.app_context():
        module.db.create_all()
    yield module
    with module.app.app_context():
        module.db.engine.dispose()


@pytest.fixture
def mails(page: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the app has mailed: addresses and texts."""
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(page, "send", lambda *mail: sent.append(mail))
    return sent


@pytest.fixture
def browser(page: Any) -> Iterator[Browser]:
    """A browser in front of the app, where ada has an account."""
    with rollback(page.app, page.db):
        assert page.app.test_cli_runner().invoke(args=["welcome"]).exit_code == 0
        yield Browser(page.app)


@pytest.fixture
def ada(page: Any, browser: Browser) -> Browser:
    """The same, ada signed in."""
    with page.app.app_context():
        return browser.sign_in(page.db.session.scalars(page.db.select(page.User)).one())


def sign_in(browser: Browser, password: str = PASSWORD) -> TestResponse:
    """Send the form of the page."""
    return browser.post("/sign-in?next=/", data={"email": "ADA@example.org", "password": password})


def test_a_stranger_is_refused(browser: Browser) -> None:
    """And has no name on a page that everybody may see."""
    assert browser.get("/").status_code == 401
    assert browser.get("/name-tag").text == "a stranger"
    assert "current-password" in browser.get("/sign-in").text


def test_ada_is_let_in(browser: Browser) -> None:
    """By the form, to the page that it was asked for; replies show the public fields."""
    assert sign_in(browser).headers["Location"] == "/"
    assert browser.get("/").text == "Dear Ada,"
    assert content(browser.get("/auth/me"))["user"] == {"id": 1, "email": ADA, "name": "Ada"}
    assert browser.post("/delete-everything").text == "Gone."


def test_a_wrong_password_is_explained(browser: Browser) -> None:
    """The form is shown again, with the sentence of the error."""
    reply = sign_in(browser, "wrong")
    assert reply.status_code == 401
    assert "do not match" in reply.text


def test_magic_will_do(browser: Browser) -> None:
    """A login of the host's own starts a session with its label."""
    assert browser.post("/sign-in-by-magic", data={"word": "open"}).status_code == 403
    assert browser.post("/sign-in-by-magic", data={"word": "sesame"}).status_code == 303
    assert content(browser.get("/auth/me"))["session"]["label"] == "By magic"


def test_signing_out_is_the_end(ada: Browser) -> None:
    """By the form, which no other site can send."""
    assert ada.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ada.get("/").status_code == 200
    ada.post("/sign-out")
    assert ada.get("/").status_code == 401


def test_a_page_continues_by_itself(ada: Browser) -> None:
    """Where the access cookie is gone, a navigation renews."""
    ada.delete_cookie("accessToken")
    assert ada.visit("/", follow_redirects=False).headers["Location"] == "/auth/continue?next=%2F"
    assert ada.visit("/").text == "Dear Ada,"


def test_a_new_device_is_told(browser: Browser, mails: list[tuple[str, str]]) -> None:
    """Once: a device of that name is known."""
    for client in (browser, Browser(browser.application)):
        sign_in(client)
    assert mails == [(ADA, "You are signed in on Werkzeug. Was it you?")]


def test_a_theft_is_told(ada: Browser, mails: list[tuple[str, str]]) -> None:
    """To the owner of the account."""
    thief = ada.thief()
    for _ in range(2):
        ada.post("/auth/refresh")
    assert refusal(thief.post("/auth/refresh")) == (401, "refresh_token_reused")
    (mail,) = [mail for mail in mails if mail[1].startswith("Somebody used a copy")]
    assert mail[0] == ADA


def test_a_mail_that_cannot_be_sent_keeps_nobody_out(
    page: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver of a signal that fails is logged."""
    monkeypatch.delattr(page, "send")
    assert sign_in(browser).status_code == 303


def test_a_deleted_user_is_gone(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button of the account deletes the row and signs out."""
    monkeypatch.setattr("app.auth.sessions.deletion.sleep", lambda _: None)
    assert ada.post("/delete-my-account").status_code == 303
    assert ada.get("/name-tag").text == "a stranger"
    assert sign_in(ada).status_code == 401


def test_a_sign_in_is_counted(browser: Browser) -> None:
    """For Prometheus, at the path of the page."""
    before = browser.get("/metrics").text
    sign_in(browser)
    assert browser.get("/metrics").text != before
    assert "ratchet_sign_ins_total" in before
