"""The table of settings, as docs/settings.md has it."""

from __future__ import annotations

from typing import Any

from app.auth.settings.model import SETTINGS

from .parts import markdown


def table() -> str:
    """Every key with its default, what is allowed and what it does."""
    rows = [
        (f"`{key}`", default(setting.default), setting.allowed, setting.purpose)
        for key, setting in SETTINGS.items()
    ]
    return markdown(("key", "default", "allowed", "what it does"), rows)


def default(value: Any) -> str:
    """A default as one would write it."""
    if value is None or value == ():
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
