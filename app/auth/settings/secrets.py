"""What makes a secret or a password easy to guess: it is short, repeats itself, or has few characters."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

MIN_SECRET_BYTES = 32
"""Bytes: as long as the SHA-256 that is keyed with it (RFC 7518, 3.2)."""

MIN_PERIOD = 24
"""Bytes of a secret before it starts anew. One of 32 drawn hex digits in four billion has fewer."""

MIN_DIFFERENT = 8
"""Different bytes in a secret, and different steps from one to the next; fewer were typed, not drawn."""

MAX_PART = 32
"""How long a part is looked for that a text repeats: a bound, so that a long text costs no long search."""

REMEDY = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'
"""How to make a secret that was drawn."""

_Text = TypeVar("_Text", str, bytes)


def weakness(secret: str | bytes) -> str | None:
    """What is wrong with a secret, as the end of a sentence; None where nothing is to be seen.

    It sees what was typed or pasted from a template (``change-me-change-me-…``, ``0123456789abcdef…``). A
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
    """Whether a secret is a phrase again and again, as templates of configurations have it."""
    raw = _bytes_of(secret)
    return 1 < len(repeated(raw)) < min(MIN_PERIOD, len(raw))


def repeated(text: _Text) -> _Text:
    """The shortest part of which ``text`` is a repetition, the last one perhaps cut off; else ``text``."""
    lengths = range(1, min(len(text), MAX_PART + 1))
    return next((text[:length] for length in lengths if text.startswith(text[length:])), text)


def _bytes_of(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret
