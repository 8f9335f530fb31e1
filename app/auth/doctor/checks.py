"""flask ratchet doctor: checks of the running configuration, each finding with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import Flask

from ..passwords.throttle import Throttle
from ..routing import placement
from ..settings import cookie_names as names
from ..settings import secrets
from ..settings.load import device_obstacle
from . import host, secret_source
from .database_checks import cluster, database, migrations, pooler, tenants
from .findings import CheckContext, Finding

MIN_LEEWAY = 20
"""Below this, slow mobile networks sign honest people out (see docs/proof.md)."""

MAX_ACCESS_TTL = 3600

MIN_BOUND_TTL = 300
"""Chromium renews two minutes before the end, and signs at most 6 times in 9 minutes."""

LEEWAYS = 4
"""The shortest life of an access token in leeways: then renewals rotate, and thieves are found soon."""


def run_checks(context: CheckContext) -> list[Finding]:
    """All findings about a running configuration, the worst first."""
    findings = [finding for check in CHECKS for finding in check(context)]
    return sorted(findings, key=lambda finding: not finding.is_error)


def secret(context: CheckContext) -> Iterator[Finding]:
    """The secret is random, and old fallbacks have been removed."""
    if context.app.debug or context.app.testing:
        yield Finding(
            "The app runs in debug or testing mode.", "Unset FLASK_DEBUG and TESTING in production."
        )
    for complaint in sorted(filter(None, {secrets.weakness(one) for one in context.settings.secrets})):
        yield Finding(f"A secret {complaint}.", secrets.REMEDY)
    if secret_source.is_drawn_anew(context.app):
        yield Finding(
            "SECRET_KEY changes each time the app is loaded, so workers refuse each other's tokens.",
            "Set one secret, which every worker and node reads from the same place.",
        )
    if len(context.settings.secrets) > 3:
        yield Finding(
            f"{len(context.settings.secrets) - 1} fallback secrets are still accepted.",
            "Drop from SECRET_KEY_FALLBACKS what was replaced longer ago than RATCHET_REFRESH_TTL.",
            is_error=False,
        )


def cookies(context: CheckContext) -> Iterator[Finding]:
    """Cookies are sent only to this host, over https."""
    settings = context.settings
    if not settings.cookie_secure:
        yield Finding(
            "The cookies are sent over plain http too.", "Remove RATCHET_COOKIE_SECURE, or set it to true."
        )
    if settings.cookie_domain is not None:
        yield Finding(
            f"Every host below {settings.cookie_domain} is sent the cookies.",
            "Remove RATCHET_COOKIE_DOMAIN unless one session has to serve several hosts.",
            is_error=False,
        )


def proxy(context: CheckContext) -> Iterator[Finding]:
    """Secure cookies need a proxy with TLS in front."""
    scheme = context.app.config.get("PREFERRED_URL_SCHEME")
    behind_proxy = getattr(context.app.wsgi_app, "x_proto", 0)
    if context.settings.cookie_secure and scheme == "http" and not behind_proxy and not context.app.debug:
        yield Finding(
            "No setting names a proxy with TLS in front, and Secure cookies need https.",
            "Behind a proxy give app.wsgi_app Werkzeug's ProxyFix (PROXY_HOPS in the reference site); see "
            "docs/deploying.md.",
            is_error=False,
        )


def cookie_names(context: CheckContext) -> Iterator[Finding]:
    """No other host of the domain can set the cookie, and no other cookie has its name."""
    settings = context.settings
    name, own_host = settings.cookie_name, settings.url_prefix == "/" and settings.cookie_domain is None
    if settings.cookie_secure and not names.cookie_prefix(name):
        yield Finding(
            f"A page that is served over plain http can set a cookie called {name}.",
            f'Set RATCHET_COOKIE_NAME to "{"__Host-" if own_host else "__Secure-"}{name}".',
            is_error=False,
        )
    flask_cookie = context.app.config["SESSION_COOKIE_NAME"]
    if flask_cookie in names.cookie_names(name):
        yield Finding(
            f"Flask's own session cookie is called {flask_cookie}, too.", "Set SESSION_COOKIE_NAME."
        )


def sign_in_page(context: CheckContext) -> Iterator[Finding]:
    """A page whose URL can be built, where RATCHET_LOGIN_URL is the name of an endpoint."""
    page = context.settings.login_url
    if page is None or page.startswith("/"):
        return
    if problem := _problem_of_endpoint(context.app, page):
        yield Finding(
            f"RATCHET_LOGIN_URL is {page!r}, and {problem}.",
            f"Set it to an endpoint that {host.flask('routes')} lists without <…> in its path, or to a path.",
        )


def _problem_of_endpoint(app: Flask, endpoint: str) -> str:
    """Why a browser cannot be sent to this endpoint, or ""; ``url_defaults`` may add what its URL needs."""
    if endpoint not in app.view_functions:
        return "no route has that endpoint"
    rules = [rule for rule in app.url_map.iter_rules(endpoint) if "GET" in (rule.methods or ("GET",))]
    if not rules:
        return "no route of that endpoint takes GET"
    needed = min((sorted(rule.arguments - (rule.defaults or {}).keys()) for rule in rules), key=len)
    return f"its URL needs {', '.join(needed)}" if needed and not app.url_default_functions else ""


def cached_pages(context: CheckContext) -> Iterator[Finding]:
    """No cache answers instead of a guard."""
    for name, view in context.app.view_functions.items():
        if placement.is_below_cache(view):
            yield Finding(f"The view {name} is cached above its guard, for everybody.", placement.REMEDY)


def throttle(context: CheckContext) -> Iterator[Finding]:
    """All processes share one count of failures."""
    if not Throttle(context.settings.throttle_storage).is_available():
        yield Finding(
            "The storage that failed sign-ins are counted in does not answer.",
            "Start it, or fix RATCHET_THROTTLE_STORAGE; until then each process counts separately.",
        )
    if context.settings.throttle_storage.startswith("memory") and (number := host.workers()) != 1:
        each = "each worker counts failed sign-ins separately"
        yield Finding(
            f"The server starts {number} workers, and {each}."
            if number
            else f"Nothing here says how many workers the server starts; if it is more than one, {each}.",
            'Set RATCHET_THROTTLE_STORAGE to a shared storage such as "redis://localhost:6379", or '
            "WEB_CONCURRENCY to 1 if there is one worker.",
            is_error=False,
        )


def leeway(context: CheckContext) -> Iterator[Finding]:
    """The leeway is long enough for slow networks."""
    settings = context.settings
    if settings.strict:
        yield Finding(
            "Two tabs that renew at once are taken for a theft.", "Unset RATCHET_STRICT.", is_error=False
        )
    elif settings.leeway < MIN_LEEWAY:
        yield Finding(
            f"A leeway of {settings.leeway:g} s sometimes signs out people on slow networks.",
            f"Set RATCHET_LEEWAY to {MIN_LEEWAY}s or more; 30s is the default.",
            is_error=False,
        )


def lifetimes(context: CheckContext) -> Iterator[Finding]:
    """The lifetimes fit each other."""
    settings = context.settings
    if settings.access_ttl >= settings.short_ttl:
        yield Finding(
            f"A session that is not remembered is over after {settings.short_ttl:g} s, before it is renewed.",
            f"Set RATCHET_ACCESS_TTL, now {settings.access_ttl:g} s, to a small part of RATCHET_SHORT_TTL.",
        )
    if settings.access_ttl < LEEWAYS * settings.leeway:
        yield Finding(
            f"A few tabs that renew every {settings.access_ttl:g} s keep the refresh token from rotating.",
            f"Set RATCHET_ACCESS_TTL to {LEEWAYS * settings.leeway:g}s or more.",
            is_error=False,
        )
    if settings.access_ttl > MAX_ACCESS_TTL:
        yield Finding(
            f"An access token is good for {settings.access_ttl / 3600:g} hours while the database is away.",
            "Set RATCHET_ACCESS_TTL to minutes; renewing costs the user nothing.",
            is_error=False,
        )


def device_bound(context: CheckContext) -> Iterator[Finding]:
    """Browsers can bind sessions to devices, and no session is bound that cannot go on."""
    settings = context.settings
    if not settings.device_bound and device_obstacle(settings) is None:
        yield Finding(
            "RATCHET_DEVICE_BOUND is off: a copied cookie works on any device, and a session that was bound "
            "before cannot be renewed.",
            "Set it to true; see docs/device-bound.md.",
            is_error=False,
        )
    if settings.device_bound and settings.access_ttl < MIN_BOUND_TTL:
        yield Finding(
            f"Browsers prove the key of a device at most 6 times in 9 minutes, and an access token lives for "
            f"{settings.access_ttl:g} s.",
            f"Set RATCHET_ACCESS_TTL to {MIN_BOUND_TTL}s or more; 10m is the default.",
            is_error=False,
        )


CHECKS: tuple[Callable[[CheckContext], Iterator[Finding]], ...] = (
    secret,
    cookies,
    proxy,
    cookie_names,
    sign_in_page,
    cached_pages,
    throttle,
    leeway,
    lifetimes,
    device_bound,
    database,
    cluster,
    pooler,
    tenants,
    migrations,
)
