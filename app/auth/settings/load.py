"""app.config to frozen Settings: read once at boot, refused by name when something is wrong.

What ``app.config`` leaves open is taken from the environment, with Flask's prefix:
``FLASK_RATCHET_LEEWAY=5``.
"""

from __future__ import annotations

import difflib
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask

from ..lifecycle.rotation import RotationPolicy
from ..log import log_safely
from ..tokens.jws import UnusableKey
from ..web.cookies import prefix_of
from .model import SETTINGS
from .secrets import MIN_SECRET_BYTES, REMEDY, is_template, weakness

if TYPE_CHECKING:
    from ..tokens.keys import KeyPair

ENVIRONMENT_PREFIX = "FLASK_"
_SCHEME = re.compile(r"\s*[\w+]*(://)?")


class SettingsError(ValueError):
    """A setting is wrong; the message names the key, the value and what is allowed, and no password."""


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
    def rotation_policy(self) -> RotationPolicy:
        """The numbers of the rule."""
        return RotationPolicy(self.leeway, self.refresh_ttl, self.short_ttl, self.strict)


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
    if not app.debug and not app.testing:
        _check_strength(settings)
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
        raise invalid_setting(key, value) from error


def invalid_setting(key: str, value: object) -> SettingsError:
    """What to raise where ``key`` cannot be ``value``."""
    return SettingsError(f"{key} is {_shown(key, value)}; allowed: {SETTINGS[key].allowed}.")


def _shown(key: str, value: object) -> str:
    """``value`` for a message, which ends in a log; of one that can hold a password its scheme."""
    if not SETTINGS[key].holds_password or value is None or isinstance(value, int):
        return repr(value)
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    scheme = _SCHEME.match(value)
    return repr(value if scheme is None or scheme[0] == value else f"{scheme[0]}…")


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
    for key, secret in zip(_secret_keys(secrets), secrets, strict=True):
        if not isinstance(secret, str | bytes) or not secret:
            raise SettingsError(f"{key} holds no text or bytes. {REMEDY}")
    return secrets


def _secret_keys(secrets: Sequence[object]) -> list[str]:
    """The name of the setting that each secret comes from."""
    return ["SECRET_KEY", *["SECRET_KEY_FALLBACKS"] * (len(secrets) - 1)]


def check_secret(secret: str | bytes, key: str = "SECRET_KEY") -> None:
    """Refuse a secret that can be guessed: SettingsError, with the name of the setting and what to do."""
    if complaint := weakness(secret):
        raise SettingsError(f"{key} {complaint}. {REMEDY}")


def _check_strength(settings: Settings) -> None:
    """Refuse a secret that is short or left as a template has it; while one develops, one may.

    What else can be guessed, such as one letter forty times, stands in examples and in tests of hosts. It is
    a line in the log and an error of the doctor, not the end of a start.
    """
    secrets = [
        *zip(_secret_keys(settings.secrets), settings.secrets, strict=True),
        *(("RATCHET_SERVICE_SECRETS", secret) for secret in settings.service_secrets),
    ]
    for key, secret in secrets:
        if len(secret.encode() if isinstance(secret, str) else secret) < MIN_SECRET_BYTES or is_template(
            secret
        ):
            check_secret(secret, key)
        elif complaint := weakness(secret):
            log_safely(logging.WARNING, "%s %s. %s", key, complaint, REMEDY)


def _check(settings: Settings) -> None:
    """Refuse values that are each allowed and contradict each other."""
    prefix = prefix_of(settings.cookie_name)
    host_cookie = prefix == "__Host-"
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
            prefix != "" and not settings.cookie_secure
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
