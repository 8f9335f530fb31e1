"""Reads sessions from presented tokens and user rows. It does not write; service.py does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import NamedTuple

from ..errors import TokenInvalid
from ..lifecycle import binding, rotation
from ..lifecycle.account import (
    Account,
    SessionRef,
    as_shown,
    find_session,
    has_just_started,
    live_sessions,
    ruling_on,
)
from ..lifecycle.rotation import Session
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from ..tokens.claims import AccessClaims, RefreshClaims
from .issuer import NO_EVIDENCE, Evidence, TokenIssuer
from .revocation import RevocationCache


class Weighed(NamedTuple):
    """Refresh tokens by what a refresh would say to them; see SessionReader.weigh."""

    good: list[RefreshClaims]
    orphans: list[RefreshClaims]
    unproven: list[RefreshClaims]


class SessionReader:
    """Reads the sessions of one app's users. ``clock`` gives seconds since the epoch."""

    def __init__(
        self,
        settings: Settings,
        store: AccountStore,
        token_issuer: TokenIssuer,
        revocations: RevocationCache,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._issuer, self._revocations = store, token_issuer, revocations
        self._clock, self._policy, self._fresh_for = clock, settings.rotation_policy, settings.fresh_for

    def read_access(self, token: str) -> AccessClaims:
        """The claims of a valid access token whose session has not ended; raises TokenInvalid.

        Raises Unavailable if only the row can tell whether it has ended, and the row cannot be read.
        """
        now = self._clock()
        claims = self._issuer.read_access(token, now)
        self._revocations.check(SessionRef(claims.subject, claims.session_id), now, self._find)
        return claims

    def find(self, ref: SessionRef) -> tuple[Account, Session]:
        """The account and the live session that ``ref`` names, from the row; raises TokenInvalid."""
        return self._find(ref, self._clock())

    def honoured(self, presented: Sequence[str]) -> list[RefreshClaims]:
        """The claims of those refresh tokens that a refresh with nothing else would accept now."""
        now = self._clock()
        return self.weigh(self._issuer.valid_refresh(presented, now), now).good

    def weigh(
        self, candidates: Sequence[RefreshClaims], now: float, evidence: Evidence = NO_EVIDENCE
    ) -> Weighed:
        """Those that a refresh at ``now`` would give new tokens for, one of each session, and the others.

        If both current and parent of a session are presented, current is the good one. Otherwise a thief
        could present both, and would learn from the parent whether the owner has renewed without a risk. Each
        account is read once, however many of its tokens there are.

        A token of a session that is bound to a device is unproven, unless the ``evidence`` is of that device.
        A thief must not end the session with an old cookie, or learn what became of it.
        """
        accounts = {subject: self._store.load(subject) for subject in {one.subject for one in candidates}}
        good: dict[SessionRef, RefreshClaims] = {}
        orphans, unproven = [], []
        for claims in candidates:
            session = self._live(accounts[claims.subject], claims.session_id, now)
            if session and self._ruling(session, evidence, now) not in binding.ALLOWED:
                unproven.append(claims)
                continue
            decision = rotation.decide(session, claims.token_id, now, "", self._policy)
            ref = SessionRef(claims.subject, claims.session_id)
            if session and decision.session and (ref not in good or claims.token_id == session.current):
                good[ref] = claims
            if decision.verdict is rotation.Verdict.REUSE:
                orphans.append(claims)
        return Weighed(list(good.values()), orphans, unproven)

    def _ruling(self, session: Session, evidence: Evidence, now: float) -> binding.Ruling:
        return ruling_on(session, self._issuer.possession(evidence, session), now, self._policy)

    def live_by_access(self, access: Sequence[str], now: float) -> SessionRef | None:
        """The live session of the first access token that is valid at ``now`` and has one."""
        for identity in self._issuer.valid_access(access, now):
            ref = SessionRef(identity.subject, identity.session_id)
            with suppress(TokenInvalid):
                self._find(ref, now)
                return ref
        return None

    def live(self, account: Account) -> tuple[Session, ...]:
        """The live sessions of an account, the most recently served first."""
        sessions = live_sessions(account.sessions, self._clock(), self._policy)
        return tuple(sorted(sessions, key=lambda session: session.served_at, reverse=True))

    def shown(self, sessions: Iterable[Session], current_id: str) -> list[Session]:
        """These sessions as their user sees them, the most recently used first."""
        now = self._clock()
        shown = (as_shown(session, current_id, now) for session in sessions)
        return sorted(shown, key=attrgetter("served_at", "started_at", "id"), reverse=True)

    def ends_at(self, session: Session) -> float:
        """When a session ends if nothing more happens."""
        return rotation.ends_at(session, self._policy)

    def is_fresh(self, session: Session) -> bool:
        """Whether, according to the row, the user signed in within RATCHET_FRESH_FOR.

        The claim of a token is not enough: anybody with the secret could sign it.
        """
        return self._clock() - session.auth_time <= self._fresh_for

    def has_just_started(self, session: Session) -> bool:
        """Whether a session started less than one leeway ago."""
        return has_just_started(session, self._clock(), self._policy)

    def _find(self, ref: SessionRef, now: float) -> tuple[Account, Session]:
        account = self._store.load(ref.subject)
        session = self._live(account, ref.session_id, now)
        if account is None or session is None:
            raise TokenInvalid
        return account, session

    def _live(self, account: Account | None, session_id: str, now: float) -> Session | None:
        """The session of that id, if its user may be signed in and it is not over."""
        if account is None or account.sign_in_error:
            return None
        session = find_session(account.sessions, session_id)
        return session if session and not rotation.is_over(session, now, self._policy) else None
