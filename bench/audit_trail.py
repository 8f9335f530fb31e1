"""The audit trail, written as a site in production writes it, to nowhere."""

from __future__ import annotations

import logging
import os

from app.auth.audit import logger


def write_audit_trail() -> None:
    """From here on every record of this process is made, formatted and written, to the null device."""
    if logger.level != logging.INFO:
        logger.addHandler(logging.FileHandler(os.devnull))
        logger.setLevel(logging.INFO)
        logger.propagate = False
