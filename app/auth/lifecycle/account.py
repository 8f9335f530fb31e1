"""An account and its sessions: the values of a user row as it was read, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..errors import AccountBlocked, AccountRefused, AccountUnconfirmed
from . import binding
from .binding import BindingPolicy, Possession, Ruling
from .rotation import RotationPolicy, Session, is_over

HOUR = 3600


def subject_of(key: Any) -> str:
    """How the ``sub`` of tokens spells a user's key: bytes by their hexadecimal digits."""
    return key.hex() if isinstance(key, bytes) else str(key)


class SessionRef(NamedTuple):
    """Which session: the subject of its user, and its id."""

    subject: str
    session_id: str


class EndedSession(NamedTuple):
    """A session that has ended, when, in seconds since the epoch, and whether a theft ended it."""

    session_id: str
    ended_at: float
    by_theft: bool = False


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What the client asks for: a remembered session or not, the delivery, and the label.

    ``must_bind`` says that its browser can bind the session to the device, and that the site requires it.
    """

    remember: bool = False
    delivery: str = "cookie"
    label: str = ""
    must_bind: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What Ratchet keeps in a user row, and the fields that a reply shows (``profile``)."""

    key: Any
    profile: Mapping[str, Any]
    password_hash: str | None
    blocked: bool
    confirmed: bool
    sessions: tuple[Session, ...]
    version: int
    ended: tuple[EndedSession, ...] = ()

    @property
    def subject(self) -> str:
        """The ``sub`` of this user's tokens."""
        return subject_of(self.key)

    @property
    def sign_in_error(self) -> type[AccountRefused] | None:
        """The error with which this user may not sign in, if any."""
        if self.blocked:
            return AccountBlocked
        return None if self.confirmed else AccountUnconfirmed


def new_session(
    session_id: str,
    token_id: str,
    options: SessionOptions,
    now: float,
    *,
    expires_at: float,
    started_by: Session | None = None,
) -> Session:
    """A session that starts at ``now``; the ids were never used.

    A session that was ``started_by`` another one has its ``auth_time``: the user has not signed in again.
    """
    return Session(
        id=session_id,
        current=token_id,
        parent=None,
        made_at=now,
        shown_at=now,
        served_at=now,
        started_at=now,
        expires_at=expires_at,
        auth_time=started_by.auth_time if started_by else now,
        remember=options.remember,
        delivery=options.delivery,
        label=options.label,
        started_by=started_by.id if started_by else "",
        device=binding.expect() if options.must_bind else None,
    )


def find_session(sessions: tuple[Session, ...], session_id: str) -> Session | None:
    """The session of that id."""
    return next((session for session in sessions if session.id == session_id), None)


def live_sessions(sessions: Iterable[Session], now: float, policy: RotationPolicy) -> tuple[Session, ...]:
    """The sessions that are not over at ``now``."""
    return tuple(session for session in sessions if not is_over(session, now, policy))


def ruling_on(session: Session, possession: Possession, now: float, policy: RotationPolicy) -> Ruling:
    """What binding says about a refresh of a live session at ``now`` that shows ``possession``."""
    bound_by = BindingPolicy(policy.leeway)
    return binding.rule(session.device, possession, now, started_at=session.started_at, policy=bound_by)


def as_shown(session: Session, current_id: str, now: float) -> Session:
    """The session as its user sees it: the one of id ``current_id`` is used ``now``, others by the hour.

    A thief with a copied token can read this list. Exact times would show each renewal by the owner, and the
    rule does not detect a thief who presents the copy shortly after each renewal.
    """
    served_at = now if session.id == current_id else session.served_at // HOUR * HOUR
    return replace(session, served_at=max(served_at, session.started_at))


def has_just_started(session: Session, now: float, policy: RotationPolicy) -> bool:
    """Whether a session is younger than one leeway at ``now``."""
    return now - session.started_at < policy.leeway


def without_sessions(sessions: Iterable[Session], *session_ids: str) -> tuple[Session, ...]:
    """All but the named sessions."""
    return tuple(session for session in sessions if session.id not in session_ids)


def session_family(sessions: tuple[Session, ...], session_id: str) -> tuple[Session, ...]:
    """The session of that id and the sessions it started, which cannot start others."""
    return tuple(session for session in sessions if session_id in (session.id, session.started_by))


def replace_session(
    sessions: tuple[Session, ...], session_id: str, value: Session | None
) -> tuple[Session, ...]:
    """The sessions with the one of that id replaced by ``value``, or dropped where that is None."""
    swapped = (value if session.id == session_id else session for session in sessions)
    return tuple(session for session in swapped if session is not None)


def add_session(
    sessions: tuple[Session, ...], new_session: Session, max_sessions: int
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """Add ``new_session``; beyond ``max_sessions`` the least recently served sessions are dropped.

    The session that started the new one is dropped last. Otherwise a thief could start sessions until the
    stolen one is dropped, and with it the token that shows the theft. Returns the sessions that are kept and
    those that are dropped.
    """
    by_use = sorted(sessions, key=lambda session: (session.id == new_session.started_by, session.served_at))
    surplus = max(0, len(by_use) + 1 - max_sessions)
    return (*by_use[surplus:], new_session), tuple(by_use[:surplus])
