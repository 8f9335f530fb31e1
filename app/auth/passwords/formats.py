"""The formats of password hashes that a site verifies: its own, bcrypt, and those of the host's verifiers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from inspect import iscoroutinefunction
from typing import Protocol

from ..errors import SettingsError
from ..log import log_safely
from . import hashing

LOCKED = ("!", "*")
"""For an account without a password, many systems store a text that begins with one of these."""

MAX_TOLD = 20
"""Unknown formats that one process logs."""

_NAME = re.compile(
    r"\$[A-Za-z0-9_-]{1,16}\$|\{[A-Z0-9-]{1,16}\}"
    r"|(?:argon|bcrypt|crypt|hmac|md5|pbkdf|scrypt|sha|unsalted)[a-z0-9_-]{0,12}[$:]"
)
"""How a hash names its format: ``$6$``, ``{SSHA}``, ``scrypt:``. Another word can be a salt or a password."""


class PasswordVerifier(Protocol):
    """Verifies password hashes that another system has stored.

    Both methods are called by several threads, and not by that of the request: they see its context
    variables, and not its thread-locals.
    """

    def owns(self, stored: str) -> bool:
        """Whether ``stored`` is a whole hash of this format, and cheap enough to verify."""
        ...

    def verify(self, password: str, stored: str | None) -> bool:
        """Whether ``password`` matches ``stored``, a hash that this verifier owns.

        None stands for a user who does not exist or has another hash. Then it does the same work, on a hash
        that nothing matches: otherwise the time of a refusal tells who has an account.
        """
        ...


class PasswordFormats:
    """Verifies passwords against hashes of every format of a site; a check runs every function once.

    Raises SettingsError if one of ``verifiers`` is not a PasswordVerifier.
    """

    def __init__(self, rounds: int, verifiers: Iterable[PasswordVerifier] = ()) -> None:
        self._rounds, self._cost = rounds, rounds
        self._verifiers = _checked(verifiers)
        self._told = set[str]()

    def verify(self, password: str, stored: str | None) -> bool:
        """Whether ``password`` matches ``stored``; the work does not depend on the format of ``stored``.

        A bcrypt hash can cost more than the setting. After the first one, every check costs as much. If
        a verifier owns a plain bcrypt hash, only that verifier compares it. The hash may be of a digest of
        the password, and typing the digest must not sign anybody in.
        """
        self._cost = max(self._cost, hashing.cost_to_hide(stored, self._rounds))
        is_wrapped = stored is not None and hashing.is_plain(stored) and self._is_owned(stored)
        found = [hashing.verify_password(password, None if is_wrapped else stored, self._cost)]
        found += [_asked(verifier, password, stored) for verifier in self._verifiers]
        if stored and self.is_unknown(stored):
            self._tell(name_of(stored))
        return any(found)

    def is_unknown(self, stored: str) -> bool:
        """Whether this is a hash of a format that nothing here verifies, and not a locked account."""
        return not (stored.startswith(LOCKED) or hashing.is_known(stored) or self._is_owned(stored))

    def _is_owned(self, stored: str) -> bool:
        return any(_owns(verifier, stored) for verifier in self._verifiers)

    def _tell(self, name: str) -> None:
        if name not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(name)
            log_safely(
                logging.WARNING,
                "a user cannot sign in: the format of the password hash is not known (%s). Name a verifier "
                "for it in password_verifiers, or let the user set a new password",
                name,
            )


def name_of(stored: str) -> str:
    """What a hash says about its format, without any part of the hash itself."""
    named = _NAME.match(stored)
    return named[0] if named else f"{len(stored)} characters without a name"


def _owns(verifier: PasswordVerifier, stored: str) -> bool:
    try:
        return verifier.owns(stored)
    except Exception as error:  # noqa: BLE001  # a host's verifier can raise anything
        log_safely(logging.ERROR, "a password verifier failed", exception=error)
        return False


def _asked(verifier: PasswordVerifier, password: str, stored: str | None) -> bool:
    mine = stored if stored and _owns(verifier, stored) else None
    try:
        return bool(verifier.verify(password, mine)) and mine is not None
    except Exception as error:  # noqa: BLE001  # a host's verifier can raise anything
        log_safely(logging.ERROR, "a password verifier failed", exception=error)
        return False


def _checked(verifiers: Iterable[PasswordVerifier]) -> tuple[PasswordVerifier, ...]:
    if not isinstance(verifiers, Iterable):
        raise SettingsError(f"password_verifiers is {verifiers!r}: give a list of verifiers")
    given = tuple(verifiers)
    for one in given:
        methods = getattr(one, "owns", None), getattr(one, "verify", None)
        is_asynchronous = any(map(iscoroutinefunction, methods))  # its answers would all count as yes
        if isinstance(one, type) or is_asynchronous or not all(map(callable, methods)):
            raise SettingsError(
                f"password_verifiers has {one!r}, which is no verifier: give objects with the plain methods "
                "owns and verify, such as flask_ratchet.verifiers.Werkzeug()"
            )
    return given
