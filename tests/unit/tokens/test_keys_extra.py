"""The extra flask-ratchet[keys]: a site without keys does without it, a site that lacks it is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

from ...support.samples import SECRET
from ..management.test_keys_command import generate

BOOT = """
import sys
if "without" in sys.argv:
    sys.modules["cryptography"] = None
from app import create_app
from app.auth.errors import TokenInvalid
from app.auth.tokens.jws import TokenSigner, derive_key
try:
    create_app({"SECRET_KEY": sys.argv[1], "RATCHET_JWT_KEYS": sys.argv[2] or None})
except ValueError as error:
    print(error)
signer = TokenSigner("at+jwt", [derive_key(sys.argv[1], "access token")], TokenInvalid)
print(signer.read(signer.sign({"sub": "7"})))
print([name for name in ("cryptography", "jwt") if sys.modules.get(name)])
"""

READ = "{'sub': '7'}"


@pytest.mark.parametrize(
    ("path", "packages", "printed"),
    [
        pytest.param("", "with", f"{READ}\n['cryptography', 'jwt']", id="PyJWT loads it where it is"),
        pytest.param("", "without", f"{READ}\n['jwt']", id="a site without keys does without it"),
        pytest.param(
            "access.pem",
            "without",
            f"RATCHET_JWT_KEYS: needs another package: pip install 'flask-ratchet[keys]'\n{READ}\n['jwt']",
            id="a site that asks for keys is told what to install",
        ),
    ],
)
def test_only_a_site_with_keys_needs_cryptography(
    path: str, packages: str, printed: str, tmp_path: Path
) -> None:
    """A site that signs with its secret starts, signs and reads, whether the package is installed or not."""
    url = f"sqlite:///{tmp_path}/site.sqlite"
    run = [sys.executable, "-c", BOOT, SECRET, path, packages]
    environment = {**os.environ, "DATABASE_URL": url}
    finished = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert finished.stdout.strip() == printed, finished.stderr


def test_without_cryptography_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where keys.py cannot be loaded, for want of what it loads, the extra is named."""
    monkeypatch.setitem(sys.modules, "app.auth.tokens.keys", None)
    monkeypatch.delattr("app.auth.tokens.keys")
    ran = generate()
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert "pip install 'flask-ratchet[keys]'" in ran.stderr
