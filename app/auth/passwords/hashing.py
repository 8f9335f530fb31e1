"""Hash and verify passwords, and do the same work for a user who does not exist.

bcrypt reads at most 72 bytes. A password is therefore hashed with HMAC-SHA256 first, so that every byte of it
counts (ASVS 6.2.9, 11.4.2). What is stored is the well-known ``$bcrypt-sha256$v=2`` format: a site that stops
using Ratchet can keep its hashes. Plain bcrypt hashes of other systems are verified as those systems do it,
and are replaced by a hash of our format at the next sign-in.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import NamedTuple

import bcrypt

from .policy import normal_form

MIN_ROUNDS = 4
MAX_ROUNDS = 16
"""A higher stored cost is refused: one row must not stop a worker for minutes."""

MAX_ABOVE = 2
"""A stored cost up to this far above the setting is hidden: each sign-in then costs up to 4 times as much."""

BCRYPT_BYTES = 72
_NO_SALT = "." * 22
_OURS = re.compile(r"\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{21}[.Oeu])\$([./A-Za-z0-9]{31})")
_PLAIN = re.compile(r"\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{21}[.Oeu])([./A-Za-z0-9]{31})")


class _Stored(NamedTuple):
    rounds: int
    salt: str
    digest: str
    prehashed: bool


def hash_password(password: str, rounds: int) -> str:
    """The hash to store for ``password``, costing ``2**rounds``."""
    salt = bcrypt.gensalt(rounds).decode().rpartition("$")[2]
    return _format(rounds, salt, _digest(_prehash(password, salt), rounds, salt))


def verify_password(password: str, stored: str | None, rounds: int) -> bool:
    """Whether ``password`` matches ``stored``; the work is that of one bcrypt of cost ``rounds``.

    If there is no usable hash (no such user, no password set, a broken row), the work is done on a hash that
    nothing matches. If the stored cost is lower, the rest of the work is done on such a hash, too. A hash of
    higher cost takes the work of its own cost.
    """
    known = _parse(stored or "")
    target = known or _unmatchable(rounds)
    key = _prehash(password, target.salt) if target.prehashed else _as_others_read(password)
    usable = known is not None and b"\0" not in key
    digest = _digest(key.replace(b"\0", b""), target.rounds, target.salt)
    for missing in range(target.rounds, rounds):  # 2^r + 2^r + 2^(r+1) + ... + 2^(s-1) = 2^s
        _digest(_prehash(password, _NO_SALT), missing, _NO_SALT)
    return hmac.compare_digest(digest, target.digest) and usable


def cost_to_hide(stored: str | None, rounds: int) -> int:
    """The cost of every check that hides the cost of ``stored``: ``rounds``, or a little more."""
    known = _parse(stored or "")
    return min(max(known.rounds, rounds), rounds + MAX_ABOVE) if known else rounds


def patterns_above(rounds: int) -> list[str]:
    """Patterns for SQL's LIKE that match hashes whose cost is above ``rounds``."""
    costs = range(rounds + 1, MAX_ROUNDS + 1)
    return [f"$bcrypt-sha256$v=2,t=2b,r={cost}$%" for cost in costs] + [f"$2_${cost}$%" for cost in costs]


def is_known(stored: str) -> bool:
    """Whether this is a hash that a password can be compared with."""
    return _parse(stored) is not None


def is_plain(stored: str) -> bool:
    """Whether this is a plain bcrypt hash, which another system can have made of more than the password."""
    known = _parse(stored)
    return known is not None and not known.prehashed


def needs_rehash(stored: str | None, rounds: int) -> bool:
    """Whether ``stored`` is cheaper than ``rounds``, or a plain bcrypt hash of another system."""
    known = _parse(stored or "")
    return known is None or not known.prehashed or known.rounds < rounds


def _prehash(password: str, salt: str) -> bytes:
    """44 bytes of base64 that depend on every byte of the password."""
    whole = normal_form(password).encode(errors="surrogatepass")
    return base64.b64encode(hmac.digest(salt.encode(), whole, "sha256"))


def _as_others_read(password: str) -> bytes:
    """What a plain bcrypt hash covers: the first 72 bytes, as typed."""
    return password.encode(errors="surrogatepass")[:BCRYPT_BYTES]


def _digest(key: bytes, rounds: int, salt: str) -> str:
    return bcrypt.hashpw(key, f"$2b${rounds:02}${salt}".encode()).decode()[-31:]


def _format(rounds: int, salt: str, digest: str) -> str:
    return f"$bcrypt-sha256$v=2,t=2b,r={rounds}${salt}${digest}"


def _unmatchable(rounds: int) -> _Stored:
    return _Stored(rounds, _NO_SALT, "." * 31, prehashed=True)


def _parse(stored: str) -> _Stored | None:
    ours = _OURS.fullmatch(stored)
    found = ours or _PLAIN.fullmatch(stored)
    if found is None or not MIN_ROUNDS <= int(found[1]) <= MAX_ROUNDS:
        return None
    return _Stored(int(found[1]), found[2], found[3], prehashed=ours is not None)
