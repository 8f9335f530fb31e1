"""Clients that generators make from /auth/openapi.json, and linters that read it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.databases import missing

from ....support.chromium.node import installed, tool
from ....support.clients.workshop import GENERATORS, LINTERS, bundled, run, run_node, set_up, snippet
from ....support.peers.caller import Client

pytestmark = pytest.mark.long

STRICTLY = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext"]
IN_VENV = Path(sys.executable).parent
RULES = 'extends: ["spectral:oas"]\n'
IN_PYTHON = """
import sys
from ratchet_client import Client
from ratchet_client.api.default import refresh
from ratchet_client.models import Refresh

with Client(base_url=sys.argv[1]) as client:
    print(refresh.sync(client=client, body=Refresh(refresh_token=sys.argv[2])).access_token)
"""


@pytest.fixture
def folder(base_url: str, tmp_path: Path) -> Path:
    """A folder with the document of the site."""
    (tmp_path / "openapi.json").write_bytes(httpx.get(f"{base_url}/auth/openapi.json").content)
    return tmp_path


def generate(name: str, folder: Path) -> None:
    """Run the command of docs/clients.md that writes into the folder of this name."""
    (line,) = (line for line in snippet("generate").splitlines() if name in line.partition("-o")[2])
    program, *arguments = line.split()
    found = shutil.which(program, path=f"{IN_VENV}:/usr/bin:/usr/local/bin")
    assert found, program
    run([found, *arguments], folder)


@pytest.mark.parametrize("name", ["openapi-typescript", "hey-api", "orval", "openapi-generator"])
def test_a_generated_client_refreshes(name: str, base_url: str, tokens: dict[str, Any], folder: Path) -> None:
    """It compiles under the strict rules of TypeScript, a sign-in by e-mail address too, and refreshes."""
    if name == "openapi-generator" and shutil.which("java") is None:
        missing("Java", "install it with apt-get install default-jre-headless")
    driver = set_up(folder, GENERATORS, f"{name}.ts", "")
    generate(name, folder)
    run([str(tool("tsc")), *STRICTLY, "--moduleResolution", "bundler", "--types", "", str(driver)], folder)
    (folder / "bundled.mjs").write_text(bundled(driver))
    token = run_node(folder / "bundled.mjs", base_url, tokens["refresh_token"])
    assert Client(base_url).me(token).status == 200


def test_a_generated_python_client_refreshes(base_url: str, tokens: dict[str, Any], folder: Path) -> None:
    """openapi-python-client leaves nothing out, and what it makes refreshes."""
    generate("openapi-python-client", folder)
    command = [sys.executable, "-c", IN_PYTHON, base_url, tokens["refresh_token"]]
    token = run(command, folder, PYTHONPATH=str(folder / "openapi-python-client"))
    assert Client(base_url).me(token).status == 200


@pytest.mark.parametrize(
    "command",
    [["redocly", "lint", "openapi.json"], ["spectral", "lint", "openapi.json", "--ruleset", "rules.yaml"]],
    ids=["Redocly", "Spectral"],
)
def test_the_linters_find_no_error(command: list[str], folder: Path) -> None:
    """By their own rules; warnings are matters of taste, such as tags."""
    (folder / "rules.yaml").write_text(RULES)
    program, *arguments = command
    run([str(installed(LINTERS) / ".bin" / program), *arguments], folder, REDOCLY_TELEMETRY="off")
