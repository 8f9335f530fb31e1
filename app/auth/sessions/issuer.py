"""Issues the tokens of a session, and reads presented tokens back to their sessions."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from ..errors import DeviceRefused, RefreshTokenInvalid, TokenInvalid
from ..lifecycle import rotation
from ..lifecycle.account import Account, SessionRef
from ..lifecycle.binding import Possession, Proof
from ..lifecycle.rotation import Session
from ..settings.model import Settings
from ..tokens.claims import AccessClaims, AccessTokens, RefreshClaims, RefreshTokens
from ..tokens.jws import derive_key

ID_BYTES = 16
"""Bytes of randomness in a session id or token id: 128 bits (ASVS 7.2.3)."""

_Claims = TypeVar("_Claims", AccessClaims, RefreshClaims)


class IssuedTokens(NamedTuple):
    """The tokens from a sign-in or a refresh. Lifetimes are whole seconds from now.

    ``sets_access_cookie`` is false where the browser has an access cookie that lives as long: only a proof of
    the device's key replaces that.
    """

    account: Account
    session: Session
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    sets_access_cookie: bool = True


class Evidence(NamedTuple):
    """What a request presents beside a refresh token, for sessions that are bound to a device.

    ``access`` are its access tokens. ``is_skipped`` says that the browser cannot prove its key just now.
    ``verify`` takes the public key of the session's device and returns the proof of it, or raises what the
    request is refused with; None where the request has no proof.
    """

    access: tuple[str, ...] = ()
    is_skipped: bool = False
    verify: Callable[[str], Proof] | None = None


NO_EVIDENCE = Evidence()
"""Of a request that presents only refresh tokens."""


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

    def issue(
        self,
        account: Account,
        session: Session,
        now: float,
        further: str = "",
        *,
        until: float | None = None,
        sets_access_cookie: bool = True,
    ) -> IssuedTokens:
        """The tokens of a session as it is now: always the same refresh token, and a new access token.

        ``further`` are the host's own claims (``AccessClaims.further``). The access token does not live
        beyond ``until``.
        """
        latest = session.expires_at if until is None else min(until, session.expires_at)
        access_until = int(min(now + self._access_ttl, latest))
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
            sets_access_cookie,
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

    def possession(self, evidence: Evidence, session: Session) -> Possession:
        """What the evidence of a request shows for a live session.

        Raises what ``evidence.verify`` raises, and DeviceRefused if there is no key to call it with.
        """
        if evidence.verify:
            if session.device is None or not session.device.key:
                raise DeviceRefused
            return Possession(proof=evidence.verify(session.device.key))
        if session.device is None:
            return Possession()
        return self.access_shown(evidence, session)

    def access_shown(self, evidence: Evidence, session: Session) -> Possession:
        """What the access tokens of a request show for a session, bound or not.

        A browser proves its key only where the access cookie is missing. So one that has the cookie of
        another session, or one that nobody can read any more, cannot prove it just now.
        """
        until = self._access_until(evidence.access, session.id)
        is_hindered = bool(evidence.access) and until is None
        return Possession(until, None, evidence.is_skipped or is_hindered)

    def _access_until(self, tokens: Iterable[str], session_id: str) -> float | None:
        """When the last of the access tokens of this session runs out, or has run out."""
        claims = _authentic(tokens, self._access.read_expired)
        return max((one.expires_at for one in claims if one.session_id == session_id), default=None)

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
