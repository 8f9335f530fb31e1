"""Finds secrets and passwords that are easy to guess: short, repetitive, or of few different characters."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

MIN_SECRET_BYTES = 32
"""Bytes: the output length of SHA-256, which is keyed with it (RFC 7518, 3.2)."""

MIN_PERIOD = 24
"""The shortest period of a secret, in bytes. One in four billion random 32 hex digits has a shorter one."""

MIN_DIFFERENT = 8
"""The fewest different bytes in a secret, and differences between neighbours. A random secret has more."""

MAX_PART = 32
"""The longest period that is searched for. The bound keeps the search short."""

REMEDY = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'
"""How to make a random secret."""

_Text = TypeVar("_Text", str, bytes)


def weakness(secret: str | bytes) -> str | None:
    """What is wrong with a secret, as the end of a sentence; None if no weakness is found.

    It finds what was typed or pasted from a template (``change-me-change-me-…``, ``0123456789abcdef…``). A
    long sentence from a public example passes.
    """
    raw = _bytes_of(secret)
    if is_short(secret):
        return f"is shorter than {MIN_SECRET_BYTES} bytes"
    if len(repeated(raw)) < MIN_PERIOD:
        return "repeats itself, so that it can be guessed"
    steps = {after - before for before, after in pairwise(raw)}
    if min(len(set(raw)), len(steps)) < MIN_DIFFERENT:
        return "has so few different characters that it can be guessed"
    return None


def is_short(secret: str | bytes) -> bool:
    """Whether a secret has fewer than MIN_SECRET_BYTES bytes."""
    return len(_bytes_of(secret)) < MIN_SECRET_BYTES


def is_template(secret: str | bytes) -> bool:
    """Whether a secret is a repeated phrase, as in templates of configurations."""
    raw = _bytes_of(secret)
    return 1 < len(repeated(raw)) < min(MIN_PERIOD, len(raw))


def repeated(text: _Text) -> _Text:
    """The shortest part that ``text`` repeats, the last time perhaps cut off; ``text`` if there is none."""
    lengths = range(1, min(len(text), MAX_PART + 1))
    return next((text[:length] for length in lengths if text.startswith(text[length:])), text)


def _bytes_of(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret
