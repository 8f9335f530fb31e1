"""What a host can listen to: everybody is told, and nobody who fails stops anything."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from blinker import NamedSignal
from flask import Flask

from app.auth import signals

DETAILS = {"subject": "7", "reason": "reuse"}


@pytest.fixture
def app() -> Iterator[Flask]:
    """The app that sends, within its context."""
    app = Flask(__name__)
    with app.app_context():
        yield app


@pytest.fixture
def told() -> Iterator[list[tuple[Any, dict[str, Any]]]]:
    """What a receiver of session_ended was told."""
    heard: list[tuple[Any, dict[str, Any]]] = []

    def receiver(sender: Flask, **details: Any) -> None:
        heard.append((sender, details))

    with signals.session_ended.connected_to(receiver):
        yield heard


def fail(_sender: Flask, **_details: Any) -> None:
    """A receiver that fails."""
    raise LookupError("the host's own mistake")


class BrokenSink(logging.Handler):
    """A log that cannot be written to."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail."""
        raise OSError(record.getMessage())


@pytest.fixture
def broken_sink() -> Iterator[None]:
    """A log that fails at every line, for as long as the test runs."""
    sink = BrokenSink()
    logging.getLogger().addHandler(sink)
    yield
    logging.getLogger().removeHandler(sink)


def test_a_receiver_is_told_the_app_and_the_details(app: Flask, told: list[Any]) -> None:
    """The sender is the app itself and not a proxy of it."""
    signals.emit(signals.session_ended, **DETAILS)
    ((sender, details),) = told
    assert sender is app
    assert details == DETAILS


def test_a_receiver_of_another_app_is_not_told(app: Flask) -> None:  # noqa: ARG001  # its context is wanted
    """Two apps in one process keep their news to themselves."""
    heard = []
    other = Flask("other")

    def receiver(_sender: Flask, **details: Any) -> None:
        heard.append(details)

    with signals.session_ended.connected_to(receiver, sender=other):
        signals.emit(signals.session_ended, **DETAILS)
    assert heard == []


@pytest.mark.usefixtures("app")
def test_a_failing_receiver_stops_nothing(told: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    """The others are told all the same, whether before or after it, and its failure is in the log."""

    def fail_too(_sender: Flask, **_details: Any) -> None:
        raise LookupError("the host's second mistake")

    with signals.session_ended.connected_to(fail), signals.session_ended.connected_to(fail_too):
        signals.emit(signals.session_ended, **DETAILS)
    assert len(told) == 1
    assert caplog.text.count("a receiver of session-ended failed") == 2
    assert "the host's own mistake" in caplog.text


@pytest.mark.usefixtures("app", "broken_sink")
def test_a_log_that_fails_stops_nothing(told: list[Any]) -> None:
    """The change is on disk: neither a receiver nor the log can undo the reply."""
    with signals.session_ended.connected_to(fail):
        signals.emit(signals.session_ended, **DETAILS)
    assert len(told) == 1


@pytest.mark.usefixtures("app")
def test_an_order_to_stop_is_not_held_up(told: list[Any]) -> None:
    """A receiver that is interrupted interrupts."""

    def interrupted(_sender: Flask, **_details: Any) -> None:
        raise KeyboardInterrupt

    with signals.password_changed.connected_to(interrupted), pytest.raises(KeyboardInterrupt):
        signals.emit(signals.password_changed, subject="7")
    assert told == []


def test_every_signal_has_a_name_of_its_own() -> None:
    """Those of the contract among them, and each is called what it is bound to."""
    found = {name: value for name, value in vars(signals).items() if isinstance(value, NamedSignal)}
    assert {name: signal.name.replace("-", "_") for name, signal in found.items()} == {
        name: name for name in found
    }
    assert found.keys() >= {
        "user_signed_in",
        "sign_in_failed",
        "session_refreshed",
        "session_ended",
        "reuse_detected",
        "password_changed",
    }
