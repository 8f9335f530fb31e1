"""Prometheus counters of the signals, for a site that imports them.

Only a host that wants it imports this module (``flask-ratchet[metrics]``). A label has a few fixed values; it
is never a name, an IP address or an id. The host decides how to publish the counters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from blinker import NamedSignal
from flask import Flask
from prometheus_client import REGISTRY, CollectorRegistry, Counter

from . import signals


class Counted(NamedTuple):
    """How a signal is counted: the name, the description, and the detail that is the label, if any."""

    signal: NamedSignal
    name: str
    help: str
    label: str | None = None


COUNTERS = (
    Counted(signals.user_signed_in, "ratchet_sign_ins", "Sessions started by signing in"),
    Counted(
        signals.sign_in_failed, "ratchet_sign_in_failures", "Refused sign-ins, by the error's code", "reason"
    ),
    Counted(
        signals.sign_in_refused, "ratchet_sign_ins_refused", "Refused by the host, by its own code", "reason"
    ),
    Counted(
        signals.session_refreshed, "ratchet_refreshes", "Refreshes, by the verdict of the rule", "verdict"
    ),
    Counted(signals.session_ended, "ratchet_sessions_ended", "Sessions that ended, by the reason", "reason"),
    Counted(signals.reuse_detected, "ratchet_reuses", "Sessions that ended because a copy was used"),
    Counted(signals.orphan_passed_by, "ratchet_orphans", "Old tokens presented with a valid one"),
    Counted(signals.device_registered, "ratchet_device_registrations", "Keys of devices registered"),
    Counted(signals.device_proved, "ratchet_device_proofs", "Refreshes with a proof of the device's key"),
    Counted(
        signals.device_overridden, "ratchet_device_overrides", "Sessions that go on without a registered key"
    ),
    Counted(
        signals.device_proof_missing,
        "ratchet_device_refusals",
        "Refreshes refused because the key was missing",
    ),
    Counted(signals.password_changed, "ratchet_password_changes", "Passwords changed"),
)


def count(app: Flask, registry: CollectorRegistry = REGISTRY) -> None:
    """Count the signals of ``app`` in ``registry``; ValueError if it already counts another app."""
    for counted in COUNTERS:
        labels = () if counted.label is None else (counted.label,)
        counter = Counter(counted.name, counted.help, labels, registry=registry)
        counted.signal.connect(_receiver(counter, counted.label), sender=app, weak=False)


def _receiver(counter: Counter, label: str | None) -> Callable[..., None]:
    def receive(_app: Flask, **details: Any) -> None:
        (counter if label is None else counter.labels(details[label])).inc()

    return receive
