"""Guessing is slow: failed sign-ins are counted per account and address, per address, and per account.

Only failures count and a success clears, so that an office behind one address can sign in all morning. What
has not been decided yet counts as a failure meanwhile: guessing all at once does not help. The count on the
whole account would let a stranger lock its owner out; a device that holds a session of the account is
therefore not held to it (ASVS 6.3.1). An unknown name is counted like a known one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from .errors import TooManyAttempts
from .journal import note
from .settings import refusal

HERE = parse("10 per 10 minutes")
"""Failures of one account from one address."""
ADDRESS = parse("100 per 10 minutes")
"""Failures of all accounts from one address."""
ACCOUNT = parse("50 per 1 hour")
"""Failures of one account from everywhere; no device that holds a session of it is counted."""

AWAY_SECONDS = 1.0
"""How long a storage that did not answer is left alone: a sign-in waits for it once, not at each question."""

REDIS_PATIENCE = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
"""Seconds to wait for a Redis, where its URL names no others; its driver would wait five, several times."""

IPV6_SITE = 64
_T = TypeVar("_T")

Counter = tuple[RateLimitItem, str, str]
"""A limit and the two words that it is counted under."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries to be whom: a canonical identifier, an address, whether the device is known.

    ``purpose`` keeps apart what is told by names from what is told by the keys of rows.
    """

    identifier: str
    address: str
    known_device: bool = False
    purpose: str = "sign in"

    @property
    def counters(self) -> tuple[Counter, ...]:
        """The limits this attempt counts towards, each with its key."""
        name = f"{self.purpose}: {self.identifier}"
        who = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
        where = site_of(self.address)
        total = () if self.known_device else ((ACCOUNT, "account", who),)
        return ((HERE, who, where), (ADDRESS, "address", where), *total)


class Throttle:
    """Counts failures in a storage of the limits library.

    While that storage is down each process counts in its own memory: guessing stays slow, and nobody is
    kept out by a cache that is away.
    """

    def __init__(self, storage_uri: str) -> None:
        self._shared = FixedWindowRateLimiter(_storage(storage_uri))
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._away_until = 0.0

    def is_there(self) -> bool:
        """Whether the shared storage answers."""
        return bool(self._shared.storage.check())

    def admit(self, attempt: Attempt, now: float) -> None:
        """Count an attempt as failed; TooManyAttempts, with the seconds to wait, where a limit is used up.

        It is counted before anything is checked: of guesses that come all at once no more get through than of
        guesses that wait for each other. One that is refused does not count.
        """
        counted = []
        for counter in attempt.counters:
            counted.append(counter)
            if not self._ask(partial(_hit, *counter)):
                self._take_back(counted)
                raise TooManyAttempts(
                    retry_after=max(1, *(self._wait(*each, now) for each in attempt.counters))
                )

    def succeeded(self, attempt: Attempt) -> None:
        """It was no failure after all; and forget the failures of this account from this address."""
        own, *others = attempt.counters
        self._ask(partial(_clear, *own))
        self._take_back(others)

    def _take_back(self, counted: Iterable[Counter]) -> None:
        for counter in counted:
            self._ask(partial(_hit, *counter, cost=-1))

    def _wait(self, limit: RateLimitItem, first: str, second: str, now: float) -> int:
        """Whole seconds until ``limit`` allows another attempt, 0 where it does."""
        if self._ask(lambda counts: counts.test(limit, first, second)):
            return 0
        resets_at = self._ask(lambda counts: counts.get_window_stats(limit, first, second)).reset_time
        return max(1, min(int(resets_at - now) + 1, limit.get_expiry()))

    def _ask(self, question: Callable[[FixedWindowRateLimiter], _T]) -> _T:
        """Ask the shared counts; for a moment after they did not answer, those of this process."""
        if monotonic() < self._away_until:
            return question(self._own)
        try:
            return question(self._shared)
        except StorageError as error:
            note(logging.WARNING, "throttle storage is down, counting in this process: %s", error)
            self._away_until = monotonic() + AWAY_SECONDS
            return question(self._own)


def _hit(
    limit: RateLimitItem, first: str, second: str, counts: FixedWindowRateLimiter, *, cost: int = 1
) -> bool:
    return counts.hit(limit, first, second, cost=cost)


def _clear(limit: RateLimitItem, first: str, second: str, counts: FixedWindowRateLimiter) -> None:
    counts.clear(limit, first, second)


def site_of(address: str) -> str:
    """The address that failures are counted under: IPv6 by its /64, which is one site."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), IPV6_SITE), strict=False))
    return str(parsed)


def _storage(uri: str) -> Storage:
    patience = REDIS_PATIENCE if uri.startswith(("redis://", "rediss://")) else {}
    if uri.startswith("memcached"):  # it cannot count back
        raise refusal("RATCHET_THROTTLE_STORAGE", uri)
    try:
        storage = storage_from_string(uri, wrap_exceptions=True, **patience)
    except ConfigurationError as error:
        raise refusal("RATCHET_THROTTLE_STORAGE", uri) from error
    if not isinstance(storage, Storage):
        raise refusal("RATCHET_THROTTLE_STORAGE", uri)
    return storage
