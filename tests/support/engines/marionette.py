"""Marionette, Firefox's own door for a driver: the commands of WebDriver as JSON on a socket.

https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html. geckodriver puts HTTP before it, and
Debian has no package of geckodriver.
"""

from __future__ import annotations

import json
import socket
from http import HTTPStatus
from itertools import count
from typing import Any

from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.remote_connection import RemoteConnection

ANSWER_SECONDS = 60
COMMANDS = {
    Command.NEW_SESSION: "NewSession",
    Command.SET_TIMEOUTS: "SetTimeouts",
    Command.GET: "Navigate",
    Command.GO_BACK: "Back",
    Command.W3C_EXECUTE_SCRIPT: "ExecuteScript",
    Command.FIND_ELEMENT: "FindElement",
    Command.CLICK_ELEMENT: "ElementClick",
    Command.SEND_KEYS_TO_ELEMENT: "ElementSendKeys",
    Command.NEW_WINDOW: "NewWindow",
    Command.SWITCH_TO_WINDOW: "SwitchToWindow",
    Command.W3C_GET_WINDOW_HANDLES: "GetWindowHandles",
    Command.W3C_GET_CURRENT_WINDOW_HANDLE: "GetWindowHandle",
    Command.CLOSE: "CloseWindow",
    Command.GET_ALL_COOKIES: "GetCookies",
}
"""By Selenium's name of a command, Marionette's."""


class Marionette(RemoteConnection):
    """A connection to the Marionette of a Firefox, which Selenium uses as it would that to geckodriver."""

    def __init__(self, port: int) -> None:
        super().__init__(client_config=ClientConfig(f"http://127.0.0.1:{port}"))
        self._socket = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
        self._stream = self._socket.makefile("rb")
        self._numbers = count()
        self._frame()  # Firefox speaks first, of itself

    def execute(self, command: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a command; what Selenium expects of it, a value or the error."""
        sent = params["capabilities"]["alwaysMatch"] if command == Command.NEW_SESSION else params
        message = json.dumps([0, next(self._numbers), f"WebDriver:{COMMANDS[command]}", sent]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, value = self._frame()
        if error:
            return {"status": HTTPStatus.INTERNAL_SERVER_ERROR, "value": json.dumps({"value": error})}
        return value if isinstance(value, dict) and "value" in value else {"value": value}

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()

    def _frame(self) -> Any:
        """The next message: its length, a colon, and JSON."""
        length = b""
        while (byte := self._stream.read(1)) != b":":
            assert byte, "Firefox has hung up"
            length += byte
        return json.loads(self._stream.read(int(length)))
