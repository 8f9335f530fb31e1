"""Decides what an operation does to an account. Takes values and returns a Transition; writes nothing.

The shell (sessions/service.py) writes the transition with a compare-and-swap, sends its events, then raises
its error. After a lost race or a lost answer an operation is decided again with the same arguments. So each
one first checks whether its own write was already stored: then the account has the new id.

This file uses no clock, signal, token or row: time, ids and the account come in as values.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NamedTuple

from ..errors import InvalidCredentials, RatchetError, ReauthenticationRequired, TokenInvalid
from . import binding
from .account import (
    Account,
    SessionRef,
    add_session,
    find_session,
    live_sessions,
    without_sessions,
)
from .rotation import RotationPolicy, Session


class EventKind(Enum):
    """The kinds of events; a host receives each as a signal."""

    USER_SIGNED_IN = auto()
    SESSION_REFRESHED = auto()
    SESSION_ENDED = auto()
    REUSE_DETECTED = auto()
    ORPHAN_PASSED_BY = auto()
    DEVICE_REGISTERED = auto()
    DEVICE_PROVED = auto()
    DEVICE_OVERRIDDEN = auto()
    DEVICE_PROOF_MISSING = auto()
    PASSWORD_CHANGED = auto()
    USER_BLOCKED = auto()


class Event(NamedTuple):
    """An event to send when the transition is on disk."""

    kind: EventKind
    details: dict[str, Any]


class Transition(NamedTuple):
    """The sessions to write, the session it is about, the events, and the error of a refused request.

    ``must_write`` increases the version even if no session changes. ``same_hash`` makes the write fail unless
    the row still has the password hash of the account that was decided on. ``stolen`` are the ids of the
    sessions that a theft ends. ``access_until`` is when the access token that is issued has to run out at the
    latest, None for its full life.
    """

    sessions: tuple[Session, ...]
    session: Session | None = None
    events: tuple[Event, ...] = ()
    error: RatchetError | type[RatchetError] | None = None
    must_write: bool = False
    same_hash: bool = False
    stolen: tuple[str, ...] = ()
    access_until: float | None = None


DecideTransition = Callable[[Account], Transition]
"""An operation with all its arguments but the account."""


def start(
    account: Account,
    new_session: Session,
    *,
    password_hash: str | None,
    replaces: SessionRef | None,
    max_sessions: int,
    policy: RotationPolicy,
) -> Transition:
    """Add ``new_session``; ``password_hash`` is the one that the password was checked against.

    A session that another one starts is refused if that one has ended meanwhile, or if only one session is
    allowed.
    """
    others = without_sessions(account.sessions, new_session.id)
    known = any(session.label == new_session.label for session in others)
    signed_in = Event(EventKind.USER_SIGNED_IN, {"session": new_session, "new_device": not known})
    if find_session(account.sessions, new_session.id):
        return Transition(account.sessions, new_session, (signed_in,))
    error = _start_error(new_session, account, password_hash)
    if error:
        return Transition(account.sessions, error=error)
    if new_session.started_by and (max_sessions == 1 or _is_kept_to_device(account, new_session.started_by)):
        return Transition(account.sessions, error=ReauthenticationRequired("Sign in on the other device."))
    old = replaces.session_id if replaces and replaces.subject == account.subject else ""
    staying = live_sessions(without_sessions(account.sessions, old), new_session.started_at, policy)
    kept, displaced = add_session(staying, new_session, max_sessions)
    replaced = find_session(account.sessions, old)
    events = (
        *ended_events((replaced,) if replaced else (), "replaced"),
        *ended_events(displaced, "displaced"),
        signed_in,
    )
    return Transition(kept, new_session, events, same_hash=True)


def restart(account: Account, new_session: Session, *, password_hash: str | None, old: str) -> Transition:
    """A password change: ``new_session`` replaces the session ``old``, and every other session ends."""
    changed = Event(EventKind.PASSWORD_CHANGED, {})
    if find_session(account.sessions, new_session.id):
        return Transition(account.sessions, new_session, (changed,))
    if account.password_hash != password_hash:
        return Transition(account.sessions, error=InvalidCredentials)
    if account.sign_in_error or find_session(account.sessions, old) is None:
        return Transition(account.sessions, error=TokenInvalid)
    events = (*ended_events(account.sessions, "password_changed"), changed)
    return Transition((new_session,), new_session, events, same_hash=True)


def reset(account: Account, *, password_hash: str) -> Transition:
    """A password that the host sets: every session ends. The old password is not checked."""
    changed = Event(EventKind.PASSWORD_CHANGED, {})
    if account.password_hash == password_hash:
        return Transition(account.sessions, events=(changed,))
    events = (*ended_events(account.sessions, "password_changed"), changed)
    return Transition((), events=events, must_write=True)


def end(account: Account, which: Callable[[Session], bool], reason: str) -> Transition:
    """Drop the sessions that ``which`` picks."""
    gone = tuple(session for session in account.sessions if which(session))
    return Transition(
        without_sessions(account.sessions, *(session.id for session in gone)),
        None,
        ended_events(gone, reason),
    )


def end_all(account: Account, reason: str) -> Transition:
    """Drop every session. A row without one is written too, so a concurrent sign-in is decided again."""
    return Transition((), events=ended_events(account.sessions, reason), must_write=True)


def block(account: Account, *, blocked: bool, reason: str = "blocked") -> Transition:
    """Block or unblock a user; blocking ends every session."""
    if account.blocked == blocked and not (blocked and account.sessions):
        return Transition(account.sessions)
    if not blocked:
        return Transition(account.sessions, must_write=True)
    events = (*ended_events(account.sessions, reason), Event(EventKind.USER_BLOCKED, {}))
    return Transition((), events=events, must_write=True)


def _start_error(
    new_session: Session, account: Account, password_hash: str | None
) -> type[RatchetError] | None:
    if account.password_hash != password_hash:
        return InvalidCredentials
    if new_session.started_by and find_session(account.sessions, new_session.started_by) is None:
        return TokenInvalid
    return account.sign_in_error


def _is_kept_to_device(account: Account, session_id: str) -> bool:
    """Whether this session must not start another one: that one would not be bound to the device."""
    starter = find_session(account.sessions, session_id)
    return bool(starter and starter.device and starter.device.state != binding.OVERRIDDEN)


def ended_events(sessions: tuple[Session, ...], reason: str) -> tuple[Event, ...]:
    """One event for each of these sessions, which end for the same ``reason``."""
    return tuple(
        Event(EventKind.SESSION_ENDED, {"session": session, "reason": reason}) for session in sessions
    )
