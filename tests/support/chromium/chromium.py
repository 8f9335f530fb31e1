"""Debian's Chromium, as it is: Playwright's own defaults, which call every tab visible, are left off."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, sync_playwright

from tests.support.databases import missing

PROGRAM = "chromium"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP shop.test 127.0.0.1, MAP example.org 127.0.0.1, MAP portal.example 127.0.0.1",
)
START_SECONDS = 30


@contextmanager
def chromium(folder: Path, *further: str) -> Iterator[BrowserContext]:
    """A running Chromium with a profile in ``folder``: its one context, with an empty tab.

    ``further`` are arguments beside ours.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        missing("Chromium", "install it with apt-get install chromium")
    command = [str(program), *ARGUMENTS, *further, f"--user-data-dir={folder}", "about:blank"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
        sync_playwright() as playwright,
    ):
        try:
            address = f"http://127.0.0.1:{_debugging_port(folder)}"
            browser = playwright.chromium.connect_over_cdp(address, no_defaults=True)
            yield browser.contexts[0]
            browser.close()
        finally:
            process.terminate()
    (folder / "DevToolsActivePort").unlink(missing_ok=True)  # the next one with this profile writes its own


class Targets:
    """What Chromium shows, asked of Chromium itself."""

    def __init__(self, context: BrowserContext) -> None:
        assert context.browser is not None
        self._session = context.browser.new_browser_cdp_session()

    @property
    def tabs(self) -> set[str]:
        """The ids of all tabs."""
        targets = self._session.send("Target.getTargets")["targetInfos"]
        return {target["targetId"] for target in targets if target["type"] == "page"}

    def open_window(self) -> None:
        """Open a window with an empty tab in it."""
        self._session.send("Target.createTarget", {"url": "about:blank", "newWindow": True})

    def close_all_but(self, kept: set[str]) -> bool:
        """Close the other tabs; whether they are gone. A tab that is reloading has to be told twice."""
        others = self.tabs - kept
        for tab in others:
            with suppress(Error):  # it is gone already
                self._session.send("Target.closeTarget", {"targetId": tab})
        return not others


def _debugging_port(folder: Path) -> int:
    """The port that Chromium chose and wrote down."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        written = folder / "DevToolsActivePort"
        if written.exists() and (lines := written.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.02)
    raise TimeoutError((folder / "log").read_text())
