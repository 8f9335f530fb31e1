"""The events of a transition reach a host as signals: each as its own, in order, with its details."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.auth import signals
from app.auth.lifecycle.transitions import Event, EventKind
from app.auth.sessions import events


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_is_sent_as_the_signal_of_its_name(kind: EventKind) -> None:
    """No kind of event is without a signal, and none has that of another."""
    assert events.SIGNALS[kind].name == kind.name.lower().replace("_", "-")


def test_events_are_sent_in_order_and_with_the_user() -> None:
    """A theft is told before the end of the session, as it was decided."""
    told: list[tuple[str, dict[str, Any]]] = []

    def note(name: str) -> Any:
        return lambda _sender, **details: told.append((name, details))

    first, second = note("reuse"), note("ended")
    with (
        Flask(__name__).app_context(),
        signals.reuse_detected.connected_to(first),
        signals.session_ended.connected_to(second),
    ):
        events.send(
            (Event(EventKind.REUSE_DETECTED, {}), Event(EventKind.SESSION_ENDED, {"reason": "reuse"})), "7"
        )
    assert told == [("reuse", {"subject": "7"}), ("ended", {"subject": "7", "reason": "reuse"})]
