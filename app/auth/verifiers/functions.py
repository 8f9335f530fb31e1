"""The functions of other systems: how their hashes look, what one may cost, and how one is compared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..passwords import hashing

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MAX_ITERATIONS = 5_000_000
"""The most rounds of PBKDF2 that a stored hash may ask for: a second or two."""

MAX_SCRYPT = 2**20
"""The highest product of N, r and p: 128 MiB, and half a second."""

MAX_ARGON2_KIB = 2**18
MAX_ARGON2_WORK = 2**20
"""The most memory, 256 MiB, and the highest product of memory and passes: about a second."""

BCRYPT_ROUNDS = 12
"""The usual cost of bcrypt in Django and in Flask-Security."""

COUNT = "([0-9]{1,8})"
SALT = r"[^$]{1,128}"
BASE64 = "[+/A-Za-z0-9]"
_BCRYPT = r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}"
_ARGON2 = rf"\$argon2(?:id|i|d)(?:\$v=(?:16|19))?\$m={COUNT},t={COUNT},p={COUNT}(?:\${BASE64}{{8,128}}){{2}}"
_PBKDF2 = re.compile(r"pbkdf2[:_](sha[0-9]+)[:$]([0-9]+)\$")

Matches = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how its hashes look, which of them are cheap enough, and how one is compared.

    ``decoy`` is a hash of the usual cost that nothing matches.
    """

    pattern: str
    is_cheap: Callable[..., bool]
    matches: Matches
    decoy: str

    def owns(self, stored: str) -> bool:
        """Whether ``stored`` is a whole hash of this function, and cheap enough to verify."""
        found = re.fullmatch(self.pattern, stored)
        return found is not None and self.is_cheap(*map(int, found.groups()))

    def verify(self, password: str, stored: str | None) -> bool:
        """Whether ``password`` matches ``stored``; the decoy takes the place of a hash that is not owned."""
        mine = stored if stored is not None and self.owns(stored) else None
        return self.matches(password, self.decoy if mine is None else mine) and mine is not None


class Functions:
    """A verifier of the hashes of one or more functions."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._functions = tuple(functions)

    def owns(self, stored: str) -> bool:
        """Whether ``stored`` is a whole hash of one of the functions, and cheap enough to verify."""
        return any(function.owns(stored) for function in self._functions)

    def verify(self, password: str, stored: str | None) -> bool:
        """Whether ``password`` matches ``stored``; every function runs once, whatever ``stored`` is."""
        typed = password.encode(errors="replace").decode()  # others have no half of a surrogate pair
        found = [function.verify(typed, stored) for function in self._functions]
        return any(found) and typed == password


def chosen(
    verifier: str, known: Mapping[str, Callable[[], Function]], names: Iterable[str]
) -> list[Function]:
    """The functions of these names. Raises SettingsError for a name that is not known."""
    if unknown := [name for name in names if name not in known]:
        raise SettingsError(f"{verifier} does not know {unknown[0]!r}; it knows {', '.join(known)}")
    return [known[name]() for name in names]


def with_missing_rounds(usual: int, matches: Matches) -> Matches:
    """The comparison of a PBKDF2 hash, and the rounds that it has fewer than ``usual``."""

    def matches_at_usual_cost(password: str, stored: str) -> bool:
        found = _PBKDF2.match(stored)
        if found and int(found[2]) < usual:
            hashlib.pbkdf2_hmac(found[1], b"", b"", usual - int(found[2]))
        return matches(password, stored)

    return matches_at_usual_cost


def bcrypt_function(prefix: str, key: Callable[[str], str]) -> Function:
    """The bcrypt of a key that is made of the password; it reads the first 72 bytes, as in those systems."""

    def matches(password: str, stored: str) -> bool:
        return hashing.verify_password(key(password), stored.removeprefix(prefix), BCRYPT_ROUNDS)

    return Function(re.escape(prefix) + _BCRYPT, _is_cheap_bcrypt, matches, decoy="")


def argon2_function(
    prefix: str = "",
    *,
    hasher: PasswordHasher | None = None,
    cost: str = "",
    key: Callable[[str], str] = str,
) -> Function:
    """Argon2 of a key that is made of the password. The usual ``cost`` is that of ``hasher``, if not given.

    Raises SettingsError if argon2-cffi is not installed.
    """
    try:
        import argon2  # noqa: PLC0415  # comes with an extra
    except ImportError:
        raise SettingsError(
            "hashes of Argon2 need another package: pip install 'flask-ratchet[argon2]'"
        ) from None
    usual = hasher or argon2.PasswordHasher()

    def matches(password: str, stored: str) -> bool:
        try:
            return usual.verify(stored.removeprefix(prefix), key(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    cost = cost or f"m={usual.memory_cost},t={usual.time_cost},p={usual.parallelism}"
    decoy = f"{prefix}$argon2id$v=19${cost}${'A' * 22}${'A' * 43}"
    return Function(re.escape(prefix) + _ARGON2, _is_cheap_argon2, matches, decoy)


def _is_cheap_bcrypt(rounds: int) -> bool:
    return hashing.MIN_ROUNDS <= rounds <= hashing.MAX_ROUNDS


def is_cheap_pbkdf2(rounds: int) -> bool:
    """Whether there are rounds, and not too many."""
    return 1 <= rounds <= MAX_ITERATIONS


def is_cheap_scrypt(n: int, r: int, p: int) -> bool:
    """Whether these are numbers that a library stores, and that OpenSSL therefore takes."""
    return n >= 1024 and n & (n - 1) == 0 and 1 <= r <= 64 and 1 <= p <= 64 and n * r * p <= MAX_SCRYPT


def _is_cheap_argon2(memory: int, passes: int, lanes: int) -> bool:
    return (
        1 <= lanes <= 64
        and 8 * lanes <= memory <= MAX_ARGON2_KIB
        and 1 <= passes <= MAX_ARGON2_WORK // memory
    )
