"""What the value of a setting may be: each reader returns the value as it is kept, or raises ValueError."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..tokens.jws import UnusableKey
from ..web.cookies import ACCESS_COOKIE, SIGNED_IN_COOKIE
from ..web.origin import DEFAULT_PORTS
from .durations import seconds

if TYPE_CHECKING:
    from ..tokens.keys import KeyPair

_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_SECRET = re.compile(r"[!-~]+")
_COOKIE_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


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


def page(value: Any) -> str | None:
    """A path of this site, or none."""
    path = optional_text(value)
    if path is not None and (
        not path.isprintable()
        or not path.startswith("/")
        or path.startswith(("//", "/\\"))
        or not path.isascii()
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
    if domain is not None and (
        set(domain) & set("/:@;, ") or not domain.isascii() or not domain.isprintable()
    ):
        raise ValueError
    return domain


def samesite(value: Any) -> str:
    """A value of SameSite."""
    if value not in ("Strict", "Lax", "None"):
        raise ValueError
    return str(value)


def origins(value: Any) -> frozenset[str]:
    """Web origins, spelt as browsers spell them (RFC 6454, 6.2)."""
    found = frozenset([value] if isinstance(value, str) else value)
    if not all(isinstance(one, str) and _ORIGIN.fullmatch(one) for one in found):
        raise ValueError
    if any(urlsplit(one).port == DEFAULT_PORTS[urlsplit(one).scheme] for one in found):
        raise ValueError
    return found


def secrets(shortest: int) -> Callable[[Any], tuple[str, ...]]:
    """Secrets that fit into a header, each of so many bytes at least; no message repeats one."""

    def is_secret(one: object) -> bool:
        return isinstance(one, str) and len(one) >= shortest and _SECRET.fullmatch(one) is not None

    def read(value: Any) -> tuple[str, ...]:
        found = (value,) if isinstance(value, str) else value
        if not isinstance(found, list | tuple) or not all(is_secret(one) for one in found):
            raise UnusableKey(f"takes texts of at least {shortest} bytes, plain ASCII without spaces")
        return tuple(found)

    return read


def private_keys(value: Any) -> tuple[KeyPair, ...]:
    """The private keys in the files of these paths; UnusableKey where one will not do."""
    if any(mark in str(value) for mark in ("{", "-----")):  # a key: no message may repeat it
        raise UnusableKey("takes the paths of files, not the keys themselves")
    names = value if isinstance(value, list | tuple) else [] if value is None else [value]
    paths = [Path(text(os.fspath(name))) for name in names]
    if not paths:
        return ()
    try:
        from ..tokens import keys  # noqa: PLC0415  # loads cryptography, for the sites that ask for keys
    except ImportError as error:
        raise UnusableKey("needs another package: pip install 'flask-ratchet[keys]'") from error
    return keys.load(paths)
