"""axe-core, pinned, in a folder beside the other caches: what makes a page hard to use for somebody."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from playwright.sync_api import Frame

from tests.databases import missing
from tests.e2e.client.node import CACHE, INSTALL_SECONDS, TRUSTING

PACKAGE = "axe-core@4.14.1"


def flaws(frame: Frame, but: str | None = None) -> list[str]:
    """What axe-core says against the page, ``but`` for one rule: the rule, and where it is broken."""
    frame.evaluate(_source())
    rules = {but: {"enabled": False}} if but else {}
    found = frame.evaluate("rules => axe.run({ rules })", rules)
    return [f"{flaw['id']}: {flaw['nodes'][0]['html']}" for flaw in found["violations"]]


@cache
def _source() -> str:
    folder = CACHE / PACKAGE
    if not folder.exists():
        _install(folder)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def _install(folder: Path) -> None:
    """Install in a draft of the folder: another test process may be at the same."""
    npm = shutil.which("npm")
    if npm is None:
        missing("Node", "install it with apt-get install nodejs npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as draft:
        options = ["--prefix", f"{draft}/tools", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(
            [str(npm), "install", *options, PACKAGE],
            check=True,
            timeout=INSTALL_SECONDS,
            env=TRUSTING | os.environ,
        )
        with suppress(OSError):  # the other one was faster
            Path(draft, "tools").rename(folder)
