"""A secret that differs between workers: the doctor finds it, and the log tells of its first effect."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.support import ROOT
from tests.support.browser import Browser, access_token, bearer, refusal
from tests.support.clock import Clock
from tests.support.sites import MakeSite, let_in

SITE = """
import secrets
from app import create_app
app = create_app({{"SECRET_KEY": {secret}, "SQLALCHEMY_DATABASE_URI": "sqlite:///{folder}/site.sqlite"}})
"""
OTHER_SECRET = "another secret, as a worker that draws one has it"
FINDING = "SECRET_KEY changes each time the app is loaded"


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        pytest.param("secrets.token_hex(32)", True, id="drawn when the app is loaded"),
        pytest.param(repr("one and the same secret for every worker"), False, id="written down"),
    ],
)
def test_doctor_loads_the_app_again(tmp_path: Path, secret: str, *, found: bool) -> None:
    """The doctor compares its own secret with that of another process."""
    (tmp_path / "drawn.py").write_text(SITE.format(secret=secret, folder=tmp_path))
    command = [sys.executable, "-m", "flask", "--app", "drawn", "ratchet", "doctor"]
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "SQLite serves one host" in done.stdout or "lacks" in done.stdout, done.stderr
    assert (FINDING in done.stdout) == found


def test_first_foreign_cookie_is_logged_once(site: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """The warning names what it can be; a second one would only fill the log."""
    with caplog.at_level(logging.WARNING, "flask_ratchet"):
        for _ in range(3):
            reply = Browser(site, "made-by-somebody-else").refresh()
            assert refusal(reply) == (401, "refresh_token_invalid")
            assert "Set-Cookie" not in reply.headers
    (line,) = [record.getMessage() for record in caplog.records if "SECRET_KEY differs" in record.message]
    assert "RATCHET_COOKIE_NAME" in line
    assert "made-by-somebody-else" not in line


@pytest.mark.parametrize("way", ["refresh", "token", "bearer", "cookie and body"])
def test_first_foreign_token_is_logged_once(
    make_site: MakeSite, ada: str, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """A client that holds its tokens itself is signed out by another secret as well."""
    theirs, here = let_in(make_site(SECRET_KEY=OTHER_SECRET), ada), make_site()
    token, access = theirs.token, access_token(theirs)
    client = here.test_client(use_cookies=False)
    fields = {"grant_type": "refresh_token", "refresh_token": token}
    with caplog.at_level(logging.WARNING, "flask_ratchet"):
        for _ in range(3):
            if way == "bearer":
                assert client.get("/auth/me", headers=bearer(access)).status_code == 401
            elif way == "token":
                assert client.post("/auth/token", data=fields).status_code == 400
            else:
                held = let_in(here, ada).held if way == "cookie and body" else None
                browser = Browser(here, held)
                if held:
                    browser.sign_out()
                    browser.refresh_cookie = held
                assert browser.refresh(token).status_code == 401
    (line,) = [record.getMessage() for record in caplog.records if "SECRET_KEY differs" in record.message]
    assert line.startswith("A token was refused because no secret of this app signed it.")
    assert token not in line
    assert access not in line


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "api_key_of_the_host", ""])
def test_what_is_no_token_of_ratchet_is_not_logged(
    site: Flask, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    """A host may have bearers of its own, which say nothing of the secret."""
    client = site.test_client(use_cookies=False)
    with caplog.at_level(logging.WARNING, "flask_ratchet"):
        assert client.get("/auth/me", headers=bearer(token)).status_code == 401
        assert client.post("/auth/refresh", json={"refresh_token": token}).status_code == 401
    assert "SECRET_KEY differs" not in caplog.text


def test_tokens_of_our_own_are_not_logged(
    signed_in: Browser, site: Flask, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor one that has run out, of the other kind, or of a session that is over."""
    token, access = signed_in.token, access_token(signed_in)
    signed_in.sign_out()
    clock.advance(1000)
    client = site.test_client(use_cookies=False)
    with caplog.at_level(logging.WARNING, "flask_ratchet"):
        for one in (token, access):
            assert client.get("/auth/me", headers=bearer(one)).status_code == 401
            assert client.post("/auth/refresh", json={"refresh_token": one}).status_code == 401
    assert "SECRET_KEY differs" not in caplog.text


def test_refused_cookie_of_our_own_is_not_logged(
    signed_in: Browser, site: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that is over is no sign of another secret."""
    held = signed_in.held
    signed_in.sign_out()
    with caplog.at_level(logging.WARNING, "flask_ratchet"):
        assert refusal(Browser(site, held).refresh()) == (401, "refresh_token_invalid")
    assert "SECRET_KEY differs" not in caplog.text
