"""Refresh sessions: which of the presented tokens counts, the rule, and the key of the device.

service.py hands these operations on, so that callers have one object. The clock is read once in each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from ..errors import (
    AccountRefused,
    DeviceProofRequired,
    ProofPending,
    RatchetError,
    RefreshTokenInvalid,
    RefreshTokenMissing,
    RefreshTokenReused,
    TokenInvalid,
    UserNotFound,
)
from ..lifecycle import refreshing
from ..lifecycle.account import Account, SessionRef
from ..lifecycle.binding import Proof
from ..lifecycle.rotation import RotationPolicy
from ..lifecycle.transitions import DecideTransition, Transition
from ..tokens.claims import RefreshClaims
from .hooks import AskHost
from .issuer import NO_EVIDENCE, Evidence, IssuedTokens, TokenIssuer, new_id
from .reader import SessionReader
from .revocation import RevocationCache

REFUSED = (RefreshTokenInvalid, RefreshTokenReused, AccountRefused, DeviceProofRequired)
"""How the rule and the binding refuse one of several tokens; the others are tried."""


class Change(Protocol):
    """Decides and writes a transition: TransitionWriter.change."""

    def __call__(
        self,
        subject: str,
        decide_transition: DecideTransition,
        now: float,
        *,
        missing: type[RatchetError] | None = None,
    ) -> tuple[Account, Transition]:
        """See TransitionWriter.change."""


class SessionRefresher:
    """Refreshes the sessions of one app's users. ``clock`` gives seconds since the epoch."""

    def __init__(
        self,
        change: Change,
        token_issuer: TokenIssuer,
        revocations: RevocationCache,
        reader: SessionReader,
        clock: Callable[[], float],
        ask_host: AskHost,
        policy: RotationPolicy,
    ) -> None:
        self._change, self._issuer, self._revocations = change, token_issuer, revocations
        self._reader, self._clock, self._ask_host, self._policy = reader, clock, ask_host, policy

    def refresh(
        self, presented: Sequence[str], beside: Sequence[str] = (), evidence: Evidence = NO_EVIDENCE
    ) -> IssuedTokens:
        """Apply the rule to a refresh token, write the result, then return new tokens or raise the error.

        ``presented`` is every candidate that came under the cookie's name, ``beside`` what else the request
        presents. If several are authentic, a good one of ``presented`` counts. If none is good, the rule is
        applied to each, so that a theft is found even if another candidate belongs to an ended session.

        A session that is bound to a device needs ``evidence``: DeviceProofRequired without it, ProofPending
        if the browser can have it in a moment.
        """
        now = self._clock()
        return self._refresh_one(self._issuer.valid_refresh(presented, now), beside, evidence, now)

    def _refresh_one(
        self, candidates: Sequence[RefreshClaims], beside: Sequence[str], evidence: Evidence, now: float
    ) -> IssuedTokens:
        good: list[RefreshClaims] = []
        if candidates[1:] or beside:
            weighed = self._reader.weigh(candidates, now, evidence)
            good = weighed.good
            if good:
                others = self._issuer.valid_refresh(beside, now)
                further = self._reader.weigh(others, now, evidence).orphans
                self._check_orphans([*weighed.orphans, *further], good, evidence, now)
        problems: list[RatchetError] = []
        for claims in good or candidates:
            try:
                return self._refresh(claims, evidence, now)
            except REFUSED as problem:
                problems.append(problem)
        raise min(problems, key=_gravity, default=RefreshTokenInvalid())

    def prove(
        self, ref: SessionRef, presented: Sequence[str], verify: Callable[[str], Proof]
    ) -> IssuedTokens:
        """Refresh this session with a proof of its device's key.

        ``verify`` takes the public key and returns the proof, or raises what the request is refused with.
        ``presented`` are refresh tokens; those of other sessions do not count. Raises RefreshTokenMissing if
        none is of this session, DeviceRefused if it has no key, ChallengeUsed, and what a refresh raises.
        """
        now = self._clock()
        candidates = self._issuer.valid_refresh(presented, now)
        own = [one for one in candidates if SessionRef(one.subject, one.session_id) == ref]
        if not own:
            raise RefreshTokenMissing
        return self._refresh_one(own, (), Evidence(verify=verify), now)

    def register_device(
        self, ref: SessionRef, key: str, issued_at: float, access: Sequence[str]
    ) -> IssuedTokens:
        """Register the public ``key`` of a session's device, whose challenge was issued at ``issued_at``.

        Of ``access``, the access tokens of the request, one has to be of this session and unexpired. The new
        one replaces it and does not live longer. The refresh token stays as it is: set no cookie for it.
        Raises DeviceRefused, and TokenInvalid if the session has ended.
        """
        now, evidence = self._clock(), Evidence(tuple(access))
        decide_transition = partial(
            refreshing.register_device,
            session_id=ref.session_id,
            key=key,
            issued_at=issued_at,
            now=now,
            policy=self._policy,
            possess=partial(self._issuer.access_shown, evidence),
        )
        changed = self._change(ref.subject, decide_transition, now, missing=TokenInvalid)
        return self._issue(*changed, now, TokenInvalid, sets_access_cookie=True)

    def acting_session(
        self, refresh: Sequence[str], evidence: Evidence, now: float, *, insists: bool = False
    ) -> SessionRef | None:
        """The live session that these tokens may act for. An orphan among them is a theft, as in a refresh.

        Otherwise a thief could try out here whether a stolen token is still good. A session that is bound to
        a device needs ``evidence``, too. Without it the result is None, or with ``insists`` the error of a
        refresh: DeviceProofRequired or ProofPending.
        """
        weighed = self._reader.weigh(self._issuer.valid_refresh(refresh, now), now, evidence)
        self._check_orphans(weighed.orphans, weighed.good, evidence, now)
        for claims in weighed.good:
            return SessionRef(claims.subject, claims.session_id)
        ref = self._reader.live_by_access(evidence.access, now)
        for claims in weighed.unproven if insists and ref is None else ():
            self._refresh(claims, evidence, now)
        return ref

    def _check_orphans(
        self,
        orphans: Sequence[RefreshClaims],
        good: Sequence[RefreshClaims],
        evidence: Evidence,
        now: float,
    ) -> None:
        """Look for a theft among orphans that are presented beside what counts.

        An orphan of a session that has a good token here can be an old cookie of another path, so it only
        causes an event. An orphan of any other session ends that session. Otherwise a thief could present
        the stolen token beside a good one of their own, and try it again and again without being found.
        """
        sessions = {one.session_id for one in good}
        for claims in orphans:
            if claims.session_id in sessions:
                self._pass_by(claims, now)
            else:
                with suppress(*REFUSED, ProofPending):
                    self._refresh(claims, evidence, now)

    def _pass_by(self, claims: RefreshClaims, now: float) -> None:
        decide_transition = partial(
            refreshing.pass_by,
            session_id=claims.session_id,
            token_id=claims.token_id,
            now=now,
            policy=self._policy,
        )
        with suppress(UserNotFound):
            self._change(claims.subject, decide_transition, now)

    def _refresh(self, claims: RefreshClaims, evidence: Evidence, now: float) -> IssuedTokens:
        decide_transition = partial(
            refreshing.refresh,
            session_id=claims.session_id,
            token_id=claims.token_id,
            now=now,
            new_token_id=new_id(),
            policy=self._policy,
            possess=partial(self._issuer.possession, evidence),
        )
        try:
            account, transition = self._change(
                claims.subject, decide_transition, now, missing=RefreshTokenInvalid
            )
        except ProofPending:  # whom the host refuses is told why, and not to come again
            self._ask_host(claims.subject, RefreshTokenInvalid)
            raise
        return self._issue(
            account,
            transition,
            now,
            RefreshTokenInvalid,
            sets_access_cookie=transition.access_until is None,
        )

    def _issue(
        self,
        account: Account,
        transition: Transition,
        now: float,
        missing: type[RatchetError],
        *,
        sets_access_cookie: bool,
    ) -> IssuedTokens:
        """The tokens of a session that this process has just read from its row, or written there."""
        session = transition.session
        if session is None:
            raise missing
        further = self._ask_host(account.subject, missing)
        self._revocations.mark_live(SessionRef(account.subject, session.id), now)
        return self._issuer.issue(
            account,
            session,
            now,
            further,
            until=transition.access_until,
            sets_access_cookie=sets_access_cookie,
        )


def _gravity(problem: RatchetError) -> tuple[bool, bool, bool]:
    """Which of several refusals is told: a Reuse or a block, a missing proof, then an end with a reason."""
    is_over = isinstance(problem, RefreshTokenInvalid)
    return is_over, isinstance(problem, DeviceProofRequired), not problem.reason
