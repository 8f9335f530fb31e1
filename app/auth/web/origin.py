"""Decides whether a request may change state, by the headers with which browsers name its origin.

A page of another site can make a browser send a request with its cookies. Browsers mark such requests with
``Sec-Fetch-Site`` (W3C Fetch Metadata) and ``Origin`` (RFC 6454, section 7), which no page can forge, so no
token in a form is needed (ASVS 3.5.1).
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from ..settings.parsers import DEFAULT_PORTS

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_safe(method: str, upgrade: str | None) -> bool:
    """Whether a request only reads (RFC 9110, section 9.2.1); ``upgrade`` is its header of that name.

    A WebSocket is opened by GET (RFC 6455, section 4.1), by a page of any origin, with the user's cookies,
    and no origin check applies to the messages in it (CWE-1385).
    """
    return method in SAFE_METHODS and "websocket" not in (upgrade or "").lower()


def may_change_state(
    sec_fetch_site: str | None, origin: str | None, host: str, trusted: Collection[str]
) -> bool:
    """Whether a request with these headers may change state; ``host`` is the request's own Host header."""
    if origin is not None and origin in trusted:
        return True
    if sec_fetch_site is not None:
        # "same-site" is refused: an attacker may control another sub-domain.
        return sec_fetch_site in ("same-origin", "none")
    if origin is None:
        return True  # not a browser: every current browser sends one of the two
    return _is_host(origin, host)


def is_speculative(sec_purpose: str | None) -> bool:
    """Whether a browser only prefetches or prerenders, so that nothing may change."""
    return sec_purpose is not None and sec_purpose.strip().lower().startswith("prefetch")


def _is_host(origin: str, host: str) -> bool:
    """Whether ``origin`` names the host and port that ``host`` names.

    The scheme is left out: behind a proxy that ends TLS the application cannot know it, and over plain
    http a browser sends no Secure cookie.
    """
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"//{host}")
        standard = DEFAULT_PORTS[theirs.scheme]
        exact = f"{theirs.scheme}://{theirs.netloc}" == origin and "@" not in theirs.netloc
        same = (theirs.hostname, _port(theirs, standard)) == (ours.hostname, _port(ours, standard))
    except (KeyError, ValueError):
        return False
    return exact and same


def _port(parts: SplitResult, standard: int) -> int:
    return standard if parts.port is None else parts.port
