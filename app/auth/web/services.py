"""The parts of Ratchet that belong to one app, made once at start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from flask import current_app

from ..passwords.authentication import Authenticator
from ..passwords.formats import PasswordFormats, PasswordVerifier
from ..passwords.throttle import Throttle
from ..sentences import Sentences
from ..sessions.hooks import Hooks
from ..sessions.issuer import TokenIssuer
from ..sessions.reader import SessionReader
from ..sessions.revocation import RevocationCache
from ..sessions.service import SessionService
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from ..tokens.device_proofs import Challenges
from .cookies import Cookies

EXTENSION = "ratchet"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one app.

    ``clock`` gives seconds since the epoch. Each part that needs the time already has it; it is here for
    ``flask ratchet doctor``, which compares it with the clock of the database.
    """

    settings: Settings
    store: AccountStore
    token_issuer: TokenIssuer
    reader: SessionReader
    sessions: SessionService
    authenticator: Authenticator
    cookies: Cookies
    challenges: Challenges
    clock: Callable[[], float]
    sentences: Sentences


def assemble(
    settings: Settings,
    store: AccountStore,
    hooks: Hooks,
    is_breached: Callable[[str], bool],
    verifiers: Sequence[PasswordVerifier],
    clock: Callable[[], float],
    sentences: Sentences,
    own_url: Callable[[], str],
) -> Services:
    """Make the parts of an app. ``own_url`` is the ``iss`` of access tokens if the settings name none."""
    token_issuer = TokenIssuer(settings, own_url)
    revocations = RevocationCache(store.ended_since, settings.access_ttl)
    reader = SessionReader(settings, store, token_issuer, revocations, clock)
    sessions = SessionService(
        settings, store, token_issuer, revocations, reader, clock, hooks.asked_by(store)
    )
    cookies = Cookies(
        secrets=settings.secrets,
        refresh_name=settings.cookie_name,
        refresh_path=settings.url_prefix,
        domain=settings.cookie_domain,
        secure=settings.cookie_secure,
        samesite=settings.cookie_samesite,
        with_access=settings.access_cookie,
        partitioned=settings.cookie_partitioned,
        clock=clock,
    )
    throttle = Throttle(settings.throttle_storage, settings.secrets[0])
    formats = PasswordFormats(settings.bcrypt_rounds, verifiers)
    authenticator = Authenticator(settings, store, throttle, sessions, is_breached, formats, clock)
    return Services(
        settings,
        store,
        token_issuer,
        reader,
        sessions,
        authenticator,
        cookies,
        Challenges(settings.secrets),
        clock,
        sentences,
    )


def services() -> Services:
    """The parts of the current app."""
    return cast("Services", current_app.extensions[EXTENSION])
