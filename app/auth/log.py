"""Writing to the log, where a log that cannot be written to never costs anybody their reply."""

from __future__ import annotations

import logging
from contextlib import suppress

log = logging.getLogger("flask_ratchet")


def log_safely(level: int, message: str, *values: object, exception: BaseException | None = None) -> None:
    """Log one line; what the handlers of the host raise is nobody's business here."""
    with suppress(Exception):
        log.log(level, message, *values, exc_info=exception)
