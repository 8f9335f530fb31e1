"""Everything that one app has of Ratchet, put together once at boot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from .cookies import Cookies
from .credentials import Credentials
from .grants import Mint
from .revocation import Revocations
from .sessions import Sessions
from .settings import Settings
from .store import Store

EXTENSION = "ratchet"


@dataclass(frozen=True, slots=True)
class State:
    """The parts of one app; ``clock`` gives seconds since the epoch."""

    settings: Settings
    store: Store
    mint: Mint
    revocations: Revocations
    sessions: Sessions
    credentials: Credentials
    cookies: Cookies
    clock: Callable[[], float]


def state() -> State:
    """The parts of the current app."""
    return cast("State", current_app.extensions[EXTENSION])
