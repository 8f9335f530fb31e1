"""Ratchet keeps people signed in to a Flask site. This file is its public face: it only re-exports names."""

from .access.visitor import current_user
from .errors import (
    AccountBlocked,
    AccountUnconfirmed,
    CrossOrigin,
    InsufficientScope,
    InvalidCredentials,
    InvalidRequest,
    RatchetError,
    SettingsError,
    SignInRefused,
    TokenInvalid,
    TokenMissing,
    TooManyAttempts,
    Unavailable,
    UserNotFound,
)
from .extension import Ratchet
from .settings.load import check_secret
from .signals import (
    orphan_passed_by,
    password_changed,
    reuse_detected,
    session_ended,
    session_refreshed,
    sign_in_failed,
    sign_in_refused,
    user_blocked,
    user_signed_in,
)
from .user import RatchetUser

__all__ = [
    "AccountBlocked",
    "AccountUnconfirmed",
    "CrossOrigin",
    "InsufficientScope",
    "InvalidCredentials",
    "InvalidRequest",
    "Ratchet",
    "RatchetError",
    "RatchetUser",
    "SettingsError",
    "SignInRefused",
    "TokenInvalid",
    "TokenMissing",
    "TooManyAttempts",
    "Unavailable",
    "UserNotFound",
    "check_secret",
    "current_user",
    "orphan_passed_by",
    "password_changed",
    "reuse_detected",
    "session_ended",
    "session_refreshed",
    "sign_in_failed",
    "sign_in_refused",
    "user_blocked",
    "user_signed_in",
]
