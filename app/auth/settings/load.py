"""Reads app.config into frozen Settings, once at start; a wrong value stops the start and names its key.

What ``app.config`` does not set is taken from the environment, with Flask's prefix:
``FLASK_RATCHET_LEEWAY=5``.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from flask import Config, Flask

from ..errors import SettingsError
from ..log import log_safely
from .cookie_names import cookie_prefix
from .model import MIN_ROUNDS, PREFIX, SETTINGS, Settings, invalid_setting
from .parsers import SecretRefused
from .secrets import REMEDY, is_short, is_template, weakness

ENVIRONMENT_PREFIX = "FLASK_RATCHET"


def load(app: Flask) -> Settings:
    """The settings of ``app``; SettingsError if one is wrong or two contradict each other."""
    given = _given(app.config)
    values = {key.removeprefix(PREFIX).lower(): _parse(key, value) for key, value in given.items()}
    settings = _fit_defaults(Settings(_secrets(app), **values), given)
    _check(settings)
    if settings.bcrypt_rounds < MIN_ROUNDS and not app.testing:
        raise invalid_setting("RATCHET_BCRYPT_ROUNDS", settings.bcrypt_rounds)
    if not app.debug and not app.testing:
        _check_strength(settings)
    return settings


def _given(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were set, by key; app.config overrides the environment. A misspelt key is an error."""
    given = _environment() | {key: value for key, value in config.items() if key.startswith(PREFIX)}
    for key in given.keys() - SETTINGS.keys():
        near = difflib.get_close_matches(key, SETTINGS, 1)
        raise SettingsError(f"{key} is not a setting of Ratchet{f'; is it {near[0]}?' if near else '.'}")
    return given


def _environment() -> dict[str, Any]:
    """The values of the environment, by key, as Flask reads them: JSON if it parses as JSON, else the text.

    Only our own variables are read. Flask takes FLASK_X__Y for a key of the mapping X, and fails with a
    TypeError if FLASK_X is also set and is no mapping. The host's own variables must not cause that error
    here.
    """
    environment = Config("")
    try:
        environment.from_prefixed_env(ENVIRONMENT_PREFIX)
    except TypeError as error:
        raise SettingsError(f"A variable {ENVIRONMENT_PREFIX}_… has two underscores in a row.") from error
    return {f"{PREFIX}{name}": value for name, value in environment.items()}


def _parse(key: str, value: Any) -> Any:
    try:
        return SETTINGS[key].parse(value)
    except SecretRefused as error:
        raise SettingsError(f"{key}: {error}") from error
    except (ValueError, TypeError) as error:
        raise invalid_setting(key, value) from error


def _fit_defaults(settings: Settings, given: Collection[str]) -> Settings:
    """A default is lowered to a limit that was set and is shorter, and false where it cannot be true."""
    if "RATCHET_REFRESH_TTL" not in given:
        settings = replace(settings, refresh_ttl=min(settings.refresh_ttl, settings.session_ttl))
    if "RATCHET_SHORT_TTL" not in given:
        settings = replace(settings, short_ttl=min(settings.short_ttl, settings.refresh_ttl))
    if "RATCHET_DEVICE_BOUND" not in given:
        settings = replace(settings, device_bound=device_obstacle(settings) is None)
    return settings


def device_obstacle(settings: Settings) -> str | None:
    """What prevents browsers from binding a session to the device, with the remedy; None if nothing does."""
    obstacles = {
        "needs Secure cookies; remove RATCHET_COOKIE_SECURE": not settings.cookie_secure,
        "needs the access cookie; remove RATCHET_ACCESS_COOKIE": not settings.access_cookie,
        "forbids RATCHET_COOKIE_DOMAIN; a browser renews the cookie only for the host that has set it": (
            settings.cookie_domain is not None
        ),
        "forbids RATCHET_STRICT; the browser and a page of the site renew at the same time": settings.strict,
        "forbids RATCHET_COOKIE_PARTITIONED; browsers bind no cookie of a frame": settings.cookie_partitioned,
        "needs another package: pip install 'flask-ratchet[keys]'": find_spec("cryptography") is None,
    }
    return next((why for why, is_so in obstacles.items() if is_so), None)


def _secrets(app: Flask) -> tuple[str | bytes, ...]:
    """The secret that signs, then the fallbacks, which are only accepted."""
    fallbacks = app.config.get("SECRET_KEY_FALLBACKS") or ()
    if isinstance(fallbacks, str | bytes):
        raise SettingsError("SECRET_KEY_FALLBACKS has to be a list of secrets, not one text.")
    secrets = (app.config.get("SECRET_KEY"), *fallbacks)
    for key, secret in zip(_secret_keys(secrets), secrets, strict=True):
        if not isinstance(secret, str | bytes) or not secret:
            raise _unusable_secret(key, "is missing or empty, or is neither text nor bytes")
    return secrets


def _secret_keys(secrets: Sequence[object]) -> list[str]:
    """The name of the setting that each secret comes from."""
    return ["SECRET_KEY", *["SECRET_KEY_FALLBACKS"] * (len(secrets) - 1)]


def check_secret(secret: str | bytes, key: str = "SECRET_KEY") -> None:
    """Refuse a secret that can be guessed: SettingsError, with the name of the setting and the remedy."""
    if complaint := weakness(secret):
        raise _unusable_secret(key, complaint)


def _unusable_secret(key: str, complaint: str) -> SettingsError:
    """The error for the secret of ``key``; its message does not repeat the secret."""
    return SettingsError(f"{key} {complaint}. {REMEDY}")


def _check_strength(settings: Settings) -> None:
    """Refuse a secret that is short or a repeated phrase; debug and testing mode allow it.

    Other secrets that can be guessed, such as one letter forty times, are common in examples and in the tests
    of hosts. Refusing these would break a host on an upgrade, so they are a line in the log, and an error of
    the doctor.
    """
    secrets = [
        *zip(_secret_keys(settings.secrets), settings.secrets, strict=True),
        *(("RATCHET_SERVICE_SECRETS", secret) for secret in settings.service_secrets),
    ]
    for key, secret in secrets:
        if complaint := weakness(secret):
            error = _unusable_secret(key, complaint)
            if is_short(secret) or is_template(secret):
                raise error
            log_safely(logging.WARNING, "%s", error)


def _check(settings: Settings) -> None:
    """Refuse values that are allowed one by one, but contradict each other."""
    prefix = cookie_prefix(settings.cookie_name)
    host_cookie = prefix == "__Host-"
    contradictions = {
        "RATCHET_ACCESS_TTL must exceed RATCHET_LEEWAY": settings.access_ttl <= settings.leeway,
        "RATCHET_REFRESH_TTL must not exceed RATCHET_SESSION_TTL": (
            settings.refresh_ttl > settings.session_ttl
        ),
        "RATCHET_SHORT_TTL must not exceed RATCHET_REFRESH_TTL": settings.short_ttl > settings.refresh_ttl,
        'RATCHET_DEFAULT_DELIVERY "body" needs RATCHET_BODY_DELIVERY': (
            settings.default_delivery == "body" and not settings.body_delivery
        ),
        'RATCHET_COOKIE_SAMESITE "None" needs RATCHET_COOKIE_SECURE': (
            settings.cookie_samesite == "None" and not settings.cookie_secure
        ),
        'RATCHET_COOKIE_PARTITIONED needs RATCHET_COOKIE_SAMESITE "None"': (
            settings.cookie_partitioned and settings.cookie_samesite != "None"
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
    if settings.device_bound and (obstacle := device_obstacle(settings)):
        raise SettingsError(f"RATCHET_DEVICE_BOUND {settings.device_bound!r} {obstacle}.")
