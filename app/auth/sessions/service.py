"""The verbs on sessions: start, refresh, end, list. The shell around the rule.

Here the store, randomness and the signals meet the values of turns.py and rotation.py. A verb is decided on
a loaded account and swapped in; who loses the race loads and decides again. What refuses a request is
raised only after what it changes is on disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from .. import signals
from ..errors import RefreshTokenInvalid, RefreshTokenReused, TokenInvalid, Unavailable
from ..lifecycle import rotation, transitions
from ..lifecycle.account import Account, EndedSession, SessionRef, find_session, live_sessions
from ..lifecycle.rotation import Session
from ..lifecycle.transitions import Transition, Turn
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from ..tokens.claims import RefreshClaims
from .issuer import IssuedTokens, TokenIssuer, new_id
from .revocation import RevocationCache, record

MAX_RACES = 20
"""How often a verb is decided anew because another request was faster."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a session is wanted: remembered or not, delivered where, called what."""

    remember: bool = False
    delivery: str = "cookie"
    label: str = ""


class SessionService:
    """The sessions of one app's users. Every ``now`` is seconds since the epoch."""

    def __init__(
        self, settings: Settings, store: AccountStore, token_issuer: TokenIssuer, revocations: RevocationCache
    ) -> None:
        self._settings, self._store, self._issuer = settings, store, token_issuer
        self._revocations = revocations
        self._policy = settings.rotation_policy

    def start(
        self,
        account: Account,
        options: SessionOptions,
        now: float,
        *,
        started_by: Session | None = None,
        replaces: SessionRef | None = None,
    ) -> IssuedTokens:
        """Start a session. The one it ``replaces`` ends; beyond the limit, the least recently served.

        ``account`` is the row the person was authenticated on; a password changed since then refuses.
        One that was ``started_by`` another session has the sign-in of that one, and ends with its theft.
        """
        new_session = self._new_session(options, now, started_by)
        decide_transition = partial(
            transitions.start,
            new_session=new_session,
            password_hash=account.password_hash,
            replaces=replaces,
            max_sessions=self._settings.max_sessions,
            policy=self._policy,
        )
        latest, _ = self._change(account.subject, decide_transition, now, account)
        if replaces and replaces.subject != account.subject:
            self.end(replaces, now, "replaced")
        return self._issuer.issue(latest, new_session, now)

    def restart(self, account: Account, old: Session, now: float, password_hash: str) -> IssuedTokens:
        """Store a new password; a fresh session takes the place of ``old`` and every other one ends.

        Raises InvalidCredentials where the password was changed meanwhile, TokenInvalid where ``old`` ended.
        """
        new_session = self._new_session(SessionOptions(old.remember, old.delivery, old.label), now)
        decide_transition = partial(
            transitions.restart, new_session=new_session, password_hash=account.password_hash, old=old.id
        )
        latest, _ = self._change(
            account.subject, decide_transition, now, account, password_hash=password_hash
        )
        return self._issuer.issue(latest, new_session, now)

    def reset(self, account: Account, now: float, password_hash: str) -> None:
        """Store a password that the host sets; every session ends."""
        decide_transition = partial(transitions.reset, password_hash=password_hash)
        self._change(account.subject, decide_transition, now, account, password_hash=password_hash)

    def refresh(self, presented: Sequence[str], now: float) -> IssuedTokens:
        """Honour a refresh token: what the rule says of it, on disk, then new tokens or the refusal.

        ``presented`` is every candidate that came under the cookie's name. Where several are authentic, one
        that is good counts, and the others are passed by: an old cookie of another path proves nothing. Where
        none is good they are judged one by one, so an ended session beside a stolen one hides no theft.
        """
        candidates = self._issuer.valid_refresh(presented, now)
        good = [claims for claims in candidates if self.honours(claims, now)] if candidates[1:] else []
        for claims in candidates if good else ():
            if claims != good[0]:
                self._pass_by(claims, now)
        error = RefreshTokenInvalid()
        for claims in good or candidates:
            try:
                return self._refresh(claims, now)
            except RefreshTokenInvalid as problem:
                error = error if error.reason else problem
        raise error

    def sign_out(self, refresh: Sequence[str], access: Sequence[str], scope: str, now: float) -> None:
        """End the session these tokens speak of (``session``), the user's ``others``, or ``all`` of them.

        Any authentic token ends its own session, however old. For more than that it has to be alive;
        RefreshTokenInvalid otherwise.
        """
        acting_session = None if scope == "session" else self.acting_session(refresh, access, now)
        if acting_session is None:
            for ref in self._issuer.refs(refresh, access):
                self.end(ref, now)
            if scope != "session":
                raise RefreshTokenInvalid
        elif scope == "others":
            self.end_others(acting_session, now)
        else:
            self.end_all(acting_session.subject, now)

    def end(self, ref: SessionRef, now: float, reason: str = "signed_out") -> None:
        """End one session, if it is there."""
        here = partial(transitions.end, which=lambda session: session.id == ref.session_id, reason=reason)
        self._if_there(ref.subject, here, now)

    def end_others(self, ref: SessionRef, now: float) -> None:
        """End every session of the user but this one."""
        others = partial(
            transitions.end, which=lambda session: session.id != ref.session_id, reason="signed_out"
        )
        self._if_there(ref.subject, others, now)

    def end_all(self, subject: str, now: float, reason: str = "signed_out") -> None:
        """End every session of a user."""
        self._if_there(subject, partial(transitions.end_all, reason=reason), now)

    def block(self, subject: str, now: float, *, blocked: bool = True, reason: str = "blocked") -> None:
        """Keep a user out (every session ends and none can start, in one write), or let them in again."""
        self._if_there(
            subject, partial(transitions.block, blocked=blocked, reason=reason), now, blocked=blocked
        )

    def find(self, ref: SessionRef, now: float) -> tuple[Account, Session]:
        """The account and the live session of that name, from the row; raises TokenInvalid."""
        account = self._store.load(ref.subject)
        session = find_session(account.sessions, ref.session_id) if account else None
        if account is None or session is None or account.sign_in_error:
            raise TokenInvalid
        if rotation.is_over(session, now, self._policy):
            raise TokenInvalid
        return account, session

    def honours(self, claims: RefreshClaims, now: float) -> bool:
        """Whether a refresh with this token would give new ones; only asks."""
        with suppress(TokenInvalid):
            _, session = self.find(SessionRef(claims.subject, claims.session_id), now)
            return rotation.decide(session, claims.token_id, now, "", self._policy).session is not None
        return False

    def live(self, account: Account, now: float) -> tuple[Session, ...]:
        """The live sessions of an account, the most recently served first."""
        sessions = live_sessions(account.sessions, now, self._policy)
        return tuple(sorted(sessions, key=lambda session: session.served_at, reverse=True))

    def ends_at(self, session: Session) -> float:
        """When a session ends if nothing more happens."""
        return rotation.ends_at(session, self._policy)

    def _refresh(self, claims: RefreshClaims, now: float) -> IssuedTokens:
        decide_transition = partial(
            transitions.refresh, claims=claims, now=now, new_token_id=new_id(), policy=self._policy
        )
        account, session = self._change(claims.subject, decide_transition, now)
        if session is None:
            raise RefreshTokenInvalid
        return self._issuer.issue(account, session, now)

    def _pass_by(self, claims: RefreshClaims, now: float) -> None:
        self._if_there(
            claims.subject, partial(transitions.pass_by, claims=claims, now=now, policy=self._policy), now
        )

    def _if_there(self, subject: str, decide_transition: Turn, now: float, **columns: Any) -> None:
        with suppress(RefreshTokenInvalid):  # no such user: there is nothing to change
            self._change(subject, decide_transition, now, **columns)

    def _change(
        self,
        subject: str,
        decide_transition: Turn,
        now: float,
        account: Account | None = None,
        **columns: Any,
    ) -> tuple[Account, Session | None]:
        """Decide a turn, write it, tell its events, raise its refusal, in that order.

        Starts from ``account`` where the caller has just loaded it. Expired sessions go with every write,
        and ``columns`` (see Store.swap) come along with it.
        """
        for _ in range(MAX_RACES):
            account = account or self._store.load(subject)
            if account is None:
                raise RefreshTokenInvalid
            transition = decide_transition(account)
            if self._write(account, transition, now, columns):
                for event in transition.events:
                    signals.emit(event.signal, subject=subject, **event.details)
                if transition.error:
                    raise transition.error
                return account, transition.session
            account = None
        raise Unavailable

    def _write(self, account: Account, transition: Transition, now: float, columns: dict[str, Any]) -> bool:
        if transition.sessions == account.sessions and not transition.must_write:
            return True
        kept = live_sessions(transition.sessions, now, self._policy)
        theft = transition.error is not None and transition.error.code == RefreshTokenReused.code
        gone = [
            EndedSession(session.id, now, theft and not find_session(transition.sessions, session.id))
            for session in account.sessions
            if not find_session(kept, session.id)
        ]
        ended = self._record(account, gone, now)
        written = self._store.compare_and_swap(account, kept, ended=ended, **columns)
        if written:
            self._revocations.add(ended)
        return written

    def _record(self, account: Account, gone: list[EndedSession], now: float) -> tuple[EndedSession, ...]:
        if not gone:
            return ()
        times = {"keep_for": self._settings.access_ttl, "keep_thefts_for": self._settings.session_ttl}
        return record(account.ended, gone, now, subject=account.subject, **times)

    def _new_session(self, options: SessionOptions, now: float, started_by: Session | None = None) -> Session:
        return Session(
            id=new_id(),
            current=new_id(),
            parent=None,
            made_at=now,
            shown_at=now,
            served_at=now,
            started_at=now,
            expires_at=now + self._settings.session_ttl,
            auth_time=started_by.auth_time if started_by else now,
            remember=options.remember,
            delivery=options.delivery,
            label=options.label,
            started_by=started_by.id if started_by else "",
        )

    def acting_session(self, refresh: Sequence[str], access: Sequence[str], now: float) -> SessionRef | None:
        """The live session that one of these tokens may speak for."""
        for claims in self._issuer.valid_refresh(refresh, now):
            if self.honours(claims, now):
                return SessionRef(claims.subject, claims.session_id)
        for identity in self._issuer.valid_access(access, now):
            ref = SessionRef(identity.subject, identity.session_id)
            with suppress(TokenInvalid):
                self.find(ref, now)
                return ref
        return None
