"""Guessing is slow: failed sign-ins are counted per account and address, per address, and per account.

Only failures count and a success clears, so that an office behind one address can sign in all morning. The
count on the whole account would let a stranger lock its owner out; a device that holds a session of the
account is therefore not held to it (ASVS 6.3.1). An unknown name is counted like a known one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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

IPV6_SITE = 64
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries to sign in as whom: a canonical identifier, an address, whether the device is known."""

    identifier: str
    address: str
    known_device: bool = False

    @property
    def counters(self) -> tuple[tuple[RateLimitItem, str, str], ...]:
        """The limits this attempt counts towards, each with its key."""
        who = hashlib.sha256(self.identifier.encode(errors="surrogatepass")).hexdigest()
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

    def is_there(self) -> bool:
        """Whether the shared storage answers."""
        return bool(self._shared.storage.check())

    def check(self, attempt: Attempt, now: float) -> None:
        """Raise TooManyAttempts, with the seconds to wait, where one of the limits is used up."""
        waits = [self._wait(*counter, now) for counter in attempt.counters]
        if any(waits):
            raise TooManyAttempts(retry_after=max(waits))

    def failed(self, attempt: Attempt) -> None:
        """Count a failure."""
        for limit, first, second in attempt.counters:
            self._ask(partial(_hit, limit, first, second))

    def succeeded(self, attempt: Attempt) -> None:
        """Forget the failures of this account from this address."""
        limit, first, second = attempt.counters[0]
        self._ask(lambda counts: counts.clear(limit, first, second))

    def _wait(self, limit: RateLimitItem, first: str, second: str, now: float) -> int:
        """Whole seconds until ``limit`` allows another attempt, 0 where it does."""
        if self._ask(lambda counts: counts.test(limit, first, second)):
            return 0
        resets_at = self._ask(lambda counts: counts.get_window_stats(limit, first, second)).reset_time
        return max(1, min(int(resets_at - now) + 1, limit.get_expiry()))

    def _ask(self, question: Callable[[FixedWindowRateLimiter], _T]) -> _T:
        try:
            return question(self._shared)
        except StorageError as error:
            note(logging.WARNING, "throttle storage is down, counting in this process: %s", error)
            return question(self._own)


def _hit(limit: RateLimitItem, first: str, second: str, counts: FixedWindowRateLimiter) -> bool:
    return counts.hit(limit, first, second)


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
    try:
        storage = storage_from_string(uri, wrap_exceptions=True)
    except ConfigurationError as error:
        raise refusal("RATCHET_THROTTLE_STORAGE", uri) from error
    if not isinstance(storage, Storage):
        raise refusal("RATCHET_THROTTLE_STORAGE", uri)
    return storage
