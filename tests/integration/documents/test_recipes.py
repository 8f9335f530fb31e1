"""The recipes of docs/recipes.md and the roles of docs/embedding.md: they work, once, and for nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from docs.generator import DOCS
from tests.support.browser import NEW_PASSWORD, PASSWORD, refusal
from tests.support.product.documents import module_of
from tests.support.samples import SECRET
from tests.support.sites import HASH

SHOP = "https://shop.example"
ADA = "ada@example.org"
TOTP = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
LINKS = ["/link", "/forgotten"]

Load = Callable[..., Any]


class Shop:
    """The app of the recipes, a browser in front of it, and the mails that it has sent."""

    def __init__(self, module: Any) -> None:
        self.module, self.mails = module, list[str]()
        module.send = lambda _address, text: self.mails.append(text)
        self.browser: FlaskClient = module.app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET, at the host of the site."""
        return self.browser.get(path, base_url=SHOP, **options)

    def post(self, path: str, form: dict[str, str] | None = None, **options: Any) -> TestResponse:
        """POST a form, at the host of the site."""
        return self.browser.post(path, base_url=SHOP, data=form or {}, **options)

    def sign_in(self, password: str = PASSWORD) -> TestResponse:
        """The first form."""
        return self.post("/sign-in?next=/diary", {"email": ADA, "password": password})

    def mailed(self, path: str) -> str:
        """The path of the link that is mailed on request."""
        assert self.post(path, {"email": ADA}).status_code == 200
        link = self.mails[-1]
        assert link.startswith(SHOP)
        return link.removeprefix(SHOP)

    def change(self, **columns: Any) -> None:
        """Write the row."""
        module = self.module
        with module.app.app_context():
            module.db.session.execute(module.db.update(module.User).values(columns))
            module.db.session.commit()

    def is_signed_in(self) -> bool:
        """Whether the browser holds a session."""
        return self.get("/auth/me").status_code == 200


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Load the file that the blocks of a page make, with a database and one user."""
    monkeypatch.setenv("FLASK_SECRET_KEY", SECRET)
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path / 'shop.sqlite'}")
    monkeypatch.setenv("FLASK_RATCHET_BCRYPT_ROUNDS", "10")
    loaded: list[Any] = []

    def load(page: str, role: str, **user: Any) -> Any:
        module = module_of(DOCS / page, role)
        loaded.append(module)
        with module.app.app_context():
            module.db.create_all()
            module.db.session.add(module.User(email=ADA, password_hash=HASH, **user))
            module.db.session.commit()
        return module

    yield load
    for module in loaded:
        with module.app.app_context():
            module.db.engine.dispose()


@pytest.fixture
def shop(load: Load) -> Shop:
    """The app of docs/recipes.md."""
    return Shop(load("recipes.md", "app.py"))


@pytest.fixture
def careful(shop: Shop) -> Shop:
    """The same, where ada has a second factor."""
    shop.change(totp_secret=TOTP.secret)
    return shop


def pending(reply: TestResponse) -> str:
    """The token in the form that asks for the code."""
    assert reply.status_code == 200, reply.text
    return reply.text.partition('name="pending" type="hidden" value="')[2].partition('"')[0]


def right_code() -> str:
    """The code of this half minute."""
    return TOTP.generate_otp(int(time.time()) // 30)


def wrong_code() -> str:
    """A code of no half minute near this one."""
    near = {TOTP.generate_otp(int(time.time()) // 30 + step) for step in range(-3, 4)}
    return next(code for code in map("{:06}".format, range(10)) if code not in near)


def test_without_a_second_factor_the_password_is_enough(shop: Shop) -> None:
    """And leads to the page that was asked for."""
    assert shop.get("/sign-in").status_code == 200
    assert "do not match" in shop.sign_in("wrong").text
    assert shop.sign_in().location == "/diary"
    assert shop.is_signed_in()


def test_a_second_factor_is_asked_for_and_needed(careful: Shop) -> None:
    """The password by itself opens no session, by the form or by the route of Ratchet."""
    token = pending(careful.sign_in())
    assert not careful.is_signed_in()
    reply = careful.browser.post("/auth/login", base_url=SHOP, json={"email": ADA, "password": PASSWORD})
    assert refusal(reply) == (400, "invalid_request")
    form = {"pending": token, "code": right_code()}
    assert careful.post("/sign-in/code?next=/diary", form).location == "/diary"
    assert careful.is_signed_in()


def test_a_code_counts_once(careful: Shop) -> None:
    """Who has seen it typed comes too late, with a password of their own, too."""
    form = {"pending": pending(careful.sign_in()), "code": right_code()}
    assert careful.post("/sign-in/code", form).status_code == 303
    thief = Shop(careful.module)
    assert thief.post("/sign-in/code", form | {"pending": pending(thief.sign_in())}).status_code == 401
    assert not thief.is_signed_in()


@pytest.mark.parametrize("code", ["", "\u0664\u0664", "0" * 7])
def test_a_wrong_code_is_told(careful: Shop, code: str) -> None:
    """The form comes again, and takes the right one."""
    form = {"pending": pending(careful.sign_in()), "code": code}
    reply = careful.post("/sign-in/code", form)
    assert reply.status_code == 401
    assert "That is not it." in reply.text
    assert not careful.is_signed_in()


def test_codes_cannot_be_guessed(careful: Shop) -> None:
    """Five in a quarter of an hour, however often the password is given; then the right one is too late."""
    for _ in range(5):
        form = {"pending": pending(careful.sign_in()), "code": wrong_code()}
        assert careful.post("/sign-in/code", form).status_code == 401
    form = {"pending": pending(careful.sign_in()), "code": right_code()}
    assert careful.post("/sign-in/code", form).status_code == 429
    assert not careful.is_signed_in()


@pytest.mark.parametrize("change", [{"password_hash": "another"}, {"email": "eve@example.org"}])
def test_a_first_step_of_before_a_change_is_void(careful: Shop, change: dict[str, str]) -> None:
    """A password that was changed meanwhile is not the one that was checked."""
    token = pending(careful.sign_in())
    careful.change(**change)
    assert careful.post("/sign-in/code", {"pending": token, "code": right_code()}).status_code == 404


def test_a_link_signs_in_once(shop: Shop) -> None:
    """By its button: opening it, as a program that looks through mail does, changes nothing."""
    link = shop.mailed("/link")
    for _ in range(2):
        assert f"Sign in as {ADA}" in shop.get(link).text
    assert not shop.is_signed_in()
    assert shop.post(link).status_code == 303
    assert shop.is_signed_in()
    assert Shop(shop.module).post(link).status_code == 404


def test_a_look_at_a_link_changes_nothing(shop: Shop) -> None:
    """Programs that look through mail send HEAD, too: that is no press of the button."""
    shop.change(confirmed=False)
    with shop.module.app.test_request_context(base_url=SHOP):
        shop.module.ask_to_confirm(shop.module.find(ADA))
    assert shop.browser.head(shop.mails[-1]).status_code == 200
    assert shop.sign_in().status_code == 403
    shop.change(confirmed=True)
    for path in LINKS:
        assert shop.browser.head(shop.mailed(path), base_url=SHOP).status_code == 200
        assert not shop.is_signed_in()
    assert shop.post(shop.mailed("/link")).status_code == 303


def test_a_link_does_not_walk_around_the_second_factor(careful: Shop) -> None:
    """It is another first step."""
    token = pending(careful.post(careful.mailed("/link")))
    assert not careful.is_signed_in()
    assert careful.post("/sign-in/code", {"pending": token, "code": right_code()}).status_code == 303


def test_a_new_link_makes_the_one_before_worthless(shop: Shop) -> None:
    """At most one is good at a time."""
    before, link = shop.mailed("/link"), shop.mailed("/link")
    assert shop.post(before).status_code == 404
    assert shop.post(link).status_code == 303


def test_a_forgotten_password_is_replaced_once(shop: Shop) -> None:
    """Every session ends; a refused new password leaves the link good."""
    assert shop.sign_in().status_code == 303
    link = shop.mailed("/forgotten")
    assert "new-password" in shop.get(link).text
    assert shop.post(link, {"password": "short"}).status_code == 400
    assert shop.post(link, {"password": NEW_PASSWORD}).status_code == 303
    assert shop.post(link, {"password": "the thief's battery staple"}).status_code == 404
    assert not shop.is_signed_in()
    assert shop.sign_in().status_code == 401
    assert shop.sign_in(NEW_PASSWORD).status_code == 303


def test_a_new_password_needs_the_second_factor_all_the_same(careful: Shop) -> None:
    """Who reads the mail of a user is not in."""
    careful.post(careful.mailed("/forgotten"), {"password": NEW_PASSWORD})
    assert pending(careful.sign_in(NEW_PASSWORD))
    assert not careful.is_signed_in()


def test_an_address_is_confirmed_by_its_link(shop: Shop) -> None:
    """Until then nobody signs in; a link that was mailed to another address confirms nothing."""
    shop.change(confirmed=False)
    assert shop.sign_in().status_code == 403
    with shop.module.app.test_request_context(base_url=SHOP):
        shop.module.ask_to_confirm(shop.module.find(ADA))
    link = shop.mails[-1].removeprefix(SHOP)
    shop.change(email="eve@example.org")
    assert shop.post(link).status_code == 404
    shop.change(email=ADA)
    assert "is my address" in shop.get(link).text
    assert shop.sign_in().status_code == 403
    assert shop.post(link).status_code == 303
    assert shop.sign_in().status_code == 303
    assert shop.post(link).status_code == 404


@pytest.mark.parametrize("path", LINKS)
def test_nobody_learns_who_has_an_account(shop: Shop, path: str) -> None:
    """The answer is the same, and so it is after too many mails."""
    answers = {shop.post(path, {"email": email}).text for email in (ADA, "nobody@example.org")}
    assert len(answers) == 1
    assert len(shop.mails) == 1
    for _ in range(5):
        answers.add(shop.post(path, {"email": ADA}).text)
    assert (len(answers), len(shop.mails)) == (1, 3)


@pytest.mark.parametrize("path", LINKS)
@pytest.mark.parametrize("spoil", [lambda link: f"{link}x", lambda link: link.replace(".", "x", 1)])
def test_a_link_that_was_not_mailed_is_none(shop: Shop, path: str, spoil: Callable[[str], str]) -> None:
    """Whatever was changed in it."""
    assert shop.get(spoil(shop.mailed(path))).status_code == 404


@pytest.mark.parametrize(("path", "seconds"), [("/link", 900), ("/forgotten", 3600)])
def test_a_link_expires(shop: Shop, path: str, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that the page names."""
    link, now = shop.mailed(path), time.time()
    for late, status in ((0, 200), (seconds + 2, 404)):
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda late=late: now + late)
        assert shop.get(link).status_code == status


def test_a_token_serves_one_purpose(careful: Shop) -> None:
    """A link for a new password is no first step, and a first step is no link."""
    token = pending(careful.sign_in())
    for path in ("/link", "/reset", "/confirm"):
        assert careful.get(f"{path}/{token}").status_code == 404
    reset = careful.mailed("/forgotten").rpartition("/")[2]
    assert careful.post("/sign-in/code", {"pending": reset, "code": right_code()}).status_code == 404


@pytest.mark.parametrize("path", [*LINKS, "/sign-in", "/sign-in/code"])
def test_no_other_site_posts_a_form(shop: Shop, path: str) -> None:
    """None of the forms does anything then."""
    form = {"email": ADA, "password": PASSWORD, "pending": "x", "code": "x"}
    assert shop.post(path, form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert shop.mails == []


@pytest.mark.parametrize("path", LINKS)
@pytest.mark.parametrize("host", ["https://evil.example", f"{SHOP}:8443", "http://shop.example"])
def test_a_mailed_link_leads_to_the_site(shop: Shop, path: str, host: str) -> None:
    """And to no other host or port, whatever the Host header of the request was."""
    assert shop.browser.post(path, base_url=host, data={"email": ADA}).status_code == 200
    assert [mail.startswith(f"{SHOP}/") for mail in shop.mails] == [True]


def test_roles_of_the_page_let_editors_in(load: Load) -> None:
    """By the claim of the token; a new role counts from the next renewal."""
    module = load("embedding.md", "roles.py")
    shop = Shop(module)

    def set_role(role: str) -> None:
        shop.change(role=role, closed=False)

    def sign_in() -> TestResponse:
        return shop.browser.post("/auth/login", base_url=SHOP, json={"email": ADA, "password": PASSWORD})

    assert sign_in().status_code == 200
    assert refusal(shop.get("/articles")) == (403, "insufficient_scope")
    set_role("editor")
    assert shop.get("/articles").status_code == 403
    assert shop.browser.post("/auth/refresh", base_url=SHOP).status_code == 200
    assert shop.get("/articles").text == "Only for editors."
    shop.change(closed=True)
    assert refusal(shop.browser.post("/auth/refresh", base_url=SHOP)) == (403, "shop_closed")
    assert refusal(sign_in()) == (403, "shop_closed")
    set_role("reader")
    assert shop.browser.post("/auth/refresh", base_url=SHOP).status_code == 200
    assert shop.get("/articles").status_code == 403


def test_options_of_the_page_hide_rows_and_load_teams(load: Load) -> None:
    """Of a deleted user and of another tenant; the team comes in the SELECT of the user."""
    module = load("embedding.md", "hidden.py", tenant="shop.example")
    shop, sent = Shop(module), list[str]()
    with module.app.app_context():
        module.db.session.add(module.Team(id=7, name="Blue"))
        module.db.session.commit()
        listen = partial(event.listen, module.db.engine, "before_cursor_execute")
    shop.change(team_id=7)
    module.app.add_url_rule("/team", view_func=module.ratchet.required(lambda: team(sent, module)))
    form = {"email": ADA, "password": PASSWORD}
    for host, status in (("https://north.example", 401), (SHOP, 200)):
        assert shop.browser.post("/auth/login", base_url=host, json=form).status_code == status
    listen(lambda _connection, _cursor, statement, *_: sent.append(statement))
    assert shop.get("/team").text == "Blue"
    assert len(sent) == 1
    shop.change(deleted=True)
    assert shop.get("/team").status_code == 401
    assert shop.browser.post("/auth/refresh", base_url=SHOP).status_code == 401


def team(sent: list[str], module: Any) -> str:
    """The name of the team; what was sent before the view counts for nothing."""
    sent.clear()
    return str(module.ratchet.current_user.team.name)
