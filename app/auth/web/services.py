"""The parts of Ratchet that belong to one app, made once at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from ..passwords.authentication import Authenticator
from ..sessions.issuer import TokenIssuer
from ..sessions.reader import SessionReader
from ..sessions.service import SessionService
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from .cookies import Cookies

EXTENSION = "ratchet"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one app.

    ``clock`` gives seconds since the epoch. Each part that needs the time already has it; it is here for
    ``flask ratchet doctor``, which compares it with the clock of the database.
    """

    settings: Settings
    store: AccountStore
    token_issuer: TokenIssuer
    reader: SessionReader
    sessions: SessionService
    authenticator: Authenticator
    cookies: Cookies
    clock: Callable[[], float]


def services() -> Services:
    """The parts of the current app."""
    return cast("Services", current_app.extensions[EXTENSION])
