"""Authenticate a user by password, and change a password. Every path costs the same work."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .. import signals
from ..errors import InvalidCredentials, RatchetError, Unavailable
from ..lifecycle.account import Account, SessionRef, find_session
from ..lifecycle.rotation import Session
from ..log import log_safely
from ..sessions.issuer import IssuedTokens
from ..sessions.service import SessionService
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from ..user import canonical, check_identifier
from . import hashing, throttle
from .formats import PasswordFormats
from .hash_limit import HashLimit
from .policy import check_length, check_new_password
from .throttle import Attempt, Throttle


class Authenticator:
    """Checks passwords against the user rows, within the limits of the throttle."""

    def __init__(
        self,
        settings: Settings,
        store: AccountStore,
        counts: Throttle,
        sessions: SessionService,
        is_breached: Callable[[str], bool],
        formats: PasswordFormats,
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._store, self._is_breached = settings, store, is_breached
        self._throttle, self._sessions, self._clock = counts, sessions, clock
        self.formats, self._hashes = formats, HashLimit()

    def authenticate(
        self,
        field: str,
        identifier: str,
        password: str,
        *,
        client_ip: str,
        device: SessionRef | None = None,
    ) -> Account:
        """The account behind an e-mail address or user name (``field``) and its password.

        ``client_ip`` is the IP address of the client, ``device`` the live session that its browser has.
        Raises InvalidCredentials, TooManyAttempts, AccountBlocked or AccountUnconfirmed; InvalidRequest if
        ``identifier`` or ``password`` is too long; Unavailable if too many sign-ins run at once.
        """
        check_identifier(identifier)
        check_length(password)
        account, name = self._store.find(field, identifier), canonical(identifier)
        who = throttle.account(account.subject) if account else throttle.name(name)
        attempt = Attempt(who, client_ip, _session_of(account, device))
        try:
            return self._check(account, password, attempt)
        except RatchetError as error:
            signals.emit(signals.sign_in_failed, identifier=name, address=client_ip, reason=error.code)
            raise

    def change_password(
        self, account: Account, session: Session, current: str, new: str, *, client_ip: str
    ) -> IssuedTokens:
        """Set a new password; every session ends, and a new one replaces ``session``.

        Wrong ones are counted against ``session`` and not against the account, so that a thief with one
        session cannot keep the owner from a change in another. Raises InvalidRequest if the new one is
        refused or ``current`` is too long, InvalidCredentials if ``current`` is wrong, TooManyAttempts.
        """
        check_length(current)
        self.check_new(new)
        attempt = Attempt(throttle.account(account.subject), client_ip, _first_of(session))
        self._verify(account, current, attempt, wrong="That is not your current password.")
        return self._sessions.restart(account, session, self._hash(new))

    def hash_new(self, password: str) -> str:
        """The hash of a new password; InvalidRequest if it is refused, Unavailable as ``authenticate``."""
        self.check_new(password)
        return self._hash(password)

    def forget_attempts(self) -> None:
        """Forget the attempts to sign in that this process has counted in its memory."""
        self._throttle.forget()

    def check_new(self, password: str) -> None:
        """Raise InvalidRequest if this new password is refused."""
        check_new_password(password, self._settings.password_min_length, self._ask_breached)

    def _ask_breached(self, password: str) -> bool:
        """The answer of the host's check; a check that raises an error refuses no password."""
        try:
            return self._is_breached(password)
        except Exception as error:  # noqa: BLE001  # a host's check can raise anything
            log_safely(logging.ERROR, "the breach check failed", exception=error)
            return False

    def _check(self, account: Account | None, password: str, attempt: Attempt) -> Account:
        known = self._verify(account, password, attempt)
        if known.sign_in_error:
            raise known.sign_in_error
        return self._upgrade_hash(known, password)

    def _verify(
        self, account: Account | None, password: str, attempt: Attempt, wrong: str | None = None
    ) -> Account:
        """The account if this is its password; otherwise InvalidCredentials, described as ``wrong``."""
        self._throttle.acquire(attempt, self._clock())
        try:
            matches = self._hashes.run(
                self.formats.verify, password, account.password_hash if account else None
            )
        except Unavailable:  # nothing was compared, so it was no guess
            self._throttle.withdraw(attempt)
            raise
        if account is None or not matches:
            raise InvalidCredentials(wrong)
        self._throttle.release(attempt)
        return account

    def _upgrade_hash(self, account: Account, password: str) -> Account:
        """Store a new hash if the stored one is too cheap or has the format of another system.

        The password is the user's already, so the rules for new ones do not apply.
        """
        if not hashing.needs_rehash(account.password_hash, self._settings.bcrypt_rounds):
            return account
        try:
            raised = self._hash(password)
        except Unavailable:  # too many hashes at once: the next sign-in stores it
            return account
        written = self._store.compare_and_swap(
            account, account.sessions, password_hash=raised, same_hash=True
        )
        latest = self._store.load(account.subject)
        if latest is None:
            raise InvalidCredentials
        # Another request may have stored a hash meanwhile: of this password, or of a new one.
        expected = raised if written else account.password_hash
        if latest.password_hash != expected and not self.formats.verify(password, latest.password_hash):
            raise InvalidCredentials
        return latest

    def _hash(self, password: str) -> str:
        return self._hashes.run(hashing.hash_password, password, self._settings.bcrypt_rounds)


def _session_of(account: Account | None, device: SessionRef | None) -> str:
    """The id of the session of ``account`` that the device has; "" if it has none."""
    if account is None or device is None or device.subject != account.subject:
        return ""
    session = find_session(account.sessions, device.session_id)
    return _first_of(session) if session else ""


def _first_of(session: Session) -> str:
    """The session that guesses are counted under: starting further sessions gives no further guesses."""
    return session.started_by or session.id
