"""Decides what a refresh does to an account: binding first, then the rule. As in transitions.py, only values.

A key is registered here, too: that is the other thing which a browser asks for by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..errors import (
    ChallengeUsed,
    DeviceProofRequired,
    DeviceRefused,
    ProofPending,
    RatchetError,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionStolen,
    TokenInvalid,
)
from . import binding, rotation
from .account import (
    Account,
    find_session,
    replace_session,
    ruling_on,
    session_family,
    without_sessions,
)
from .binding import BindingPolicy, Possession, Ruling
from .rotation import RotationPolicy, Session, Verdict
from .transitions import Event, EventKind, Transition, ended_events

ERRORS: dict[Verdict, type[RatchetError]] = {
    Verdict.ENDED: RefreshTokenInvalid,
    Verdict.REUSE: RefreshTokenReused,
}

Possess = Callable[[Session], Possession]
"""Reads what the request shows beside the refresh token; called only for a session that is live."""

REFUSALS: dict[Ruling, type[RatchetError]] = {
    Ruling.LATER: ProofPending,
    Ruling.MISSING: DeviceProofRequired,
    Ruling.USED: ChallengeUsed,
}


def shows_nothing(_session: Session) -> Possession:
    """The possession of a request that presents only a refresh token."""
    return Possession()


def refresh(
    account: Account,
    session_id: str,
    token_id: str,
    now: float,
    new_token_id: str,
    *,
    policy: RotationPolicy,
    possess: Possess = shows_nothing,
) -> Transition:
    """Apply the rule to the account, unless the session is bound to a device and the request is not its own.

    A Reuse also ends the sessions that this one has started: a thief may have started them.
    """
    session = find_session(account.sessions, session_id)
    is_live = session is not None and not rotation.is_over(session, now, policy)
    possession = possess(session) if session and is_live else Possession()
    if session and session.current == new_token_id:
        return _handed_out(account, session, Verdict.ROTATE, possession)
    ruling = ruling_on(session, possession, now, policy) if session and is_live else Ruling.FREE
    bound = _after(session, ruling, possession, now) if session else None
    if bound and ruling not in binding.ALLOWED:
        return _kept_out(account, bound, ruling)
    decision = rotation.decide(bound, token_id, now, new_token_id, policy)
    error = ERRORS.get(decision.verdict) or account.sign_in_error
    if error or decision.session is None:
        if session is None and _was_stolen(account, session_id):
            error = SessionStolen
        return _refused(account, session, decision.verdict, error)
    return _handed_out(account, decision.session, decision.verdict, possession)


def register_device(
    account: Account,
    session_id: str,
    key: str,
    issued_at: float,
    now: float,
    *,
    policy: RotationPolicy,
    possess: Possess,
) -> Transition:
    """Register the public ``key`` of a session's device; its challenge was issued at ``issued_at``."""
    session = find_session(account.sessions, session_id)
    if session is None or account.sign_in_error or rotation.is_over(session, now, policy):
        return Transition(account.sessions, error=TokenInvalid)
    access_until, bound_by = possess(session).access_until, BindingPolicy(policy.leeway)
    device = binding.register(
        session.device,
        key,
        issued_at,
        access_until,
        started_at=session.started_at,
        now=now,
        policy=bound_by,
    )
    if device is None or access_until is None:
        return Transition(account.sessions, error=DeviceRefused)
    value = replace(session, device=device)
    return Transition(
        replace_session(account.sessions, value.id, value),
        value,
        (Event(EventKind.DEVICE_REGISTERED, {"session": value}),),
        access_until=binding.first_until(access_until, now, bound_by),
    )


def pass_by(
    account: Account, session_id: str, token_id: str, now: float, *, policy: RotationPolicy
) -> Transition:
    """A token that is presented with a valid one is not used. An orphan of a live session causes an event."""
    session = find_session(account.sessions, session_id)
    verdict = rotation.decide(session, token_id, now, "", policy).verdict
    seen = (Event(EventKind.ORPHAN_PASSED_BY, {"session": session}),) if verdict is Verdict.REUSE else ()
    return Transition(account.sessions, session, seen)


def _was_stolen(account: Account, session_id: str) -> bool:
    return any(entry.by_theft for entry in account.ended if entry.session_id == session_id)


def _refused(
    account: Account, session: Session | None, verdict: Verdict, error: type[RatchetError] | None
) -> Transition:
    if session is None:
        return Transition(account.sessions, error=error)
    theft = (Event(EventKind.REUSE_DETECTED, {"session": session}),) if verdict is Verdict.REUSE else ()
    gone = session_family(account.sessions, session.id) if theft else (session,)
    gone_ids = tuple(item.id for item in gone)
    reason = {Verdict.ENDED: "expired", Verdict.REUSE: "reuse"}.get(verdict, "refused")
    return Transition(
        without_sessions(account.sessions, *gone_ids),
        events=(*theft, *ended_events(gone, reason)),
        error=error(ends_session=True) if error else None,
        stolen=gone_ids if theft else (),
    )


def _after(session: Session, ruling: Ruling, possession: Possession, now: float) -> Session:
    device = binding.after(session.device, ruling, possession, now)
    return session if device is session.device else replace(session, device=device)


def _kept_out(account: Account, value: Session, ruling: Ruling) -> Transition:
    """A refresh that binding refuses. It does not touch the rotation: the owner notices nothing."""
    if ruling is Ruling.STOLEN:
        return _refused(account, value, Verdict.REUSE, RefreshTokenReused)
    missing = Event(EventKind.DEVICE_PROOF_MISSING, {"session": value})
    return Transition(
        replace_session(account.sessions, value.id, value),
        events=(missing,) if ruling is Ruling.MISSING else (),
        error=REFUSALS[ruling],
    )


def _handed_out(account: Account, value: Session, verdict: Verdict, possession: Possession) -> Transition:
    before = find_session(account.sessions, value.id)
    return Transition(
        replace_session(account.sessions, value.id, value),
        value,
        (*_device_events(before, value, possession), *_refreshed(value, verdict)),
        access_until=binding.cap(value.device, possession),
    )


def _device_events(before: Session | None, value: Session, possession: Possession) -> tuple[Event, ...]:
    if possession.proof:
        return (Event(EventKind.DEVICE_PROVED, {"session": value}),)
    is_overridden = before is not None and before.device != value.device
    return (Event(EventKind.DEVICE_OVERRIDDEN, {"session": value}),) if is_overridden else ()


def _refreshed(session: Session, verdict: Verdict) -> tuple[Event, ...]:
    return (Event(EventKind.SESSION_REFRESHED, {"session": session, "verdict": verdict.value}),)
