"""flask ratchet keys generate: a new key, in a file or on standard output, and how to go on with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app.auth.management.cli import commands
from app.auth.tokens import keys
from app.auth.tokens.jws import ASYMMETRIC_ALGORITHMS, JWKS_MAX_AGE
from tests.support import ROOT

from ...support.samples import load_settings


def generate(*options: str) -> Result:
    """Run the command in an app that has nothing but the commands."""
    app = Flask(__name__)
    app.cli.add_command(commands)
    return app.test_cli_runner().invoke(args=["ratchet", "keys", "generate", *options])


@pytest.mark.parametrize("algorithm", ASYMMETRIC_ALGORITHMS)
def test_a_site_starts_with_the_new_file(algorithm: str, tmp_path: Path) -> None:
    """The file is what RATCHET_JWT_KEYS takes, only its owner can read it, and the command says its name."""
    path = tmp_path / "access.pem"
    ran = generate("--algorithm", algorithm, "--out", str(path))
    (key,) = load_settings(RATCHET_JWT_KEYS=path).jwt_keys
    assert (ran.exit_code, key.algorithm) == (0, algorithm)
    assert ran.stdout.startswith(f"The key is called {key.kid}.\n")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_command_says_how_to_rotate(tmp_path: Path) -> None:
    """Last, then first, then as the only key; with the time that other services need in between."""
    ran = generate("--out", str(tmp_path / "access.pem"))
    assert f"last in RATCHET_JWT_KEYS, and wait {JWKS_MAX_AGE} seconds" in ran.stdout
    assert ran.stdout.index("1. Put it last") < ran.stdout.index("2. Put it first") < ran.stdout.index("3.")


def test_the_page_on_keys_waits_as_long_as_the_command_says() -> None:
    """The seconds in docs/keys.md, in its steps and in its example, are those of the published set."""
    page = (ROOT / "docs" / "keys.md").read_text()
    assert set(re.findall(r"(\d+) seconds|lifespan=(\d+)", page)) == {
        (str(JWKS_MAX_AGE), ""),
        ("", str(JWKS_MAX_AGE)),
    }


def test_without_a_file_the_key_is_all_of_standard_output() -> None:
    """So that it can be piped to where secrets are kept; what is for people goes to standard error."""
    ran = generate()
    key = keys.parse(ran.stdout_bytes)
    assert key.pem() == ran.stdout_bytes
    assert key.algorithm == "EdDSA"
    assert f"The key is called {key.kid}." in ran.stderr


def test_two_keys_are_never_the_same() -> None:
    """Each is drawn anew."""
    assert generate().stdout != generate().stdout


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param("taken.pem", "already exists and is not changed", id="a file that is there"),
        pytest.param("none/a.pem", "cannot be written: No such file or directory", id="a folder that is not"),
        pytest.param("taken.pem/a.pem", "cannot be written: Not a directory", id="a file for a folder"),
    ],
)
def test_a_file_that_cannot_be_made_is_refused(name: str, complaint: str, tmp_path: Path) -> None:
    """With a sentence and a status for scripts, and nothing is overwritten."""
    taken = tmp_path / "taken.pem"
    taken.write_text("precious")
    ran = generate("--out", str(tmp_path / name))
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert f"{tmp_path / name} {complaint}." in ran.stderr
    assert taken.read_text() == "precious"


def test_an_unknown_algorithm_is_refused() -> None:
    """The ones there are stand in the message."""
    ran = generate("--algorithm", "HS256")
    assert ran.exit_code == 2
    assert all(algorithm in ran.stderr for algorithm in ASYMMETRIC_ALGORITHMS)
