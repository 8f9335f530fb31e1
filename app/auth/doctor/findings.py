"""The input and the results of the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Flask

from ..passwords.formats import PasswordFormats
from ..settings.model import Settings
from ..storage.accounts import AccountStore


class Finding(NamedTuple):
    """A problem: what is wrong, and what to do about it. ``is_error`` is true if users are affected."""

    what: str
    remedy: str
    is_error: bool = True


class CheckContext(NamedTuple):
    """What is examined."""

    app: Flask
    settings: Settings
    store: AccountStore
    clock: Callable[[], float]
    formats: PasswordFormats
