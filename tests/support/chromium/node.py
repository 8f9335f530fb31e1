"""Two tools of the Node world, pinned, in a folder beside the other caches: esbuild and TypeScript."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.databases import missing

TOOLS = {"esbuild": "0.28.2", "typescript": "7.0.2"}
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ratchet-tests"
INSTALL_SECONDS = 120
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
TRUSTING = {"NODE_EXTRA_CA_CERTS": TRUSTED} if Path(TRUSTED).exists() else {}
"""Node has a list of its own of whom to trust; it is to trust whom the system trusts, too."""


def tool(name: str) -> Path:
    """The path of a program of one of the tools, installed where it is not there yet."""
    return installed(TOOLS) / ".bin" / name


def installed(packages: Mapping[str, str]) -> Path:
    """The folder of modules that has these packages, by version; installed where it is not there yet."""
    name = "-".join(f"{package}-{version}" for package, version in packages.items())
    folder = CACHE / name.replace("/", "_")
    demand_node()
    if not folder.exists():
        _install([f"{package}@{version}" for package, version in packages.items()], folder)
    return folder / "node_modules"


def demand_node() -> None:
    """Skip a test where Node is missing, also if what runs in it is there from an earlier time."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        missing("Node", "install it with apt-get install nodejs npm")


def _install(packages: Sequence[str], folder: Path) -> None:
    """Install in a draft of the folder: another test process may be at the same."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as draft:
        options = ["--prefix", f"{draft}/tools", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(
            ["npm", "install", *options, *packages],
            check=True,
            timeout=INSTALL_SECONDS,
            env=TRUSTING | os.environ,
        )
        with suppress(OSError):  # the other one was faster
            Path(draft, "tools").rename(folder)
