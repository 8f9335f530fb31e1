"""What the value of a setting may be: each reader returns the value as it is kept, or raises ValueError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from . import durations
from .cookies import ACCESS_COOKIE, SIGNED_IN_COOKIE

_COOKIE_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def duration(low: float = 1, high: float = 1e10) -> Callable[[Any], float]:
    """A span of time between two bounds, in seconds."""

    def read(value: Any) -> float:
        span = durations.seconds(value)
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


def page(value: Any) -> str | None:
    """A path of this site, or none."""
    path = optional_text(value)
    if path is not None and (
        not path.startswith("/") or path.startswith(("//", "/\\")) or not path.isascii()
    ):
        raise ValueError
    return path


def cookie_name(value: Any) -> str:
    """A token that a cookie can be called (RFC 6265, 4.1.1)."""
    name = text(value)
    if not _COOKIE_NAME.issuperset(name) or name in (ACCESS_COOKIE, SIGNED_IN_COOKIE):
        raise ValueError
    return name


def domain(value: Any) -> str | None:
    """A domain name, or none."""
    domain = optional_text(value)
    if domain is not None and (set(domain) & set("/:@;, ") or not domain.isascii()):
        raise ValueError
    return domain


def samesite(value: Any) -> str:
    """A value of SameSite."""
    if value not in ("Strict", "Lax", "None"):
        raise ValueError
    return str(value)


def origins(value: Any) -> frozenset[str]:
    """Web origins, spelt as browsers spell them (RFC 6454, 6.2)."""
    origins = frozenset([value] if isinstance(value, str) else value)
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or origin != origin.lower():
            raise ValueError
        if f"{parts.scheme}://{parts.netloc}" != origin or "@" in parts.netloc:
            raise ValueError
    return origins
