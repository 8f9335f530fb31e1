"""Sentences in the language of the visitor, from a mapping or from Flask-Babel."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from flask import Flask, request
from flask_babel import Babel, get_locale, gettext  # type: ignore[import-untyped]  # has no types

from app.auth import CrossOrigin, InvalidRequest, RatchetError, TooManyAttempts
from app.auth.sentences import Sentences
from tests.support.browser import Browser, content
from tests.support.hosts.strangers import MakeStranger, Stranger

GERMAN = {
    "language": "de",
    "invalid_credentials": "Name und Passwort passen nicht zusammen.",
    "too_many_attempts": "Zu viele Versuche. Der nächste ist in {minutes} Minuten möglich.",
    "token_missing": "Dafür müssen Sie angemeldet sein.",
    "cross_origin": "Das hat {nobody} gesendet.",
    "signed_out": "Sie sind abgemeldet.",
}
PAGES = {
    "Sign in": "Anmelden",
    "Password": "Passwort",
    "Keep me signed in on this device": "Angemeldet bleiben",
}
NAVIGATION = {"Accept-Language": "de", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
WRONG = {"email": "grace@example.org", "password": "not it"}


def by_code(code: str, sentence: str) -> str:
    """As a host would, from a mapping, where the visitor reads German rather than English."""
    german = request.accept_languages.best_match(["en", "de"]) == "de"
    return PAGES.get(sentence) or GERMAN.get(code, sentence) if german else sentence


def speak(browser: Browser, language: str | None) -> Any:
    """The reply to a wrong password, for somebody who reads that language."""
    headers = {"Accept-Language": language} if language else {}
    return browser.client.post("/auth/login", json=WRONG, headers=headers)


@pytest.fixture
def stranger(make_stranger: MakeStranger) -> Stranger:
    """A host with a mapping, and somebody who can sign in."""
    stranger = make_stranger(translate=by_code)
    stranger.add_user()
    return stranger


@pytest.mark.parametrize(
    ("language", "said", "tag"),
    [
        ("de-CH, de;q=0.9, en;q=0.5", GERMAN["invalid_credentials"], "de"),
        ("en, de;q=0.5", "That name and password do not match.", "en"),
        (None, "That name and password do not match.", "en"),
    ],
)
def test_an_error_speaks_the_language_of_the_visitor(
    stranger: Stranger, language: str | None, said: str, tag: str
) -> None:
    """The code stays; the headers say which language it is and that another visitor gets another one."""
    reply = speak(Browser(stranger.app), language)
    assert content(reply) == {"error": "invalid_credentials", "error_description": said}
    assert reply.headers["Content-Language"] == tag
    assert "Accept-Language" in reply.vary


def test_a_refusal_of_the_guard_speaks_it_too(stranger: Stranger) -> None:
    """A view of the host is refused in German; the challenge, which is for programs, stays as it is."""
    reply = Browser(stranger.app).client.get("/private", headers={"Accept-Language": "de"})
    assert content(reply)["error_description"] == GERMAN["token_missing"]
    assert "Sign in to see this." in reply.headers["WWW-Authenticate"]


def test_values_are_put_into_the_translation(stranger: Stranger) -> None:
    """Each ``{…}`` of the English sentence is there for the translation; what has none stays English."""
    with stranger.app.test_request_context(headers={"Accept-Language": "de"}):
        wait = stranger.ratchet.describe(TooManyAttempts(retry_after=601))
        untold = stranger.ratchet.describe(InvalidRequest("{name} is missing.", name="label"))
    assert wait == "Zu viele Versuche. Der nächste ist in 11 Minuten möglich."
    assert untold == "label is missing."


def test_a_faulty_translation_stays_english(stranger: Stranger, caplog: pytest.LogCaptureFixture) -> None:
    """One that wants a value that is not there is logged, and the visitor reads English."""
    with stranger.app.test_request_context(headers={"Accept-Language": "de"}):
        told = stranger.ratchet.describe(CrossOrigin("{site} has sent this.", site="evil.example"))
    assert told == "evil.example has sent this."
    assert "translate failed for '{site} has sent this.'" in caplog.text


@pytest.mark.parametrize("told", ["{minutes}", "{name.__class__}", "{name[0]}", "{}", "{", "", None])
@pytest.mark.parametrize("problem", [TooManyAttempts(), InvalidRequest("{name} is missing.", name="label")])
def test_a_translation_shows_no_more_than_the_sentence(told: Any, problem: RatchetError) -> None:
    """No name that another sentence of its code has, and nothing of a value but its text."""
    assert Sentences(lambda _code, _sentence: told).describe(problem) == problem.description


def test_the_sign_in_page_is_translated(stranger: Stranger) -> None:
    """Its fields, its reason and the language that it names to screen readers and search engines."""
    browser = Browser(stranger.app)
    page = browser.client.get("/auth/sign-in?reason=signed_out", headers=NAVIGATION)
    assert all(german in page.text for german in (*PAGES.values(), GERMAN["signed_out"]))
    assert '<html lang="de">' in page.text
    assert page.headers["Content-Language"] == "de"
    assert "Accept-Language" in page.vary
    assert '<html lang="en">' in browser.client.get("/auth/sign-in").text


def test_an_error_on_the_sign_in_page_is_translated(stranger: Stranger) -> None:
    """A wrong password is told in the language of the form around it."""
    form = {"identifier": "grace@example.org", "password": "not it"}
    page = Browser(stranger.app).client.post("/auth/sign-in", data=form, headers=NAVIGATION)
    assert page.status_code == 401
    assert GERMAN["invalid_credentials"] in page.text


def test_without_translate_nothing_is_added(make_stranger: MakeStranger) -> None:
    """English for everybody, and no header about it."""
    stranger = make_stranger()
    reply = speak(Browser(stranger.app), "de")
    assert content(reply)["error_description"] == "That name and password do not match."
    assert "Content-Language" not in reply.headers
    assert "Accept-Language" not in reply.vary


def test_flask_babel_translates(make_stranger: MakeStranger, tmp_path: Path) -> None:
    """``gettext`` with the English sentence as its message does, and its own locale is the language."""
    catalog = Catalog(locale="de")
    catalog.add("That name and password do not match.", GERMAN["invalid_credentials"])
    compiled = tmp_path / "de" / "LC_MESSAGES" / "messages.mo"
    compiled.parent.mkdir(parents=True)
    written = BytesIO()
    write_mo(written, catalog)
    compiled.write_bytes(written.getvalue())

    def prepare(app: Flask) -> None:
        app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(tmp_path)
        Babel(app, locale_selector=lambda: request.accept_languages.best_match(["en", "de"]))

    def by_babel(code: str, sentence: str) -> str:
        return str(get_locale()) if code == "language" else gettext(sentence)

    browser = Browser(make_stranger(prepare=prepare, translate=by_babel).app)
    reply = speak(browser, "de")
    assert content(reply)["error_description"] == GERMAN["invalid_credentials"]
    assert reply.headers["Content-Language"] == "de"
    assert speak(browser, "en").headers["Content-Language"] == "en"
