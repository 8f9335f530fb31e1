"""Who did what, one JSON object per line: the audit trail (ASVS 16.2, 16.3).

Records go to the logger ``flask_ratchet.audit`` at level INFO. A record says when (UTC), and names the
session, the user and the IP address of the client. It has a fingerprint in place of the id of a session or
token, and equal ids have equal fingerprints. The id itself is not written: with the id of a live session and
the secret of the site an attacker could make an access token. A record never has a password, a token or a
cookie. Typed text is escaped, so that an attacker cannot add a line, and cut, so that an attacker cannot fill
a disk.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask, has_request_context, request

from . import signals
from .lifecycle.rotation import MAX_LABEL_LENGTH, Session
from .user import MAX_IDENTIFIER_LENGTH

logger = logging.getLogger("flask_ratchet.audit")

EVENTS = {
    signals.user_signed_in: "sign_in",
    signals.sign_in_failed: "sign_in_failed",
    signals.sign_in_refused: "sign_in_refused",
    signals.session_refreshed: "refresh",
    signals.session_ended: "session_ended",
    signals.reuse_detected: "reuse",
    signals.orphan_passed_by: "orphan",
    signals.device_registered: "device_registered",
    signals.device_proved: "device_proved",
    signals.device_overridden: "device_overridden",
    signals.device_proof_missing: "device_proof_missing",
    signals.password_changed: "password_changed",
    signals.user_blocked: "user_blocked",
}

MAX_LENGTHS = {"identifier": MAX_IDENTIFIER_LENGTH, "label": MAX_LABEL_LENGTH, "reason": 64, "address": 45}
"""The greatest length of each detail that a client chooses; the longest IPv6 address has 45 characters."""

_ENCODER = json.JSONEncoder(sort_keys=True)


def listen(app: Flask, clock: Callable[[], float]) -> None:
    """Write a record for every signal of ``app``; ``clock`` gives seconds since the epoch."""
    for signal, event in EVENTS.items():
        signal.connect(_writer(event, clock), sender=app, weak=False)


def _writer(event: str, clock: Callable[[], float]) -> Any:
    def write(_app: Flask, **details: Any) -> None:
        if logger.isEnabledFor(logging.INFO):
            logger.info("%s", line(event, clock(), **details))

    return write


def line(event: str, now: float, session: Session | None = None, **details: Any) -> str:
    """The record of an event at ``now``: always one line of ASCII."""
    time = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    record: dict[str, Any] = {"time": time, "event": event, **details}
    if has_request_context():
        record.setdefault("address", request.remote_addr)
    if session is not None:
        record |= {"session": fingerprint(session.id), "label": session.label}
        record |= {"token": fingerprint(session.current)}
        record |= {"started_by": fingerprint(session.started_by)} if session.started_by else {}
    for name in MAX_LENGTHS.keys() & record.keys():
        record[name] = record[name] and str(record[name])[: MAX_LENGTHS[name]]
    return _ENCODER.encode(record)


def fingerprint(an_id: str) -> str:
    """A short hash in place of the id of a session or token; the id cannot be computed from it."""
    return hashlib.sha256(an_id.encode()).hexdigest()[:16]
