"""Sends the events of a transition as signals to the host."""

from __future__ import annotations

from collections.abc import Iterable

from .. import signals
from ..lifecycle.transitions import Event, EventKind

SIGNALS = {
    EventKind.USER_SIGNED_IN: signals.user_signed_in,
    EventKind.SESSION_REFRESHED: signals.session_refreshed,
    EventKind.SESSION_ENDED: signals.session_ended,
    EventKind.REUSE_DETECTED: signals.reuse_detected,
    EventKind.ORPHAN_PASSED_BY: signals.orphan_passed_by,
    EventKind.DEVICE_REGISTERED: signals.device_registered,
    EventKind.DEVICE_PROVED: signals.device_proved,
    EventKind.DEVICE_OVERRIDDEN: signals.device_overridden,
    EventKind.DEVICE_PROOF_MISSING: signals.device_proof_missing,
    EventKind.PASSWORD_CHANGED: signals.password_changed,
    EventKind.USER_BLOCKED: signals.user_blocked,
}


def send(events: Iterable[Event], subject: str) -> None:
    """Send the events of the user ``subject`` in order; call this when the change is on disk."""
    for event in events:
        signals.emit(SIGNALS[event.kind], subject=subject, **event.details)
