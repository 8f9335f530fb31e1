"""What a verb makes of an account, decided before anything is written: values in, an Outcome out.

The shell (sessions.py) writes the outcome with a compare-and-swap, tells its events, then raises its
refusal. A turn may be asked again with the same arguments after a lost race or a lost answer, so each one
first recognises its own finished work by the fresh id that only it knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from blinker import NamedSignal

from .. import signals
from ..errors import (
    InvalidCredentials,
    RatchetError,
    ReauthenticationRequired,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionStolen,
    TokenInvalid,
)
from ..tokens.claims import RefreshClaims
from . import rotation
from .account import (
    Account,
    SessionRef,
    add_session,
    find_session,
    live_sessions,
    replace_session,
    session_family,
    without_sessions,
)
from .rotation import RotationPolicy, Session, Sessions, Verdict

REFUSALS: dict[Verdict, type[RatchetError]] = {
    Verdict.ENDED: RefreshTokenInvalid,
    Verdict.REUSE: RefreshTokenReused,
}


class Event(NamedTuple):
    """A signal to send once the outcome is on disk."""

    signal: NamedSignal
    details: dict[str, Any]


class Transition(NamedTuple):
    """The sessions to write, the session it is about, what to tell, and why the request is refused.

    ``must_write`` moves the version even where no session changes.
    """

    sessions: Sessions
    session: Session | None = None
    events: tuple[Event, ...] = ()
    refusal: RatchetError | type[RatchetError] | None = None
    must_write: bool = False


Turn = Callable[[Account], Transition]
"""A verb with all it needs but the row."""


def start(
    account: Account,
    newcomer: Session,
    *,
    password_hash: str | None,
    replaces: SessionRef | None,
    most: int,
    rule: RotationPolicy,
) -> Transition:
    """Let ``newcomer`` in; ``password_hash`` is the one that the person was authenticated on.

    What another session starts is refused where that one has ended meanwhile, and where there is room for
    one session only.
    """
    others = without_sessions(account.sessions, newcomer.id)
    known = any(session.label == newcomer.label for session in others)
    signed_in = Event(signals.user_signed_in, {"session": newcomer, "new_device": not known})
    if find_session(account.sessions, newcomer.id):
        return Transition(account.sessions, newcomer, (signed_in,))
    refusal = _refusal_of(newcomer, account, password_hash)
    if refusal:
        return Transition(account.sessions, refusal=refusal)
    if newcomer.started_by and most == 1:
        return Transition(account.sessions, refusal=ReauthenticationRequired("Sign in on the other device."))
    old = replaces.session_id if replaces and replaces.subject == account.subject else ""
    staying = live_sessions(without_sessions(account.sessions, old), newcomer.started_at, rule)
    kept, displaced = add_session(staying, newcomer, most)
    replaced = find_session(account.sessions, old)
    events = (
        *_ended((replaced,) if replaced else (), "replaced"),
        *_ended(displaced, "displaced"),
        signed_in,
    )
    return Transition(kept, newcomer, events)


def restart(account: Account, newcomer: Session, *, password_hash: str | None, old: str) -> Transition:
    """A password change: ``newcomer`` takes the place of the session ``old`` and every other one ends."""
    changed = Event(signals.password_changed, {})
    if find_session(account.sessions, newcomer.id):
        return Transition(account.sessions, newcomer, (changed,))
    if account.password_hash != password_hash:
        return Transition(account.sessions, refusal=InvalidCredentials)
    if account.refusal or find_session(account.sessions, old) is None:
        return Transition(account.sessions, refusal=TokenInvalid)
    return Transition((newcomer,), newcomer, (*_ended(account.sessions, "password_changed"), changed))


def reset(account: Account, *, password_hash: str) -> Transition:
    """A password that the host sets: every session ends, whatever the old password was."""
    changed = Event(signals.password_changed, {})
    if account.password_hash == password_hash:
        return Transition(account.sessions, events=(changed,))
    events = (*_ended(account.sessions, "password_changed"), changed)
    return Transition((), events=events, must_write=True)


def refresh(
    account: Account, claims: RefreshClaims, now: float, fresh: str, *, rule: RotationPolicy
) -> Transition:
    """The rule, on the row.

    A Reuse ends what the session has started, too: it may have been the thief who started it.
    """
    session = find_session(account.sessions, claims.session_id)
    if session and session.current == fresh:
        return Transition(account.sessions, session, _refreshed(session, Verdict.ROTATE))
    decision = rotation.decide(session, claims.token_id, now, fresh, rule)
    refusal = REFUSALS.get(decision.verdict) or account.refusal
    if refusal or decision.session is None:
        stolen = any(entry.by_theft for entry in account.ended if entry.session_id == claims.session_id)
        return _refused(account, session, decision.verdict, refusal, stolen=stolen)
    value = decision.session
    return Transition(
        replace_session(account.sessions, value.id, value), value, _refreshed(value, decision.verdict)
    )


def pass_by(account: Account, claims: RefreshClaims, now: float, *, rule: RotationPolicy) -> Transition:
    """A token beside a good one is not used; where it is an orphan of a live session, that is told."""
    session = find_session(account.sessions, claims.session_id)
    verdict = rotation.decide(session, claims.token_id, now, "", rule).verdict
    seen = (Event(signals.orphan_passed_by, {"session": session}),) if verdict is Verdict.REUSE else ()
    return Transition(account.sessions, session, seen)


def end(account: Account, which: Callable[[Session], bool], reason: str) -> Transition:
    """Drop the sessions that ``which`` picks."""
    gone = tuple(session for session in account.sessions if which(session))
    return Transition(
        without_sessions(account.sessions, *(session.id for session in gone)), None, _ended(gone, reason)
    )


def end_all(account: Account, reason: str) -> Transition:
    """Drop every session. A row without one is written too, so that a start under way looks again."""
    return Transition((), events=_ended(account.sessions, reason), must_write=True)


def block(account: Account, *, blocked: bool, reason: str = "blocked") -> Transition:
    """Keep a user out, or let them in again; being kept out ends every session."""
    if account.blocked == blocked and not (blocked and account.sessions):
        return Transition(account.sessions)
    if not blocked:
        return Transition(account.sessions, must_write=True)
    events = (*_ended(account.sessions, reason), Event(signals.user_blocked, {}))
    return Transition((), events=events, must_write=True)


def _refusal_of(newcomer: Session, account: Account, password_hash: str | None) -> type[RatchetError] | None:
    if account.password_hash != password_hash:
        return InvalidCredentials
    if newcomer.started_by and find_session(account.sessions, newcomer.started_by) is None:
        return TokenInvalid
    return account.refusal


def _refused(
    account: Account,
    session: Session | None,
    verdict: Verdict,
    refusal: type[RatchetError] | None,
    *,
    stolen: bool,
) -> Transition:
    if session is None:
        return Transition(account.sessions, refusal=SessionStolen if stolen else refusal)
    theft = (Event(signals.reuse_detected, {"session": session}),) if verdict is Verdict.REUSE else ()
    gone = session_family(account.sessions, session.id) if theft else (session,)
    reason = {Verdict.ENDED: "expired", Verdict.REUSE: "reuse"}.get(verdict, "refused")
    return Transition(
        without_sessions(account.sessions, *(item.id for item in gone)),
        events=(*theft, *_ended(gone, reason)),
        refusal=refusal(ends_session=True) if refusal else None,
    )


def _refreshed(session: Session, verdict: Verdict) -> tuple[Event, ...]:
    return (Event(signals.session_refreshed, {"session": session, "verdict": verdict.value}),)


def _ended(sessions: Sessions, reason: str) -> tuple[Event, ...]:
    return tuple(Event(signals.session_ended, {"session": session, "reason": reason}) for session in sessions)
