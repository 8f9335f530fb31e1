"""The parsers of settings: each returns the value as it is kept, or raises ValueError.

``is_site_path`` and ``DEFAULT_PORTS`` are rules of theirs that web/ follows too. ``without_password`` parses
nothing: it shows a value in a message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from ..tokens.jws import UnusableKey
from .cookie_names import ACCESS_COOKIE, CONTINUED_COOKIE, SIGNED_IN_COOKIE

if TYPE_CHECKING:
    from ..tokens.keys import KeyPair

DEFAULT_PORTS = {"http": 80, "https": 443}
_DOTS = frozenset({".", ".."})
"""Segments of a path that browsers remove before they send the request."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

SameSite = Literal["Strict", "Lax", "None"]
_SAMESITE: tuple[SameSite, ...] = ("Strict", "Lax", "None")

DeviceBound = Literal[True, False, "required"]
_DEVICE_BOUND: tuple[DeviceBound, ...] = (True, False, "required")

Delivery = Literal["cookie", "body"]
_DELIVERIES: tuple[Delivery, ...] = ("cookie", "body")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhdw]?)", re.ASCII)
_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_APP_ORIGIN = re.compile(r"(capacitor|ionic|tauri|app|([a-z]+-)+extension)://[\w.-]+(:[0-9]{1,5})?", re.ASCII)
"""The origin of a page that belongs to a program: in a web view or a browser extension.

Browsers do not change the case of such a host; Safari writes it in capitals.
"""
_ENDPOINT = re.compile(r"\w+|[\w-]+(\.[\w-]+)+", re.ASCII)
"""A name without a dot may not contain a hyphen: ``sign-in`` is probably a path without its leading slash."""
_SECRET = re.compile(r"[!-~]+")
_SCHEME = re.compile(r"\s*[\w+]*(://)?")
_COOKIE_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class SecretRefused(ValueError):
    """A secret or private key that cannot be used; the message says why and does not repeat it."""


def seconds(value: object) -> float:
    """Seconds of a timedelta, a number of seconds, or text such as ``"15m"``; ValueError otherwise."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, str) and (span := _SPAN.fullmatch(value.strip())):
        value = float(span[1]) * _UNITS[span[2] or "s"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e10:
        raise ValueError("not a span of time")
    return float(value)


def duration(low: float = 1, high: float = 1e10) -> Callable[[Any], float]:
    """A span of time between two bounds, in seconds."""

    def read(value: Any) -> float:
        span = seconds(value)
        if not low <= span <= high:
            raise ValueError
        return span

    return read


def whole(low: int, high: int) -> Callable[[Any], int]:
    """A whole number between two bounds."""

    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return read


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def text(value: Any) -> str:
    """Text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def optional_text(value: Any) -> str | None:
    """Text, or none."""
    return None if value is None else text(value)


def prefix(value: Any) -> str:
    """A path without a slash at its end."""
    path = text(value)
    segments = path.removeprefix("/").split("/")
    plain = all(segment.replace("-", "").replace("_", "").isalnum() for segment in segments)
    if path != "/" and (not path.startswith("/") or not plain or not path.isascii()):
        raise ValueError
    return path


def is_site_path(target: str) -> bool:
    """Whether ``target``, a path with or without a query, leads to this site in every browser (CWE-601).

    It has one leading slash. Browsers read ``//`` and a backslash as the start of another host's name, drop
    tabs and line ends, and remove dot segments; so the path may have none of these, percent-encoded or not.
    """
    path = unquote(target.partition("?")[0].partition("#")[0])
    return (
        target.startswith("/")
        and target.isprintable()
        and " " not in target
        and not _CONTROLS.search(path)
        and "//" not in path
        and "\\" not in path
        and _DOTS.isdisjoint(path.split("/"))
    )


def page(value: Any) -> str | None:
    """A path of this site in ASCII, the endpoint of a route, or none; only the path begins with a slash."""
    page = optional_text(value)
    if page is None or _ENDPOINT.fullmatch(page) or (page.isascii() and is_site_path(page)):
        return page
    raise ValueError


def cookie_name(value: Any) -> str:
    """A valid name of a cookie: a token (RFC 6265, 4.1.1)."""
    name = text(value)
    if not _COOKIE_NAME.issuperset(name) or name in (ACCESS_COOKIE, SIGNED_IN_COOKIE, CONTINUED_COOKIE):
        raise ValueError
    return name


def domain(value: Any) -> str | None:
    """A domain name, or none."""
    domain = optional_text(value)
    if domain is not None and (
        set(domain) & set("/:@;, ") or not domain.isascii() or not domain.isprintable()
    ):
        raise ValueError
    return domain


def delivery(value: Any) -> Delivery:
    """A value of RATCHET_DEFAULT_DELIVERY."""
    return _DELIVERIES[_DELIVERIES.index(value)]


def device_bound(value: Any) -> DeviceBound:
    """A value of RATCHET_DEVICE_BOUND; 1 and 0 are none."""
    return _DEVICE_BOUND[[repr(one) for one in _DEVICE_BOUND].index(repr(value))]


def samesite(value: Any) -> SameSite:
    """A value of SameSite."""
    return _SAMESITE[_SAMESITE.index(value)]


def origins(value: Any) -> frozenset[str]:
    """Origins of web sites and of programs, spelt as browsers spell them (RFC 6454, 6.2)."""
    found = frozenset([value] if isinstance(value, str) else value)
    if not all(isinstance(one, str) and _is_origin(one) for one in found):
        raise ValueError
    return found


def _is_origin(one: str) -> bool:
    """Whether ``one`` is an origin. Browsers leave out the default port of the scheme."""
    parts = urlsplit(one)
    spelt = _ORIGIN.fullmatch(one) or _APP_ORIGIN.fullmatch(one)
    return spelt is not None and (parts.scheme, parts.port) not in DEFAULT_PORTS.items()


def without_password(value: object) -> str:
    """A URL as a message may show it, without a password: its scheme, or the type of another value."""
    if value is None or isinstance(value, int):
        return repr(value)
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    rest = _SCHEME.sub("", value, count=1)
    return repr(f"{value.removesuffix(rest)}…" if rest else value)


def secrets(min_length: int) -> Callable[[Any], tuple[str, ...]]:
    """Secrets that fit into a header, each of at least ``min_length`` bytes."""

    def is_secret(one: object) -> bool:
        return isinstance(one, str) and len(one) >= min_length and _SECRET.fullmatch(one) is not None

    def read(value: Any) -> tuple[str, ...]:
        found = (value,) if isinstance(value, str) else value
        if not isinstance(found, list | tuple) or not all(is_secret(one) for one in found):
            raise SecretRefused(f"takes texts of at least {min_length} bytes, plain ASCII without spaces")
        return tuple(found)

    return read


def private_keys(value: Any) -> tuple[KeyPair, ...]:
    """The private keys in the files of these paths; SecretRefused where one cannot be used."""
    if any(mark in str(value) for mark in ("{", "-----")):  # a private key, which no message may repeat
        raise SecretRefused("takes the paths of files, not the keys themselves")
    names = value if isinstance(value, list | tuple) else [] if value is None else [value]
    paths = [Path(text(os.fspath(name))) for name in names]
    if not paths:
        return ()
    try:
        from ..tokens import keys  # noqa: PLC0415  # loads cryptography, for the sites that ask for keys

        return keys.load(paths)
    except ImportError as error:
        raise SecretRefused("needs another package: pip install 'flask-ratchet[keys]'") from error
    except UnusableKey as error:
        raise SecretRefused(str(error)) from error
