"""The snippets of docs/clients.md in folders where the packages are that they import."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import ROOT
from tests.support.chromium.node import TRUSTING, installed, tool
from tests.support.product.documents import blocks_of

PAGE = ROOT / "docs" / "clients.md"
DRIVERS = Path(__file__).parent / "drivers"
SITE = "https://example.org"
"""The site on the page."""

SECONDS = 60

IN_PAGES = {
    "aurelia-authentication": "3.8.3",
    "aurelia-pal-browser": "1.8.1",
    "aurelia-polyfills": "1.3.4",
    "axios": "1.21.1",
    "axios-auth-refresh": "5.0.2",
    "ky": "2.1.0",
    "@urql/core": "6.0.3",
    "@urql/exchange-auth": "3.0.0",
}
IN_NODE = {
    "oauth4webapi": "3.8.8",
    "openid-client": "6.9.0",
    "jose": "6.2.18",
    "express": "5.3.0",
    "express-oauth2-jwt-bearer": "1.10.0",
}

GENERATORS = {
    "openapi-typescript": "7.13.0",
    "openapi-fetch": "0.17.0",
    "@hey-api/openapi-ts": "0.99.0",
    "orval": "8.38.0",
}
LINTERS = {"@redocly/cli": "2.77.0", "@stoplight/spectral-cli": "6.16.3"}


def snippet(role: str, base_url: str = SITE) -> str:
    """The snippet of the page with this role, which asks the site at ``base_url``."""
    (block,) = (block for block in blocks_of(PAGE) if block.role == role)
    return block.text.replace(SITE, base_url)


def names_of(role: str, base_url: str) -> dict[str, Any]:
    """What a Python snippet of the page defines."""
    names: dict[str, Any] = {}
    exec(snippet(role, base_url), names)  # noqa: S102  # our own page
    return names


def set_up(folder: Path, packages: Mapping[str, str], driver: str, text: str) -> Path:
    """Put a snippet and what drives it into a folder where Node finds these packages; the driver's path."""
    (folder / "node_modules").symlink_to(installed(packages))
    driving = folder / driver
    driving.write_text((DRIVERS / driver).read_text())
    (folder / f"snippet{driving.suffix}").write_text(text)
    return driving


def bundled(driver: Path) -> str:
    """A driver with everything that it imports, as one script for a page."""
    command = [str(tool("esbuild")), "--bundle", "--format=esm", str(driver)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS).stdout


def run_node(driver: Path, *arguments: str) -> str:
    """What a driver prints."""
    return run(["node", str(driver), *arguments], driver.parent)


def run(command: Sequence[str], folder: Path, **environment: str) -> str:
    """What a command prints; its complaints are in the error if it fails."""
    ran = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env=TRUSTING | os.environ | environment,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.strip()
