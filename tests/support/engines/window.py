"""Somebody with windows of one engine in front of the house, at a host name that no other test has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from selenium.common.exceptions import (
    ElementNotInteractableException,
    NoSuchElementException,
    WebDriverException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from urllib3.exceptions import HTTPError

from tests.support.browser import PASSWORD
from tests.support.chromium.tabs import REFRESH, eventually
from tests.support.chromium.wire import Wire

WAIT_SECONDS = 40
"""Long enough that a script whose answer is lost is asked again."""


class EngineBrowser:
    """The cookies, windows and requests of one origin, such as ``https://ada1.localhost:4711``."""

    def __init__(self, driver: WebDriver, wire: Wire, host: str, port: int) -> None:
        self.driver, self.wire, self._host = driver, wire, f"host: {host}".encode()
        self.origin = f"https://{host}:{port}"
        self._kept = driver.current_window_handle

    def window(self, path: str) -> Window:
        """A new window on a page of the house."""
        self.driver.switch_to.new_window("window")
        window = Window(self.driver, self.driver.current_window_handle, self.origin)
        window.open(path)
        return window

    def enter(self, name: str) -> Window:
        """A new window in which somebody has signed in; it shows a page without script."""
        window = self.window("/sign-in?next=/panel")
        window.sign_in(name)
        window.until_shown("inside")
        return window

    def asked(self, request: str) -> list[bytes]:
        """The heads of the requests of that name that came from here."""
        return [asked.head for asked in self.wire.asked(request) if self._host in asked.head.lower()]

    @property
    def refreshes(self) -> int:
        """How many refreshes were asked for."""
        return len(self.asked(REFRESH))

    def close(self) -> None:
        """Close all windows of the test."""
        for handle in self.driver.window_handles:
            if handle != self._kept:
                self.driver.switch_to.window(handle)
                self.driver.close()
        self.driver.switch_to.window(self._kept)


class Window:
    """A window; every command is given to it, whichever window had the one before."""

    def __init__(self, driver: WebDriver, handle: str, origin: str) -> None:
        self._driver, self._handle, self.origin = driver, handle, origin

    def open(self, path: str, origin: str | None = None) -> None:
        """Type an address of the house, and wait until its page is there."""
        self.says("window.left = true")
        self._here.get(f"{origin or self.origin}{path}")
        self.until("!window.left && location.host && document.readyState === 'complete'")

    def says(self, script: str) -> Any:
        """What an expression says in the page; None while another page takes its place."""
        with suppress(WebDriverException, HTTPError):
            return self._here.execute_script(f"return {script}")
        return None

    def stop_timers(self) -> None:
        """Let nothing happen in the page any more that only waits for its time."""
        self.says("[...Array(9999).keys()].forEach(clearTimeout)")

    def fill(self, field: str, text: str) -> None:
        """Type into the field of that id or name, or choose the file of that path for it."""
        self._with(By.CSS_SELECTOR, f"#{field}, [name={field}]", lambda element: element.send_keys(text))

    def press(self, words: str) -> None:
        """Press the first button that says that."""
        self._with(By.XPATH, f"//button[normalize-space()='{words}']", WebElement.click)

    def sign_in(self, name: str) -> None:
        """Fill in the form that is shown, and send it."""
        self.fill("identifier", name)
        self.fill("password", PASSWORD)
        self.press("Sign in")

    def sign_out_and_go_back(self) -> None:
        """Sign out on the account page, press the back button, and wait for the page that is shown then."""
        self.press("Sign out")
        self.until_at("/sign-in?reason=signed_out")
        self._here.back()
        self.until("document.readyState === 'complete' && !location.search.includes('reason')")
        self.until_shown("Keep me signed in")

    def cookie(self, name: str, path: str) -> str:
        """A cookie that is sent to that path, where the window goes for it."""
        self.open(path)
        return next(str(cookie["value"]) for cookie in self._here.get_cookies() if cookie["name"] == name)

    def until(self, script: str) -> None:
        """Wait until that is true in the page, also while another page takes its place."""
        eventually(lambda: self.says(script), WAIT_SECONDS)

    def until_at(self, path: str) -> None:
        """Wait until a page whose address begins like this is shown."""
        self.until(f"(location.pathname + location.search).startsWith('{path}')")

    def until_shown(self, text: str) -> None:
        """Wait until one can read that on the page."""
        eventually(lambda: text in self.text, WAIT_SECONDS)

    @property
    def text(self) -> str:
        """What one can read on the page."""
        return str(self.says("document.body.innerText") or "")

    @property
    def path(self) -> str:
        """The path of the page, with its query."""
        return str(self.says("location.pathname + location.search") or "")

    @property
    def _here(self) -> WebDriver:
        self._driver.switch_to.window(self._handle)
        return self._driver

    def _with(self, by: str, which: str, act: Callable[[WebElement], None]) -> None:
        """Do something with an element, as soon as it can be used."""
        eventually(lambda: self._has_done(by, which, act), WAIT_SECONDS)

    def _has_done(self, by: str, which: str, act: Callable[[WebElement], None]) -> bool:
        with suppress(NoSuchElementException, ElementNotInteractableException):
            act(self._here.find_element(by, which))
            return True
        return False
