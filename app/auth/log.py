"""Writing to the log so that a log that cannot be written to never breaks a request."""

from __future__ import annotations

import logging
from contextlib import suppress

log = logging.getLogger("flask_ratchet")


def log_safely(level: int, message: str, *values: object, exception: BaseException | None = None) -> None:
    """Log one line; an error that a log handler of the host raises is ignored."""
    with suppress(Exception):
        log.log(level, message, *values, exc_info=exception)
