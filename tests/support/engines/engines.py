"""Debian's Chromium, Firefox and WebKit, each with a fresh profile and no window that anybody sees."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.options import BaseOptions
from selenium.webdriver.common.service import Service
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver

from tests.support.databases import missing
from tests.support.peers.insistent import await_that

from .marionette import Marionette

MINI_BROWSER = "webkit2gtk-4.*/MiniBrowser"
"""Where Debian has WebKit's own small browser, below the libraries of the machine's kind."""

START_SECONDS = 120
ANSWER_SECONDS = 10
"""WebKit's driver never answers a script whose page left for another process meanwhile."""

FIREFOX_SETTINGS = (
    'user_pref("marionette.port", 0);',  # a free one, which it writes down
    'user_pref("browser.startup.page", 0);',
    'user_pref("app.normandy.enabled", false);',  # asks Mozilla for studies to take part in
)


@contextmanager
def chromium_engine(folder: Path) -> Iterator[WebDriver]:
    """Chromium, driven by chromedriver."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "Chromium", "chromium")
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(argument)
    driver = program("chromedriver", "Chromium's driver", "chromium-driver")
    with driven(webdriver.ChromeService(driver), options) as chromium:
        yield chromium


@contextmanager
def firefox_engine(folder: Path) -> Iterator[WebDriver]:
    """Firefox, which needs no driver."""
    command = [program("firefox-esr", "Firefox", "firefox-esr"), "--headless", "--marionette", "--no-remote"]
    (folder / "user.js").write_text("\n".join(FIREFOX_SETTINGS))
    options = webdriver.FirefoxOptions()
    written = folder / "MarionetteActivePort"
    with running_program([*command, "--profile", str(folder)], folder):
        await_that(lambda: written.exists() and written.read_text() != "")
        with closing(Marionette(int(written.read_text()))) as marionette:
            yield browser_behind(marionette, options)


@contextmanager
def webkit_engine(folder: Path) -> Iterator[WebDriver]:
    """WebKitGTK's MiniBrowser, on a screen that is only in memory."""
    driver = program("WebKitWebDriver", "WebKit", "webkit2gtk-driver")
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(next(Path("/usr/lib").glob(f"*/{MINI_BROWSER}")))
    options.add_argument("--automation")
    with screen(folder) as display:
        environment = {**os.environ, "DISPLAY": display, "XDG_DATA_HOME": str(folder)}
        with driven(webdriver.WebKitGTKService(driver, env=environment), options) as webkit:
            yield webkit


Engine = Callable[[Path], AbstractContextManager[WebDriver]]

ENGINES: Mapping[str, Engine] = {
    "Chromium": chromium_engine,
    "Firefox": firefox_engine,
    "WebKitGTK": webkit_engine,
}
"""By the name of an engine, how to start it with a folder of its own."""


def program(name: str, what: str, package: str) -> str:
    """Where a program is; the test is skipped where it is missing."""
    path = shutil.which(name)
    if path is None:
        missing(what, f"install it with apt-get install {package}")
    return str(path)


@contextmanager
def screen(folder: Path) -> Iterator[str]:
    """The name of a display of its own, by Xvfb."""
    server = program("Xvfb", "A screen for WebKit", "xvfb")
    read, write = os.pipe()
    with running_program([server, "-displayfd", str(write), "-nolisten", "tcp"], folder, write):
        os.close(write)
        with os.fdopen(read) as number:
            yield f":{number.readline().strip()}"


@contextmanager
def running_program(command: list[str], folder: Path, *files: int) -> Iterator[None]:
    """A process that inherits these open files, until the block ends; what it prints is in the folder."""
    with (
        (folder / f"{Path(command[0]).name}.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, pass_fds=files) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def driven(service: Service, options: BaseOptions) -> Iterator[WebDriver]:
    """A browser behind a driver that speaks HTTP; both are gone when the block ends."""
    service.start()
    try:
        client = ClientConfig(service.service_url, timeout=START_SECONDS)
        browser = browser_behind(RemoteConnection(client_config=client), options)
        client.timeout = ANSWER_SECONDS
        try:
            yield browser
        finally:
            browser.quit()
    finally:
        service.stop()


def browser_behind(connection: RemoteConnection, options: BaseOptions) -> WebDriver:
    """A session of WebDriver by that connection; it waits for no page, and sends no file to this computer.

    WebKit's driver would wait for ever for a page that the back button leads to by way of a redirect.
    """
    options.accept_insecure_certs = True
    options.page_load_strategy = "none"
    return webdriver.Remote(connection, file_detector=UselessFileDetector(), options=options)
