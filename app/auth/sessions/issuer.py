"""Issues the tokens of a session, and reads presented tokens back to their sessions."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from ..errors import RefreshTokenInvalid, TokenInvalid
from ..lifecycle import rotation
from ..lifecycle.account import Account, SessionRef
from ..lifecycle.rotation import Session
from ..settings.model import Settings
from ..tokens.claims import AccessClaims, AccessTokens, RefreshClaims, RefreshTokens
from ..tokens.jws import derive_key

ID_BYTES = 16
"""Bytes of randomness in a session id or token id: 128 bits (ASVS 7.2.3)."""

_Claims = TypeVar("_Claims", AccessClaims, RefreshClaims)


class IssuedTokens(NamedTuple):
    """The tokens from a sign-in or a refresh. Lifetimes are whole seconds from now."""

    account: Account
    session: Session
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


class TokenIssuer:
    """Makes and reads the tokens of one app. Every ``now`` is seconds since the epoch.

    ``own_url`` is the ``iss`` of access tokens that a key pair signs, if the settings name none.
    """

    def __init__(self, settings: Settings, own_url: Callable[[], str] | None = None) -> None:
        self._access_ttl, self._policy = settings.access_ttl, settings.rotation_policy
        self._access = AccessTokens(
            settings.jwt_keys or [derive_key(secret, "access token") for secret in settings.secrets],
            settings.issuer,
            settings.audience,
            own_url if settings.jwt_keys else None,
        )
        self._refresh = RefreshTokens(
            [derive_key(secret, "refresh token") for secret in settings.secrets], settings.issuer
        )

    def issue(self, account: Account, session: Session, now: float, further: str = "") -> IssuedTokens:
        """The tokens of a session as it is now: always the same refresh token, and a new access token.

        ``further`` are the host's own claims (``AccessClaims.further``).
        """
        access_until = int(min(now + self._access_ttl, session.expires_at))
        access = AccessClaims(
            account.subject, session.id, int(now), access_until, int(session.auth_time), new_id(), further
        )
        refresh = RefreshClaims(account.subject, session.id, session.current, int(session.expires_at))
        return IssuedTokens(
            account,
            session,
            self._access.sign(access),
            access_until - int(now),
            self._refresh.sign(refresh),
            int(rotation.ends_at(session, self._policy) - now),
        )

    def read_access(self, token: str, now: float) -> AccessClaims:
        """The claims of a valid access token, without reading the row; raises TokenInvalid."""
        return self._access.read(token, now)

    def valid_access(self, tokens: Iterable[str], now: float) -> list[AccessClaims]:
        """The claims of those access tokens that are valid."""
        return _authentic(tokens, partial(self._access.read, now=now))

    def valid_refresh(self, tokens: Iterable[str], now: float) -> list[RefreshClaims]:
        """The claims of those refresh tokens that are authentic and not expired."""
        return _authentic(tokens, partial(self._refresh.read, now=now))

    def refs(self, refresh: Iterable[str], access: Iterable[str]) -> list[SessionRef]:
        """The sessions of authentic tokens of either kind, however old, those of refresh tokens first."""
        claims: list[RefreshClaims | AccessClaims] = [
            *_authentic(refresh, self._refresh.read_expired),
            *_authentic(access, self._access.read_expired),
        ]
        return list(dict.fromkeys(SessionRef(one.subject, one.session_id) for one in claims))

    def is_foreign(self, token: str) -> bool:
        """Whether ``token`` has the form of an access or refresh token, and no key of this app signed it."""
        return self._access.is_foreign(token) or self._refresh.is_foreign(token)


def new_id() -> str:
    """A random session id or token id."""
    return secrets.token_urlsafe(ID_BYTES)


def _authentic(tokens: Iterable[str], read: Callable[[str], _Claims]) -> list[_Claims]:
    """The claims of those tokens that can be read, each once."""
    claims: dict[_Claims, None] = {}
    for token in tokens:
        with suppress(RefreshTokenInvalid, TokenInvalid):
            claims[read(token)] = None
    return list(claims)
