"""app.config to frozen Settings: read once at boot, refused by name when something is wrong.

The table ``SETTINGS`` is the one home of every key, its default and what is allowed; ``docs/settings.md`` is
written from it. What ``app.config`` leaves open is taken from the environment, with Flask's
prefix: ``FLASK_RATCHET_LEEWAY=5``.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask

from . import readers
from .rotation import Rule
from .seal import PAIR_ALGORITHMS, UnusableKey

if TYPE_CHECKING:
    from .keys import KeyPair

SHORTEST_SECRET = 32
"""Bytes: as long as the SHA-256 that is keyed with it (RFC 7518, 3.2)."""

ENVIRONMENT_PREFIX = "FLASK_"


class SettingsError(ValueError):
    """A setting is wrong; the message names the key, the value and what is allowed."""


class Setting(NamedTuple):
    """One key: how its value is read, the default as one would write it, what is allowed, what it does."""

    read: Callable[[Any], Any]
    default: Any
    allowed: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of one app, checked. Durations are seconds."""

    secrets: tuple[str | bytes, ...]
    url_prefix: str
    access_ttl: float
    refresh_ttl: float
    short_ttl: float
    session_ttl: float
    leeway: float
    strict: bool
    max_sessions: int
    cookie_name: str
    cookie_domain: str | None
    cookie_samesite: str
    cookie_secure: bool
    access_cookie: bool
    body_delivery: bool
    trusted_origins: frozenset[str]
    issuer: str | None
    audience: str | None
    jwt_keys: tuple[KeyPair, ...]
    service_secrets: tuple[str, ...]
    bcrypt_rounds: int
    password_min_length: int
    throttle_storage: str
    fresh_for: float
    login_url: str | None

    @property
    def rule(self) -> Rule:
        """The numbers of the rule."""
        return Rule(self.leeway, self.refresh_ttl, self.short_ttl, self.strict)


_SPAN = 'a timedelta, seconds, or text such as "15m" or "2d"'
_FLAG = "true or false"

SETTINGS: Mapping[str, Setting] = {
    "RATCHET_URL_PREFIX": Setting(
        readers.prefix,
        "/auth",
        'a path such as "/auth"',
        "Where the routes live; also the path of the cookie.",
    ),
    "RATCHET_ACCESS_TTL": Setting(
        readers.duration(), "10m", f"{_SPAN}, more than the leeway", "How long an access token is valid."
    ),
    "RATCHET_REFRESH_TTL": Setting(
        readers.duration(),
        "14d",
        f"{_SPAN}, at most RATCHET_SESSION_TTL",
        "Idle limit of a remembered session.",
    ),
    "RATCHET_SHORT_TTL": Setting(
        readers.duration(),
        "1d",
        f"{_SPAN}, at most RATCHET_REFRESH_TTL",
        "Idle limit of a session that is not remembered; its cookies have no Max-Age.",
    ),
    "RATCHET_SESSION_TTL": Setting(
        readers.duration(), "90d", _SPAN, "Absolute limit of a session; renewing never extends it."
    ),
    "RATCHET_LEEWAY": Setting(
        readers.duration(0, 120),
        "30s",
        f"{_SPAN}, 0 to 2 minutes",
        "How long the current refresh token stays put after it was last handed out.",
    ),
    "RATCHET_STRICT": Setting(
        readers.flag, False, _FLAG, "No leeway and no recovery: anything but the current token is a reuse."
    ),
    "RATCHET_MAX_SESSIONS": Setting(
        readers.whole(1, 100),
        10,
        "a whole number from 1 to 100",
        "Sessions a user can have; 1 is one per user.",
    ),
    "RATCHET_COOKIE_NAME": Setting(
        readers.cookie_name,
        "refreshToken",
        "letters, digits and -_.; not accessToken or signedIn",
        "Name of the refresh cookie.",
    ),
    "RATCHET_COOKIE_DOMAIN": Setting(
        readers.domain, None, "a domain, or none for this host alone", "Domain of the cookies."
    ),
    "RATCHET_COOKIE_SAMESITE": Setting(
        readers.samesite, "Lax", '"Strict", "Lax" or "None"', "SameSite of the cookies."
    ),
    "RATCHET_COOKIE_SECURE": Setting(
        readers.flag, True, _FLAG, "Send the cookies over https (and to localhost) alone."
    ),
    "RATCHET_ACCESS_COOKIE": Setting(
        readers.flag, True, _FLAG, "Also set the access token as a cookie, for server-rendered pages."
    ),
    "RATCHET_BODY_DELIVERY": Setting(
        readers.flag, True, _FLAG, "Let clients that keep no cookies have refresh tokens in the body."
    ),
    "RATCHET_TRUSTED_ORIGINS": Setting(
        readers.origins,
        (),
        'origins such as "https://app.example.org", lower case, no path',
        "Other origins whose pages may change state.",
    ),
    "RATCHET_ISSUER": Setting(readers.optional_text, None, "text", "The iss of the tokens."),
    "RATCHET_AUDIENCE": Setting(readers.optional_text, None, "text", "The aud of access tokens."),
    "RATCHET_JWT_KEYS": Setting(
        readers.private_keys,
        None,
        f"paths of private keys for {', '.join(PAIR_ALGORITHMS)}, in PEM or as a JWK",
        "Sign access tokens with the first of these keys and accept all of them, in place of SECRET_KEY.",
    ),
    "RATCHET_SERVICE_SECRETS": Setting(
        readers.secrets(SHORTEST_SECRET),
        (),
        f"texts of at least {SHORTEST_SECRET} bytes, plain ASCII without spaces",
        "Secrets of the services that may ask POST /introspect about tokens; nobody may where there is none.",
    ),
    "RATCHET_BCRYPT_ROUNDS": Setting(
        readers.whole(10, 16),
        12,
        "a whole number from 10 to 16",
        "Cost of a password hash; a cheaper stored one is raised at the next sign-in.",
    ),
    "RATCHET_PASSWORD_MIN_LENGTH": Setting(
        readers.whole(8, 64), 15, "a whole number from 8 to 64", "Characters a new password needs."
    ),
    "RATCHET_THROTTLE_STORAGE": Setting(
        readers.text,
        "memory://",
        'a storage of the limits library, such as "redis://localhost:6379"',
        "Where failed sign-ins are counted; several nodes need a shared one.",
    ),
    "RATCHET_LOGIN_URL": Setting(
        readers.page, None, 'a path of this site such as "/sign-in"', "The page for a session that is over."
    ),
    "RATCHET_FRESH_FOR": Setting(readers.duration(), "10m", _SPAN, "How long a sign-in counts as recent."),
}


def load(app: Flask) -> Settings:
    """The settings of ``app``; SettingsError where one is wrong or two contradict each other."""
    given = _given(app.config)
    values = {
        key.removeprefix("RATCHET_").lower(): _read(key, given.get(key, setting.default))
        for key, setting in SETTINGS.items()
    }
    _fit_defaults(values, given)
    settings = Settings(secrets=_secrets(app), **values)
    _check(settings)
    return settings


def _given(config: Mapping[str, Any]) -> dict[str, Any]:
    """What was set, the configuration above the environment; a misspelt key is no silent default."""
    environment = {
        name.removeprefix(ENVIRONMENT_PREFIX): _from_environment(value)
        for name, value in os.environ.items()
        if name.startswith(f"{ENVIRONMENT_PREFIX}RATCHET_")
    }
    given = {key: value for key, value in config.items() if key.startswith("RATCHET_")}
    given = environment | given
    for key in given.keys() - SETTINGS.keys():
        near = difflib.get_close_matches(key, SETTINGS, 1)
        raise SettingsError(f"{key} is not a setting of Ratchet{f'; is it {near[0]}?' if near else '.'}")
    return given


def _from_environment(value: str) -> Any:
    """As Flask reads the environment: JSON where it is JSON, else the text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _read(key: str, value: Any) -> Any:
    try:
        return SETTINGS[key].read(value)
    except UnusableKey as error:
        raise SettingsError(f"{key}: {error}") from error
    except (ValueError, TypeError) as error:
        raise refusal(key, value) from error


def refusal(key: str, value: object) -> SettingsError:
    """What to raise where ``key`` cannot be ``value``."""
    return SettingsError(f"{key} is {value!r}; allowed: {SETTINGS[key].allowed}.")


def _fit_defaults(values: dict[str, Any], given: Mapping[str, Any]) -> None:
    """A limit that nobody set yields to a shorter one that somebody set."""
    if "RATCHET_REFRESH_TTL" not in given:
        values["refresh_ttl"] = min(values["refresh_ttl"], values["session_ttl"])
    if "RATCHET_SHORT_TTL" not in given:
        values["short_ttl"] = min(values["short_ttl"], values["refresh_ttl"])


def _secrets(app: Flask) -> tuple[str | bytes, ...]:
    """The secret that signs, then those that are still accepted."""
    fallbacks = app.config.get("SECRET_KEY_FALLBACKS") or ()
    if isinstance(fallbacks, str | bytes):
        raise SettingsError("SECRET_KEY_FALLBACKS has to be a list of secrets, not one text.")
    secrets = (app.config.get("SECRET_KEY"), *fallbacks)
    cure = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'
    for secret, key in zip(secrets, ("SECRET_KEY", *["SECRET_KEY_FALLBACKS"] * len(secrets)), strict=False):
        if not isinstance(secret, str | bytes) or not secret:
            raise SettingsError(f"{key} holds no text or bytes. {cure}")
        if len(secret.encode() if isinstance(secret, str) else secret) < SHORTEST_SECRET and not (
            app.debug or app.testing
        ):
            raise SettingsError(f"{key} is shorter than {SHORTEST_SECRET} bytes. {cure}")
    return secrets


def _check(settings: Settings) -> None:
    """Refuse values that are each allowed and contradict each other."""
    host_cookie = settings.cookie_name.startswith("__Host-")
    contradictions = {
        "RATCHET_ACCESS_TTL must exceed RATCHET_LEEWAY": settings.access_ttl <= settings.leeway,
        "RATCHET_REFRESH_TTL must not exceed RATCHET_SESSION_TTL": (
            settings.refresh_ttl > settings.session_ttl
        ),
        "RATCHET_SHORT_TTL must not exceed RATCHET_REFRESH_TTL": settings.short_ttl > settings.refresh_ttl,
        'RATCHET_COOKIE_SAMESITE "None" needs RATCHET_COOKIE_SECURE': (
            settings.cookie_samesite == "None" and not settings.cookie_secure
        ),
        f"RATCHET_COOKIE_NAME {settings.cookie_name!r} needs RATCHET_COOKIE_SECURE": (
            settings.cookie_name.startswith(("__Secure-", "__Host-")) and not settings.cookie_secure
        ),
        f"RATCHET_COOKIE_NAME {settings.cookie_name!r} forbids RATCHET_COOKIE_DOMAIN": (
            host_cookie and settings.cookie_domain is not None
        ),
        f'RATCHET_COOKIE_NAME {settings.cookie_name!r} needs RATCHET_URL_PREFIX "/", the path of the '
        'cookie; "__Secure-" goes with every path': host_cookie and settings.url_prefix != "/",
    }
    for complaint, is_so in contradictions.items():
        if is_so:
            raise SettingsError(f"{complaint}.")
