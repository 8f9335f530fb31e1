"""Passwords: hash, verify, and the work that is done for a user who does not exist.

bcrypt reads at most 72 bytes. A password is therefore put through HMAC-SHA256 first, so that it counts in
full (ASVS 6.2.9, 11.4.2). What is stored is the well-known ``$bcrypt-sha256$v=2`` format: a site that leaves
takes its hashes along. Plain bcrypt hashes of other systems verify as those systems would have verified
them, and are raised at the next sign-in.
"""

from __future__ import annotations

import base64
import hmac
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import NamedTuple

import bcrypt

from .errors import InvalidRequest
from .strength import repeated

CHEAPEST_ROUNDS = 4
DEAREST_ROUNDS = 16
"""A stored cost beyond this is refused: one row must not be able to stop a worker for minutes."""

MOST_ABOVE = 2
"""A stored cost so far above the setting is hidden: every sign-in then costs as much, four times the work."""

LONGEST_PASSWORD = 512
"""Characters. The time for NFKC grows with the square of the combining marks in a row: 1 ms for these."""

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
    """Whether ``password`` is the one behind ``stored``; the work is that of one bcrypt of cost ``rounds``.

    Where there is no usable hash (no such user, no password set, a broken row) it is done against a hash
    that nothing matches, and so is the rest of it where the stored cost is lower. A dearer hash takes what
    its own cost takes.
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
    """What every answer has to cost so that ``stored`` does not stand out: ``rounds``, or a little more."""
    known = _parse(stored or "")
    return min(max(known.rounds, rounds), rounds + MOST_ABOVE) if known else rounds


def dearer_than(rounds: int) -> list[str]:
    """What hashes look like whose cost is above ``rounds``, as patterns of SQL's LIKE."""
    costs = range(rounds + 1, DEAREST_ROUNDS + 1)
    return [f"$bcrypt-sha256$v=2,t=2b,r={cost}$%" for cost in costs] + [f"$2_${cost}$%" for cost in costs]


def needs_rehash(stored: str | None, rounds: int) -> bool:
    """Whether ``stored`` is cheaper than ``rounds``, or a plain bcrypt hash of another system."""
    known = _parse(stored or "")
    return known is None or not known.prehashed or known.rounds < rounds


def check_length(password: str) -> None:
    """InvalidRequest for a password beyond LONGEST_PASSWORD; it is never cut (ASVS 6.2.8, 6.2.9)."""
    if len(password) > LONGEST_PASSWORD:
        raise InvalidRequest(f"A password has at most {LONGEST_PASSWORD} characters.")


def check_new(password: str, min_length: int, is_breached: Callable[[str], bool] = lambda _: False) -> None:
    """Refuse a new password that is too short, one of the most used, or known to ``is_breached``.

    Length is what counts, of what was typed and of what it means (a single U+FDFA means 18 characters); no
    rule says which characters (NIST SP 800-63B-4, 3.1.1.2; ASVS 6.2.1, 6.2.4, 6.2.12). InvalidRequest says
    what is wrong.
    """
    normal = _normal(password)
    if min(len(password), len(normal)) < min_length:
        raise InvalidRequest(f"A password needs at least {min_length} characters.")
    if _is_tried_first(password) or _is_tried_first(normal) or is_breached(password):
        raise InvalidRequest("That password is known to attackers. Choose another one.")


def _is_tried_first(password: str) -> bool:
    """Whether it is blank, one character or one of the most used passwords, or repeats such a thing.

    That is a part of the list of commonly used passwords, which is too long to write down, and no rule of
    composition: NIST SP 800-63B names repeated characters among what such a list is for.
    """
    part = repeated(password.casefold())
    return len(part) == 1 or not password.strip() or not _most_used().isdisjoint((part, password.casefold()))


@cache
def _most_used() -> frozenset[str]:
    """The most used passwords, read when the first new password comes."""
    lines = resources.files(__package__).joinpath("data", "common_passwords.txt").read_text("utf-8")
    return frozenset(line.casefold() for line in lines.splitlines() if not line.startswith("# "))


def _normal(password: str) -> str:
    """One password, typed on whatever keyboard (NFKC)."""
    check_length(password)
    return unicodedata.normalize("NFKC", password)


def _prehash(password: str, salt: str) -> bytes:
    """44 bytes of base64 that depend on every byte of the password."""
    whole = _normal(password).encode(errors="surrogatepass")
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
    if found is None or not CHEAPEST_ROUNDS <= int(found[1]) <= DEAREST_ROUNDS:
        return None
    return _Stored(int(found[1]), found[2], found[3], prehashed=ours is not None)
