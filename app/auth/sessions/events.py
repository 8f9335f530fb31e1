"""The events of a transition, sent as the signals that a host listens to."""

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
    EventKind.PASSWORD_CHANGED: signals.password_changed,
    EventKind.USER_BLOCKED: signals.user_blocked,
}


def send(events: Iterable[Event], subject: str) -> None:
    """Tell what has happened to the user ``subject``, in order; to be called once it is on disk."""
    for event in events:
        signals.emit(SIGNALS[event.kind], subject=subject, **event.details)
