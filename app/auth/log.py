"""Log functions that never raise: a broken log handler must not break a request."""

from __future__ import annotations

import logging
from contextlib import suppress

log = logging.getLogger("flask_ratchet")


class OncePerApp:
    """A warning that an app logs only once."""

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
