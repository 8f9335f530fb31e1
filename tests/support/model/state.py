"""What the contract says of a session and of a user row, told without any code of the product.

Ids come from the site: whoever drives the model writes them into the session that an answer hands out.
Times are seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

MINUTE, DAY = 60, 86400
LEEWAY = 30
ACCESS_TTL = 10 * MINUTE
FRESH_FOR = 10 * MINUTE
IDLE_TTL, SHORT_TTL, SESSION_TTL = 14 * DAY, 1 * DAY, 20 * DAY
MAX_SESSIONS = 3
EXCHANGE_BOUND = LEEWAY / 3
"""Seconds within which an honest exchange completes or is given up."""


class Verdict(Enum):
    """What becomes of a session when a refresh token is presented."""

    ENDED = "Ended"
    REUSE = "Reuse"
    REPEAT = "Repeat"
    ROTATE = "Rotate"
    RECOVER = "Recover"


@dataclass
class Session:
    """One sign-in on one device; ``id`` and ``current`` are empty until the site has said them."""

    user: str
    started_at: float
    auth_time: float
    served_at: float
    remember: bool
    label: str
    started_by: str = ""
    id: str = ""
    current: str = ""
    parent: str | None = None
    made_at: float = 0
    shown_at: float = 0
    confirmed_at: float | None = None

    def __post_init__(self) -> None:
        self.made_at = self.made_at or self.started_at
        self.shown_at = self.shown_at or self.started_at

    @property
    def ends_at(self) -> float:
        """The idle limit or the absolute one, whichever is first."""
        return self.ends_after(self.served_at)

    def ends_after(self, used_at: float) -> float:
        """When it ends if ``used_at`` was its last use."""
        idle_ttl = IDLE_TTL if self.remember else SHORT_TTL
        return min(used_at + idle_ttl, self.expires_at)

    @property
    def expires_at(self) -> float:
        """The absolute limit."""
        return self.started_at + SESSION_TTL

    def hear(self, token: str | None, now: float) -> Verdict:
        """The rule, for a session that is there; it stays or waits for its next current id."""
        if now >= self.ends_at:
            return Verdict.ENDED
        if not self.knows(token, now):
            return Verdict.REUSE
        since = self.shown_at if token == self.current else self.served_at
        if self.parent and now - since < LEEWAY:
            self._repeat(token, now)
            return Verdict.REPEAT
        verdict = Verdict.ROTATE if token == self.current else Verdict.RECOVER
        self.parent, self.current = token, ""
        self.made_at = self.shown_at = self.served_at = now
        self.confirmed_at = None
        return verdict

    def knows(self, token: str | None, now: float) -> bool:
        """Whether this is current, or the parent and no leeway has passed since the confirmation."""
        late = self.confirmed_at is not None and now - self.confirmed_at >= LEEWAY
        return token == self.current or (token == self.parent and not late)

    def _repeat(self, token: str | None, now: float) -> None:
        if token == self.current and self.confirmed_at is None and now - self.made_at >= LEEWAY * 2 / 3:
            self.confirmed_at = now
        if token == self.parent and now - self.shown_at >= LEEWAY / 10:
            self.shown_at = now
        if now - self.served_at >= LEEWAY / 10:
            self.served_at = now


@dataclass
class User:
    """A user row: whether it is blocked, and its sessions by id."""

    password: str
    blocked: bool = False
    sessions: list[Session] = field(default_factory=list)

    def find(self, session_id: str) -> Session | None:
        """The session of that id, over or not."""
        return next((session for session in self.sessions if session.id == session_id), None)

    def live(self, now: float) -> list[Session]:
        """The sessions that are not over."""
        return [session for session in self.sessions if now < session.ends_at]

    def keep(self, sessions: list[Session], now: float) -> None:
        """Write the row; expired sessions vanish with every write."""
        if sessions != self.sessions:
            self.sessions = sessions
            self.tidy(now)

    def tidy(self, now: float) -> None:
        """Drop the expired sessions."""
        self.sessions = self.live(now)

    def end(self, session_id: str, now: float) -> None:
        """End one session, if it is there."""
        self.keep([session for session in self.sessions if session.id != session_id], now)

    def end_stolen(self, stolen: str, now: float) -> None:
        """End a session that a Reuse was found in, and those that it started."""
        self.keep([other for other in self.sessions if stolen not in (other.id, other.started_by)], now)

    def add_session(self, new_session: Session, now: float) -> Session:
        """Let a session in; beyond the limit the least recently served makes way, its starter last."""
        starter = new_session.started_by
        staying = sorted(self.live(now), key=lambda session: (session.id == starter, session.served_at))
        self.sessions = [*staying[-(MAX_SESSIONS - 1) :], new_session]
        return new_session
