"""The signals that a host can receive (Blinker). Each is sent with the app, after the change is on disk.

``subject`` is the user's id as text, ``session`` a value of rotation.Session, ``reason`` one word.
"""

from __future__ import annotations

import logging
from typing import Any

from blinker import NamedSignal, Namespace
from flask import current_app

from .log import log_safely

_names = Namespace()
user_signed_in = _names.signal("user-signed-in")
"""``subject, session, new_device`` (no other session of the user has this label)"""
sign_in_failed = _names.signal("sign-in-failed")
"""``identifier, address, reason`` (an error code)"""
sign_in_refused = _names.signal("sign-in-refused")
"""``subject, reason`` (the code of a SignInRefused): the host refused a sign-in or a refresh"""
session_refreshed = _names.signal("session-refreshed")
"""``subject, session, verdict`` (repeat, rotate or recover)"""
session_ended = _names.signal("session-ended")
"""``subject, session, reason``: signed_out, ended, replaced, displaced, expired, refused, reuse,
blocked, deleted or password_changed"""
reuse_detected = _names.signal("reuse-detected")
"""``subject, session``"""
orphan_passed_by = _names.signal("orphan-passed-by")
"""``subject, session``: an old token of this live session was presented together with a valid one; nothing
changed"""
device_registered = _names.signal("device-registered")
"""``subject, session``: the browser has registered the key of its device"""
device_proved = _names.signal("device-proved")
"""``subject, session``: a refresh with a proof of that key; from the first one on the session is bound"""
device_overridden = _names.signal("device-overridden")
"""``subject, session``: a refresh without a proof, before there was one; the key does not count any more"""
device_proof_missing = _names.signal("device-proof-missing")
"""``subject, session``: a refresh without the key was refused: perhaps a copied cookie; nothing changed"""
password_changed = _names.signal("password-changed")
"""``subject``"""

user_blocked = _names.signal("user-blocked")
"""``subject``"""


def emit(signal: NamedSignal, **details: Any) -> None:
    """Call every receiver. A failing one is only logged: the change is made, and the reply must be sent."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # Flask's documented way
    for receiver in signal.receivers_for(app):
        try:
            receiver(app, **details)
        except Exception as error:  # noqa: BLE001  # a host's receiver can raise anything
            log_safely(logging.ERROR, "a receiver of %s failed", signal.name, exception=error)
