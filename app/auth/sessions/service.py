"""Start, restart, refresh, end and block: the operations on sessions.

This module connects the decisions of lifecycle/ with the clock and randomness. An operation reads the clock
once. writer.py writes what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from ..errors import (
    AccountRefused,
    InvalidCredentials,
    RatchetError,
    RefreshTokenInvalid,
    RefreshTokenReused,
    TokenInvalid,
    UserNotFound,
)
from ..lifecycle import transitions
from ..lifecycle.account import Account, SessionOptions, SessionRef, new_session
from ..lifecycle.rotation import Session
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from ..tokens.claims import RefreshClaims
from .hooks import AskHost
from .issuer import IssuedTokens, TokenIssuer, new_id
from .reader import SessionReader
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
        started = self._new_session(SessionOptions(old.remember, old.delivery, old.label), now)
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

    def refresh(self, presented: Sequence[str], beside: Sequence[str] = ()) -> IssuedTokens:
        """Apply the rule to a refresh token, write the result, then return new tokens or raise the error.

        ``presented`` is every candidate that came under the cookie's name, ``beside`` what else the request
        presents. If several are authentic, a good one of ``presented`` counts. If none is good, the rule is
        applied to each, so that a theft is found even if another candidate belongs to an ended session.
        """
        now = self._clock()
        candidates = self._issuer.valid_refresh(presented, now)
        good: list[RefreshClaims] = []
        if candidates[1:] or beside:
            good, orphans = self._reader.weigh(candidates, now)
            if good:
                _, further = self._reader.weigh(self._issuer.valid_refresh(beside, now), now)
                self._check_orphans([*orphans, *further], good, now)
        problems: list[RatchetError] = []
        for claims in good or candidates:
            try:
                return self._refresh(claims, now)
            except (RefreshTokenInvalid, RefreshTokenReused, AccountRefused) as problem:
                problems.append(problem)
        raise min(problems, key=_gravity, default=RefreshTokenInvalid())

    def acting_session(self, refresh: Sequence[str], access: Sequence[str]) -> SessionRef | None:
        """The live session that these tokens may act for. An orphan among them is a theft, as in a refresh.

        Otherwise a thief could try out here whether a stolen token is still good.
        """
        return self._acting_session(refresh, access, self._clock())

    def sign_out(self, refresh: Sequence[str], access: Sequence[str], scope: str) -> None:
        """End the session of these tokens (``session``), the user's ``others``, or ``all`` of them.

        Any authentic token ends its own session, however old. To end others its session has to be live;
        RefreshTokenInvalid otherwise.
        """
        now, refs = self._clock(), self._issuer.refs(refresh, access)
        acting_session = None if scope == "session" else self._acting_session(refresh, access, now)
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

    def _acting_session(self, refresh: Sequence[str], access: Sequence[str], now: float) -> SessionRef | None:
        good, orphans = self._reader.weigh(self._issuer.valid_refresh(refresh, now), now)
        self._check_orphans(orphans, good, now)
        if good:
            return SessionRef(good[0].subject, good[0].session_id)
        return self._reader.live_by_access(access, now)

    def _check_orphans(
        self, orphans: Sequence[RefreshClaims], good: Sequence[RefreshClaims], now: float
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
                with suppress(RefreshTokenInvalid, RefreshTokenReused, AccountRefused):
                    self._refresh(claims, now)

    def _pass_by(self, claims: RefreshClaims, now: float) -> None:
        decide_transition = partial(
            transitions.pass_by,
            session_id=claims.session_id,
            token_id=claims.token_id,
            now=now,
            policy=self._policy,
        )
        with suppress(UserNotFound):
            self._change(claims.subject, decide_transition, now)

    def _refresh(self, claims: RefreshClaims, now: float) -> IssuedTokens:
        decide_transition = partial(
            transitions.refresh,
            session_id=claims.session_id,
            token_id=claims.token_id,
            now=now,
            new_token_id=new_id(),
            policy=self._policy,
        )
        account, session = self._change(claims.subject, decide_transition, now, missing=RefreshTokenInvalid)
        if session is None:
            raise RefreshTokenInvalid
        return self._issue(account, session, now, self._ask_host(claims.subject, RefreshTokenInvalid))

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


def _gravity(problem: RatchetError) -> tuple[bool, bool]:
    """Which of several refusals is told: a Reuse or a block, then an end that has a reason."""
    return isinstance(problem, RefreshTokenInvalid), not problem.reason
