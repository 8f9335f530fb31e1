"""A secret that differs between workers: the doctor finds it, and the log tells of its first effect."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.support import ROOT
from tests.support.browser import Browser, refusal

SITE = """
import secrets
from app import create_app
app = create_app({{"SECRET_KEY": {secret}, "SQLALCHEMY_DATABASE_URI": "sqlite:///{folder}/site.sqlite"}})
"""
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


def test_refused_cookie_of_our_own_is_not_logged(
    signed_in: Browser, site: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that is over is no sign of another secret."""
    held = signed_in.held
    signed_in.sign_out()
    with caplog.at_level(logging.WARNING, "flask_ratchet"):
        assert refusal(Browser(site, held).refresh()) == (401, "refresh_token_invalid")
    assert "SECRET_KEY differs" not in caplog.text
