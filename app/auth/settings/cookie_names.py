"""The names of the cookies, which follow from that of the refresh cookie."""

from __future__ import annotations

from typing import NamedTuple

REFRESH_COOKIE = "refreshToken"
ACCESS_COOKIE = "accessToken"
SIGNED_IN_COOKIE = "signedIn"
CONTINUED_COOKIE = "ratchetContinued"
COOKIE_PREFIXES = ("__Host-", "__Secure-")


class CookieNames(NamedTuple):
    """What the cookies of one app are called."""

    refresh: str
    access: str
    signed_in: str
    spare: str
    spare_mark: str
    continued: str


def cookie_names(refresh: str) -> CookieNames:
    """The names of all cookies, by that of the refresh cookie.

    Browsers send the same cookies to every port of a host. Two sites on one host need their own names for
    every cookie, so all of them follow the one setting, with its prefix.
    """
    prefix = refresh[: len(cookie_prefix(refresh))]
    if refresh == prefix + REFRESH_COOKIE:
        spares = f"{REFRESH_COOKIE}Spare", f"{SIGNED_IN_COOKIE}Spare"
        others = ACCESS_COOKIE, SIGNED_IN_COOKIE, *spares, CONTINUED_COOKIE
        return CookieNames(refresh, *(f"{prefix}{name}" for name in others))
    ends = "Access", "SignedIn", "Spare", "SignedInSpare", "Continued"
    return CookieNames(refresh, *(f"{refresh}{end}" for end in ends))


def cookie_prefix(name: str) -> str:
    """The prefix of a cookie's name that browsers check, in any letter case (RFC 6265bis, 5.4)."""
    return next((prefix for prefix in COOKIE_PREFIXES if name.lower().startswith(prefix.lower())), "")
