"""Writing to the log so that a log that cannot be written to never breaks a request."""

from __future__ import annotations

import logging
from contextlib import suppress

log = logging.getLogger("flask_ratchet")


class OncePerApp:
    """A warning that one app writes once, however often its cause comes back."""

    def __init__(self, message: str) -> None:
        self._message, self._written = message, False

    def log(self) -> None:
        """Write it, if it is not written yet."""
        if not self._written:
            self._written = True
            log_safely(logging.WARNING, "%s", self._message)


def log_safely(level: int, message: str, *values: object, exception: BaseException | None = None) -> None:
    """Log one line; an error that a log handler of the host raises is ignored."""
    with suppress(Exception):
        log.log(level, message, *values, exc_info=exception)
