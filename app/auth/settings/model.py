"""Every setting of Ratchet: how its value is read, its default, what is allowed, and what it does.

The table is the one home of all that; ``docs/settings.md`` is written from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..tokens.jws import ASYMMETRIC_ALGORITHMS
from . import parsers
from .secrets import MIN_SECRET_BYTES


class Setting(NamedTuple):
    """One key: how its value is read, the default as one would write it, what is allowed, what it does.

    A value that can hold a password is repeated by no message (``holds_password``).
    """

    read: Callable[[Any], Any]
    default: Any
    allowed: str
    purpose: str
    holds_password: bool = False


_SPAN = 'a timedelta, seconds, or text such as "15m" or "2d"'
_FLAG = "true or false"

SETTINGS: Mapping[str, Setting] = {
    "RATCHET_URL_PREFIX": Setting(
        parsers.prefix,
        "/auth",
        'a path such as "/auth"',
        "Where the routes live; also the path of the cookie.",
    ),
    "RATCHET_ACCESS_TTL": Setting(
        parsers.duration(), "10m", f"{_SPAN}, more than the leeway", "How long an access token is valid."
    ),
    "RATCHET_REFRESH_TTL": Setting(
        parsers.duration(),
        "14d",
        f"{_SPAN}, at most RATCHET_SESSION_TTL",
        "Idle limit of a remembered session.",
    ),
    "RATCHET_SHORT_TTL": Setting(
        parsers.duration(),
        "1d",
        f"{_SPAN}, at most RATCHET_REFRESH_TTL",
        "Idle limit of a session that is not remembered; its cookies have no Max-Age.",
    ),
    "RATCHET_SESSION_TTL": Setting(
        parsers.duration(), "90d", _SPAN, "Absolute limit of a session; renewing never extends it."
    ),
    "RATCHET_LEEWAY": Setting(
        parsers.duration(0, 120),
        "30s",
        f"{_SPAN}, 0 to 2 minutes",
        "How long the current refresh token stays put after it was made, or its parent last presented.",
    ),
    "RATCHET_STRICT": Setting(
        parsers.flag, False, _FLAG, "No leeway and no recovery: anything but the current token is a reuse."
    ),
    "RATCHET_MAX_SESSIONS": Setting(
        parsers.whole(1, 100),
        10,
        "a whole number from 1 to 100",
        "Sessions a user can have; 1 is one per user.",
    ),
    "RATCHET_COOKIE_NAME": Setting(
        parsers.cookie_name,
        "refreshToken",
        "letters, digits and -_.; not accessToken or signedIn",
        "Name of the refresh cookie.",
    ),
    "RATCHET_COOKIE_DOMAIN": Setting(
        parsers.domain, None, "a domain, or none for this host alone", "Domain of the cookies."
    ),
    "RATCHET_COOKIE_SAMESITE": Setting(
        parsers.samesite, "Lax", '"Strict", "Lax" or "None"', "SameSite of the cookies."
    ),
    "RATCHET_COOKIE_SECURE": Setting(
        parsers.flag, True, _FLAG, "Send the cookies over https (and to localhost) alone."
    ),
    "RATCHET_ACCESS_COOKIE": Setting(
        parsers.flag, True, _FLAG, "Also set the access token as a cookie, for server-rendered pages."
    ),
    "RATCHET_BODY_DELIVERY": Setting(
        parsers.flag, True, _FLAG, "Let clients that keep no cookies have refresh tokens in the body."
    ),
    "RATCHET_TRUSTED_ORIGINS": Setting(
        parsers.origins,
        (),
        'origins such as "https://app.example.org", lower case, no path',
        "Other origins whose pages may change state.",
    ),
    "RATCHET_ISSUER": Setting(parsers.optional_text, None, "text", "The iss of the tokens."),
    "RATCHET_AUDIENCE": Setting(parsers.optional_text, None, "text", "The aud of access tokens."),
    "RATCHET_JWT_KEYS": Setting(
        parsers.private_keys,
        None,
        f"paths of private keys for {', '.join(ASYMMETRIC_ALGORITHMS)}, in PEM or as a JWK",
        "Sign access tokens with the first of these keys and accept all of them, in place of SECRET_KEY.",
    ),
    "RATCHET_SERVICE_SECRETS": Setting(
        parsers.secrets(MIN_SECRET_BYTES),
        (),
        f"texts of at least {MIN_SECRET_BYTES} bytes, plain ASCII without spaces",
        "Secrets of the services that may ask POST /introspect about tokens; nobody may where there is none.",
    ),
    "RATCHET_BCRYPT_ROUNDS": Setting(
        parsers.whole(10, 16),
        12,
        "a whole number from 10 to 16",
        "Cost of a password hash; a cheaper stored one is raised at the next sign-in.",
    ),
    "RATCHET_PASSWORD_MIN_LENGTH": Setting(
        parsers.whole(8, 64), 15, "a whole number from 8 to 64", "Characters a new password needs."
    ),
    "RATCHET_THROTTLE_STORAGE": Setting(
        parsers.text,
        "memory://",
        'a storage of the limits library but memcached, such as "redis://localhost:6379", and its driver',
        "Where sign-ins are counted; several nodes need a shared one.",
        holds_password=True,
    ),
    "RATCHET_LOGIN_URL": Setting(
        parsers.page, None, 'a path of this site such as "/sign-in"', "The page for a session that is over."
    ),
    "RATCHET_FRESH_FOR": Setting(parsers.duration(), "10m", _SPAN, "How long a sign-in counts as recent."),
}
