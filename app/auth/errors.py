"""One tree of errors: each carries its code, its status and whether it ends the session.

The description is for the user. The internal cause stays in ``__cause__`` and in the log, and never reaches
a reply. Beside the tree stands SettingsError: it stops the start, and no request meets it.
"""

from __future__ import annotations

import re
from math import ceil
from typing import ClassVar

A_MINUTE = "Too many attempts. You can try again in a minute."
MINUTES = "Too many attempts. You can try again in {minutes} minutes."


class SettingsError(ValueError):
    """A setting is wrong; the message names the key, the value and what is allowed, and no password."""


class RatchetError(Exception):
    """A refused request, as the HTTP contract describes it.

    ``code`` is the stable name a client switches on, ``status`` the HTTP status, ``description`` one
    sentence for a person, ``reason`` the code of the cause if that is another error,
    ``retry_after`` seconds to wait if waiting helps, ``ends_session`` whether the verdict ended the
    session. ``sentence`` is the description before the ``values`` are put into its ``{…}``: what can be
    translated.
    """

    code: str = "server_error"
    status: ClassVar[int] = 500
    ends_session: bool = False
    default_description: ClassVar[str] = "Something went wrong on this site."
    reason: ClassVar[str | None] = None
    bearer_error: ClassVar[str | None] = None
    """The ``error`` of the ``WWW-Authenticate`` that goes with this error (RFC 6750, 3.1), if any."""
    handed_back: bool = False
    """Whether ``continuation.hand_back`` has already raised it again for Flask's error handlers."""

    def __init__(
        self,
        description: str | None = None,
        *,
        retry_after: int | None = None,
        ends_session: bool = False,
        **values: object,
    ) -> None:
        self.sentence, self.values = description or self.default_description, values
        self.description = self.sentence.format_map(values) if values else self.sentence
        self.retry_after = retry_after
        self.ends_session = ends_session or self.ends_session
        super().__init__(f"{self.code}: {self.description}")

    @property
    def challenge(self) -> str | None:
        """The ``WWW-Authenticate`` value that goes with this error (RFC 6750, section 3), if any."""
        if self.bearer_error is None:
            return None
        return f'Bearer error="{self.bearer_error}", error_description="{self.default_description}"'


class InvalidRequest(RatchetError):
    """The request cannot be read."""

    code = "invalid_request"
    status = 400
    default_description = "The request could not be read."


class ContentTooLarge(InvalidRequest):
    """The body is larger than any request needs."""

    status = 413
    default_description = "The request body is too large."


class UnsupportedMediaType(InvalidRequest):
    """The body is not of the media type that this route reads."""

    status = 415
    default_description = "This URL does not accept that media type."


class InvalidGrant(RatchetError):
    """The refresh token of an OAuth client is not valid (RFC 6749, section 5.2)."""

    code = "invalid_grant"
    status = 400
    default_description = "The session is over. Sign in again."


class UnsupportedGrantType(RatchetError):
    """An OAuth client asks for tokens in another way than by a refresh token (RFC 6749, section 5.2)."""

    code = "unsupported_grant_type"
    status = 400
    default_description = "This URL gives tokens only for a refresh token."


class NotFound(RatchetError):
    """There is no such thing, or it belongs to another user: the same answer for both."""

    code = "not_found"
    status = 404
    default_description = "There is no such session."


class UserNotFound(NotFound, LookupError):
    """The user has no row: it was deleted, or the host has not committed it yet."""

    default_description = "There is no such user, or its row is not committed yet."


class MethodNotAllowed(RatchetError):
    """The route exists, but not for this method."""

    code = "method_not_allowed"
    status = 405
    default_description = "This URL does not accept that method."

    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__()
        self.allowed = allowed


class InvalidCredentials(RatchetError):
    """Unknown user or wrong password: the same answer, in text and in time (ASVS 6.3.8)."""

    code = "invalid_credentials"
    status = 401
    default_description = "That name and password do not match."


class AccountRefused(RatchetError):
    """The password or token is right, but the account may not sign in."""

    status = 403


class AccountBlocked(AccountRefused):
    """The account has been blocked."""

    code = "account_blocked"
    default_description = "This account has been blocked."


class AccountUnconfirmed(AccountRefused):
    """The account has not been confirmed yet."""

    code = "account_unconfirmed"
    default_description = "This account has not been confirmed yet."


class SignInRefused(AccountRefused):
    """The host's ``may_sign_in`` raises this: ``code`` tells clients why, ``description`` tells the user.

    The session of a refused refresh goes on. ``code`` has up to 64 lower-case letters, digits and
    underscores; ValueError for any other.
    """

    code = "sign_in_refused"
    default_description = "You may not sign in at the moment."
    spelling: ClassVar[str] = "^[a-z][a-z0-9_]{0,63}$"
    """Of a code (ECMA 262, for JSON Schema)."""

    def __init__(self, code: str, description: str | None = None) -> None:
        if not re.fullmatch(self.spelling, code):
            raise ValueError(f"{code!r} is no code: use a-z, 0-9 and _, such as 'terms_not_accepted'")
        self.code = code
        super().__init__(description)


class BearerRefused(RatchetError):
    """An access token is needed and there is no usable one."""

    status = 401
    bearer_error = "invalid_token"


class TokenMissing(BearerRefused):
    """No access token where one is needed."""

    code = "token_missing"
    default_description = "Sign in to see this."


class TokenInvalid(BearerRefused):
    """The access token is bad, expired, of another kind, or of an ended session."""

    code = "token_invalid"
    default_description = "The access token is not valid any more."


class InvalidClient(BearerRefused):
    """A client that asks about tokens has not presented the secret of a service (RFC 7662, section 2.3)."""

    code = "invalid_client"
    default_description = "This URL needs the secret of a service."

    @property
    def challenge(self) -> str:
        """Both schemes that are accepted (RFC 6749, section 5.2)."""
        return f'{super().challenge}, Basic realm="services"'


class RefreshTokenMissing(RatchetError):
    """Neither a refresh cookie nor a refresh token in the body."""

    code = "refresh_token_missing"
    status = 401
    default_description = "There is no session to refresh."


class RefreshTokenInvalid(RatchetError):
    """Bad signature, wrong kind, unknown or ended session, expired: one answer for all."""

    code = "refresh_token_invalid"
    status = 401
    ends_session = True
    default_description = "The session is over. Sign in again."


class RefreshTokenReused(RatchetError):
    """A refresh token came back after its successor was used: somebody holds a copy (RFC 9700, 4.14.2)."""

    code = "refresh_token_reused"
    status = 401
    ends_session = True
    default_description = "The session was ended because an old token of it was used again. Sign in again."


class SessionStolen(RefreshTokenInvalid):
    """The session is over because of a theft: the same answer, with the reason for its owner."""

    reason = RefreshTokenReused.code


class DeviceProofRequired(RatchetError):
    """The session is bound to a device, and the request shows neither its key nor an unexpired access token.

    The session itself goes on: a request with the key is served.
    """

    code = "device_proof_required"
    status = 401
    default_description = "This browser could not prove that it is the one that signed in. Sign in again."


class DeviceRefused(RatchetError):
    """A key cannot be registered: too late, or another one is; or the session has none."""

    code = "device_refused"
    status = 400
    default_description = "This session cannot be bound to a device."


class ChallengeUsed(RatchetError):
    """The proof answers a challenge that was used, or one from before that; a new one will do."""

    code = "challenge_used"
    status = 403
    default_description = "The proof of the device's key is not of a new challenge."


class ReauthenticationRequired(RatchetError):
    """The view needs a recent sign-in and this one is too old (RFC 9470)."""

    code = "reauthentication_required"
    status = 403
    bearer_error = "insufficient_user_authentication"
    default_description = "Sign in again to do this."


class InsufficientScope(RatchetError):
    """The view needs claims that the access token does not have (RFC 6750, 3.1)."""

    code = "insufficient_scope"
    status = 403
    bearer_error = "insufficient_scope"
    default_description = "You may not do this."


class CrossOrigin(RatchetError):
    """A browser sent this for another site."""

    code = "cross_origin"
    status = 403
    default_description = "This request came from another site."


class TooManyAttempts(RatchetError):
    """Too many failed sign-ins; ``retry_after`` says how long to wait."""

    code = "too_many_attempts"
    status = 429
    default_description = "Too many attempts. Wait a little and try again."

    def __init__(self, description: str | None = None, *, retry_after: int | None = None) -> None:
        minutes = ceil((retry_after or 0) / 60)
        if description or not minutes:
            super().__init__(description, retry_after=retry_after)
        else:
            told = A_MINUTE if minutes == 1 else MINUTES
            super().__init__(told, retry_after=retry_after, minutes=minutes)


class Unavailable(RatchetError):
    """The database or another part is down or busy; nothing was lost."""

    code = "unavailable"
    status = 503
    default_description = "The site is busy. Try again in a moment."

    def __init__(self, description: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(description, retry_after=retry_after)


class ProofPending(Unavailable):
    """The browser has not yet proved the key of its device, or cannot just now; nothing was lost."""

    default_description = "The browser has to prove first that it is the one that signed in. Try again."
