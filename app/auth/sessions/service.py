"""Start, restart, refresh, end and block: the operations on sessions.

This module connects the decisions of lifecycle/ with the clock and randomness. An operation reads the clock
once. writer.py writes what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from ..errors import (
    InvalidCredentials,
    RefreshTokenInvalid,
    TokenInvalid,
    UserNotFound,
)
from ..lifecycle import transitions
from ..lifecycle.account import Account, SessionOptions, SessionRef, new_session
from ..lifecycle.binding import Proof
from ..lifecycle.rotation import Session
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from .hooks import AskHost
from .issuer import NO_EVIDENCE, Evidence, IssuedTokens, TokenIssuer, new_id
from .reader import SessionReader
from .refresher import SessionRefresher
from .revocation import RevocationCache
from .writer import TransitionWriter


class SessionService:
    """Changes the sessions of one app's users. ``clock`` gives seconds since the epoch.

    ``ask_host`` calls the host's hooks each time tokens are issued. A sign-in calls it before it writes, so
    that a refusal or a failing hook leaves nothing behind. A refresh calls it after the rule is written: the
    rule finds thefts also while the host refuses, and a refused reply is like a lost one, so the session goes
    on.
    """

    def __init__(
        self,
        settings: Settings,
        store: AccountStore,
        token_issuer: TokenIssuer,
        revocations: RevocationCache,
        reader: SessionReader,
        clock: Callable[[], float],
        ask_host: AskHost,
    ) -> None:
        self._settings, self._store, self._issuer = settings, store, token_issuer
        self._ask_host = ask_host
        self._revocations, self._reader, self._clock = revocations, reader, clock
        self._policy = settings.rotation_policy
        self._change = TransitionWriter(settings, store, revocations).change
        self._refresher = SessionRefresher(
            self._change, token_issuer, revocations, reader, clock, ask_host, self._policy
        )

    def start(
        self,
        account: Account,
        options: SessionOptions,
        *,
        started_by: Session | None = None,
        replaces: SessionRef | None = None,
    ) -> IssuedTokens:
        """Start a session. The one it ``replaces`` ends, and beyond the limit the least recently served ends.

        ``account`` is the row that the password was checked on; if its password has changed since, the start
        is refused. A session that was ``started_by`` another one has its ``auth_time``, and ends if that one
        is stolen.
        """
        now, further = self._clock(), self._further(account)
        started = self._new_session(options, now, started_by)
        decide_transition = partial(
            transitions.start,
            new_session=started,
            password_hash=account.password_hash,
            replaces=replaces,
            max_sessions=self._settings.max_sessions,
            policy=self._policy,
        )
        latest, _ = self._change(
            account.subject, decide_transition, now, account=account, missing=InvalidCredentials
        )
        if replaces and replaces.subject != account.subject:
            self._end_session(replaces, "replaced", now)
        return self._issue(latest, started, now, further)

    def restart(self, account: Account, old: Session, password_hash: str) -> IssuedTokens:
        """Store a new password; a new session replaces ``old`` and every other session ends.

        Raises InvalidCredentials if the password was changed meanwhile, TokenInvalid if ``old`` has ended.
        """
        now, further = self._clock(), self._further(account)
        must_bind = old.device is not None and old.device.is_required
        started = self._new_session(SessionOptions(old.remember, old.delivery, old.label, must_bind), now)
        decide_transition = partial(
            transitions.restart, new_session=started, password_hash=account.password_hash, old=old.id
        )
        latest, _ = self._change(
            account.subject,
            decide_transition,
            now,
            account=account,
            missing=InvalidCredentials,
            password_hash=password_hash,
        )
        return self._issue(latest, started, now, further)

    def reset(self, subject: str, password_hash: str) -> None:
        """Store a password that the host sets; every session ends. Raises UserNotFound."""
        decide_transition = partial(transitions.reset, password_hash=password_hash)
        self._change(subject, decide_transition, self._clock(), password_hash=password_hash)

    def refresh(
        self, presented: Sequence[str], beside: Sequence[str] = (), evidence: Evidence = NO_EVIDENCE
    ) -> IssuedTokens:
        """Apply the rule to a refresh token; see SessionRefresher."""
        return self._refresher.refresh(presented, beside, evidence)

    def prove(
        self, ref: SessionRef, presented: Sequence[str], verify: Callable[[str], Proof]
    ) -> IssuedTokens:
        """Refresh with a proof of the device's key; see SessionRefresher."""
        return self._refresher.prove(ref, presented, verify)

    def register_device(
        self, ref: SessionRef, key: str, issued_at: float, access: Sequence[str]
    ) -> IssuedTokens:
        """Register the public key of a session's device; see SessionRefresher."""
        return self._refresher.register_device(ref, key, issued_at, access)

    def acting_session(self, refresh: Sequence[str], evidence: Evidence) -> SessionRef | None:
        """The live session that these tokens may act for; see SessionRefresher."""
        return self._refresher.acting_session(refresh, evidence, self._clock())

    def sign_out(self, refresh: Sequence[str], evidence: Evidence, scope: str) -> None:
        """End the session of these tokens (``session``), the user's ``others``, or ``all`` of them.

        Any authentic token ends its own session, however old. To end others its session has to be live;
        RefreshTokenInvalid otherwise. If it is bound to a device, it also needs the ``evidence``: otherwise
        nothing ends, see SessionRefresher.acting_session.
        """
        now, refs = self._clock(), self._issuer.refs(refresh, evidence.access)
        acting_session = None
        if scope != "session":
            acting_session = self._refresher.acting_session(refresh, evidence, now, insists=True)
        if acting_session is None:
            for ref in refs:
                self._end_session(ref, "signed_out", now)
            if scope != "session":
                raise RefreshTokenInvalid
        elif scope == "others":
            self._end_others(acting_session, now)
        else:
            with suppress(UserNotFound):  # deleted a moment ago, so already signed out
                self._end_all(acting_session.subject, "signed_out", now)
            for ref in refs:
                if ref.subject != acting_session.subject:  # a token of the cookie and one of the body
                    self._end_session(ref, "signed_out", now)

    def end(self, ref: SessionRef, reason: str = "signed_out") -> None:
        """End one session, if it is there."""
        self._end_session(ref, reason, self._clock())

    def end_others(self, ref: SessionRef) -> None:
        """End every session of the user but this one."""
        self._end_others(ref, self._clock())

    def end_all(self, subject: str, reason: str = "signed_out") -> None:
        """End every session of a user. Raises UserNotFound."""
        self._end_all(subject, reason, self._clock())

    def block(self, subject: str, *, blocked: bool = True, reason: str = "blocked") -> None:
        """Block a user (every session ends and none can start, in one write), or unblock them.

        Raises UserNotFound.
        """
        decide_transition = partial(transitions.block, blocked=blocked, reason=reason)
        self._change(subject, decide_transition, self._clock(), blocked=blocked)

    def _end_session(self, ref: SessionRef, reason: str, now: float) -> None:
        self._end(ref.subject, lambda session: session.id == ref.session_id, reason, now)

    def _end_others(self, ref: SessionRef, now: float) -> None:
        self._end(ref.subject, lambda session: session.id != ref.session_id, "signed_out", now)

    def _end_all(self, subject: str, reason: str, now: float) -> None:
        self._change(subject, partial(transitions.end_all, reason=reason), now)

    def _end(self, subject: str, which: Callable[[Session], bool], reason: str, now: float) -> None:
        """If the user has no row, there is nothing to end: the token is older than the deletion."""
        with suppress(UserNotFound):
            decide_transition = partial(transitions.end, which=which, reason=reason)
            self._change(subject, decide_transition, now)

    def check_host(self, ref: SessionRef) -> None:
        """Raise SignInRefused where the host refuses the user of a live session, and so its next refresh."""
        self._ask_host(ref.subject, TokenInvalid)

    def _further(self, account: Account) -> str:
        """The host's claims for somebody who signs in; what Ratchet itself refuses is not asked."""
        return "" if account.sign_in_error else self._ask_host(account.subject, InvalidCredentials)

    def _issue(self, account: Account, session: Session, now: float, further: str) -> IssuedTokens:
        """The tokens of a session that this process has just read from its row, or written there."""
        self._revocations.mark_live(SessionRef(account.subject, session.id), now)
        return self._issuer.issue(account, session, now, further)

    def _new_session(self, options: SessionOptions, now: float, started_by: Session | None = None) -> Session:
        expires_at = now + self._settings.session_ttl
        return new_session(new_id(), new_id(), options, now, expires_at=expires_at, started_by=started_by)
