"""An account: a user row as it was at one moment. A plain value, with no thread back to the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import AccountBlocked, AccountRefused, AccountUnconfirmed
from .rotation import Sessions


class Place(NamedTuple):
    """A session by its name: whose, and which."""

    subject: str
    session_id: str


class Ended(NamedTuple):
    """A session that has ended, when, in seconds since the epoch, and whether a theft ended it."""

    session_id: str
    ended_at: float
    by_theft: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What Ratchet keeps in a user row, and what a reply shows of it (``profile``)."""

    key: Any
    profile: Mapping[str, Any]
    password_hash: str | None
    blocked: bool
    confirmed: bool
    sessions: Sessions
    version: int
    ended: tuple[Ended, ...] = ()

    @property
    def subject(self) -> str:
        """The ``sub`` of this user's tokens."""
        return str(self.key)

    @property
    def refusal(self) -> type[AccountRefused] | None:
        """Why this user may not sign in, if so."""
        if self.blocked:
            return AccountBlocked
        return None if self.confirmed else AccountUnconfirmed
