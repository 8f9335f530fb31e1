"""Every setting of Ratchet, defined once: its type, parser with bounds, default, and description.

``docs/settings.md`` is generated from this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..errors import SettingsError
from ..lifecycle.rotation import RotationPolicy
from ..tokens.jws import ASYMMETRIC_ALGORITHMS
from . import cookie_names, parsers
from .secrets import MIN_SECRET_BYTES

if TYPE_CHECKING:
    from ..tokens.keys import KeyPair

PREFIX = "RATCHET_"
_DURATION = 'a timedelta, seconds, or text such as "15m" or "2d"'
_FLAG = "true or false"
_MIN_LEEWAY, _MAX_LEEWAY = 0, 120
"""Seconds."""

MIN_ROUNDS, MIN_TESTING_ROUNDS = 10, 4
"""Of bcrypt: the fewest that guard a password (OWASP), and the fewest that there are, for quick tests."""

_T = TypeVar("_T")


class Setting(NamedTuple):
    """How one value is parsed, its default as a user would write it, what is allowed, what it does.

    ``parse`` raises ValueError or TypeError. ``show`` makes the text that stands for a value in a message.
    """

    parse: Callable[[Any], Any]
    default: Any
    allowed: str
    purpose: str
    show: Callable[[Any], str] = repr


def setting(
    parse: Callable[[Any], _T],
    default: Any,
    allowed: str,
    purpose: str,
    show: Callable[[Any], str] = repr,
) -> _T:
    """A field of Settings; its annotation is checked against what ``parse`` returns."""
    return field(
        default_factory=lambda: parse(default),
        metadata={"setting": Setting(parse, default, allowed, purpose, show)},
    )


def _whole_number(low: int, high: int, *, default: int, purpose: str) -> int:
    """A field of Settings that takes the whole numbers from ``low`` to ``high``."""
    return setting(parsers.whole(low, high), default, f"a whole number from {low} to {high}", purpose)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of one app, checked. Durations are seconds."""

    secrets: tuple[str | bytes, ...]
    """SECRET_KEY, then SECRET_KEY_FALLBACKS. These are settings of Flask, not of Ratchet."""

    url_prefix: str = setting(
        parsers.prefix,
        "/auth",
        'a path such as "/auth"',
        "The path of the routes; also the path of the cookie.",
    )
    access_ttl: float = setting(
        parsers.duration(), "10m", f"{_DURATION}, more than the leeway", "How long an access token is valid."
    )
    refresh_ttl: float = setting(
        parsers.duration(),
        "14d",
        f"{_DURATION}, at most RATCHET_SESSION_TTL",
        "Idle limit of a remembered session.",
    )
    short_ttl: float = setting(
        parsers.duration(),
        "1d",
        f"{_DURATION}, at most RATCHET_REFRESH_TTL",
        "Idle limit of a session that is not remembered; its cookies have no Max-Age.",
    )
    session_ttl: float = setting(
        parsers.duration(), "90d", _DURATION, "Absolute limit of a session; renewing never extends it."
    )
    leeway: float = setting(
        parsers.duration(_MIN_LEEWAY, _MAX_LEEWAY),
        "30s",
        f"{_DURATION}, {_MIN_LEEWAY} to {_MAX_LEEWAY // 60} minutes",
        "How long the current refresh token does not rotate after it was made, or its parent last presented.",
    )
    strict: bool = setting(
        parsers.flag, False, _FLAG, "No leeway and no recovery: anything but the current token is a reuse."
    )
    max_sessions: int = _whole_number(
        1, 100, default=10, purpose="Sessions a user can have; 1 is one per user."
    )
    cookie_name: str = setting(
        parsers.cookie_name,
        "refreshToken",
        f"letters, digits and -_.; not {cookie_names.ACCESS_COOKIE}, {cookie_names.SIGNED_IN_COOKIE} or "
        f"{cookie_names.CONTINUED_COOKIE}",
        "Name of the refresh cookie. If it is not the default, the names of the others begin with it.",
    )
    cookie_domain: str | None = setting(
        parsers.domain, None, "a domain, or none for only this host", "Domain of the cookies."
    )
    cookie_samesite: parsers.SameSite = setting(
        parsers.samesite, "Lax", '"Strict", "Lax" or "None"', "SameSite of the cookies."
    )
    cookie_secure: bool = setting(
        parsers.flag, True, _FLAG, "Send the cookies only over https, and to localhost."
    )
    cookie_partitioned: bool = setting(
        parsers.flag,
        False,
        f'{_FLAG}; true goes with RATCHET_COOKIE_SAMESITE "None"',
        "Keep the cookies apart for each site that shows this one in a frame (Partitioned, CHIPS).",
    )
    access_cookie: bool = setting(
        parsers.flag, True, _FLAG, "Also set the access token as a cookie, for server-rendered pages."
    )
    device_bound: parsers.DeviceBound = setting(
        parsers.device_bound,
        True,
        'true, false or "required"; the first and the last go with Secure cookies of one host, the access '
        "cookie and the extra flask-ratchet[keys]",
        "Bind sessions to the device where the browser can (DBSC), so that a copied cookie is useless. The "
        "default is false where another setting forbids it.",
    )
    body_delivery: bool = setting(
        parsers.flag, True, _FLAG, "Clients that keep no cookies may have refresh tokens in the body."
    )
    default_delivery: parsers.Delivery = setting(
        parsers.delivery,
        "cookie",
        '"cookie" or "body"; "body" goes with RATCHET_BODY_DELIVERY',
        "Where the refresh token goes if a sign-in at POST /login does not say.",
    )
    trusted_origins: frozenset[str] = setting(
        parsers.origins,
        (),
        'origins such as "https://app.example.org", lower case, no path; for a web view or an extension '
        '"capacitor://localhost", "ionic://…", "tauri://…", "app://…", "chrome-extension://…"',
        "Other origins whose pages may change state.",
    )
    issuer: str | None = setting(
        parsers.optional_text,
        None,
        "text",
        "The iss of the tokens. Without it, access tokens of a key pair name the site as the request did.",
    )
    audience: str | None = setting(parsers.optional_text, None, "text", "The aud of access tokens.")
    jwt_keys: tuple[KeyPair, ...] = setting(
        parsers.private_keys,
        None,
        f"paths of private keys for {', '.join(ASYMMETRIC_ALGORITHMS)}, in PEM or as a JWK",
        "Sign access tokens with the first of these keys and accept all of them, in place of SECRET_KEY.",
    )
    service_secrets: tuple[str, ...] = setting(
        parsers.secrets(MIN_SECRET_BYTES),
        (),
        f"texts of at least {MIN_SECRET_BYTES} bytes, plain ASCII without spaces",
        "Secrets of the services that may ask POST /introspect about tokens; without one, no service may.",
    )
    bcrypt_rounds: int = setting(
        parsers.whole(MIN_TESTING_ROUNDS, 16),
        12,
        f"a whole number from {MIN_ROUNDS} to 16; with TESTING from {MIN_TESTING_ROUNDS}",
        "Cost of a password hash; a cheaper stored hash is replaced at the next sign-in.",
    )
    password_min_length: int = _whole_number(8, 64, default=15, purpose="Characters a new password needs.")
    password_login: bool = setting(
        parsers.flag,
        True,
        f"{_FLAG}; false is for sites that ask for more than a password",
        "POST /login and the package's sign-in page take a password. If false, only your own form does.",
    )
    throttle_storage: str = setting(
        parsers.text,
        "memory://",
        'a storage of the limits library except memcached, such as "redis://localhost:6379", and its driver',
        "Where sign-ins are counted; several nodes need a shared one.",
        show=parsers.without_password,
    )
    login_url: str | None = setting(
        parsers.page,
        None,
        'a path of this site such as "/sign-in", or an endpoint such as "site.sign_in"',
        "The page for a session that is over; without it, a page of the package: <prefix>/sign-in.",
    )
    fresh_for: float = setting(parsers.duration(), "10m", _DURATION, "How long a sign-in counts as recent.")

    @property
    def has_sign_in_page(self) -> bool:
        """Whether the package shows a sign-in page of its own, which takes a password and nothing else."""
        return self.login_url is None and self.password_login

    @property
    def deliveries(self) -> tuple[parsers.Delivery, ...]:
        """The deliveries that a sign-in may ask for, the default first."""
        if not self.body_delivery:
            return ("cookie",)
        return ("body", "cookie") if self.default_delivery == "body" else ("cookie", "body")

    @property
    def rotation_policy(self) -> RotationPolicy:
        """The numbers that the rotation of refresh tokens follows."""
        return RotationPolicy(self.leeway, self.refresh_ttl, self.short_ttl, self.strict)


SETTINGS: Mapping[str, Setting] = {
    f"{PREFIX}{one.name.upper()}": one.metadata["setting"] for one in fields(Settings) if one.metadata
}
"""Each setting of Ratchet, by its key."""


def invalid_setting(key: str, value: object) -> SettingsError:
    """The error for a ``value`` that ``key`` cannot have."""
    return SettingsError(f"{key} is {SETTINGS[key].show(value)}; allowed: {SETTINGS[key].allowed}.")
