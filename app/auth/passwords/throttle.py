"""Limits on guessing: failed sign-ins are counted per account and IP address, per IP, and per account.

A success clears the failures of that account at that IP address, so that many people behind one IP address
can sign in. An attempt counts as a failure until it succeeds, so that parallel guesses get no additional
attempts. An account has one count for both of its names; an unknown name is counted like an account.

With only the count per account, an attacker could lock its owner out. That count therefore does not apply to
a device in a live session of the account. Its guesses are counted against that session (ASVS 6.3.1), and so
are wrong current passwords at a password change.

A success costs a bcrypt, too. All attempts are therefore counted once more, with higher limits, so that a
client that knows a password cannot keep the processors busy.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TypeVar

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from ..errors import TooManyAttempts
from ..log import log_safely
from ..settings.model import invalid_setting
from ..tokens.jws import derive_key

ACCOUNT_AND_IP = parse("10 per 10 minutes")
"""Failures of one account from one IP address."""
IP = parse("100 per 10 minutes")
"""Failures of all accounts from one IP address."""
NETWORKS = {56: parse("300 per 10 minutes"), 48: parse("1000 per 10 minutes")}
"""Failures of all accounts from one network of IPv6, by the bits of its prefix.

A customer is given a /56 or a /48, and has 256 or 65,536 of the /64 that IP counts. A /48 can also
hold thousands of customers of a mobile network, so these limits are higher.
"""
ACCOUNT = parse("50 per 1 hour")
"""Failures of one account from all IP addresses, without those of devices in one of its live sessions."""
SESSION = parse("50 per 1 hour")
"""Failures from one session, from all IP addresses."""
SIGN_INS = parse("200 per 10 minutes")
"""Attempts at one account, right or wrong: one bcrypt each, together 1/30 of a processor by default."""
SIGN_INS_PER_IP = parse("3000 per 10 minutes")
"""Attempts at all accounts from one IP address, right or wrong."""

AWAY_SECONDS = 1.0
"""Seconds for which a storage that did not answer is not asked again, so that a sign-in waits for it once."""

REDIS_TIMEOUTS = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
"""Seconds to wait for a Redis, unless its URL names others; the driver's default is five, several times."""

IPV6_SITE = 64
_T = TypeVar("_T")

Counter = tuple[RateLimitItem, str, str]
"""A limit and the two parts of the key that it is counted under."""


def account(subject: str) -> str:
    """The key for attempts at an account, the same for both of its names."""
    return f"account {subject}"


def name(identifier: str) -> str:
    """The key for attempts at a name that no account has."""
    return f"name {identifier}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in: at which ``account`` or ``name``, from which IP, in which session, if any."""

    who: str
    client_ip: str
    session: str = ""

    @property
    def failures(self) -> tuple[Counter, ...]:
        """The limits on failures that this attempt counts towards; first that of account and IP address."""
        guesser = _hidden(f"session {self.session}" if self.session else self.who)
        where, *networks = networks_of(self.client_ip)
        return (
            (ACCOUNT_AND_IP, guesser, where),
            (IP, "address", where),
            *((limit, "network", one) for limit, one in zip(NETWORKS.values(), networks, strict=False)),
            (SESSION, "session", guesser) if self.session else (ACCOUNT, "account", guesser),
        )

    @property
    def counters(self) -> tuple[Counter, ...]:
        """All limits that this attempt counts towards."""
        where = networks_of(self.client_ip)[0]
        work = (SIGN_INS, "sign-ins", _hidden(self.who)), (SIGN_INS_PER_IP, "sign-ins", where)
        return (*self.failures, *work)


class Throttle:
    """Counts attempts in a storage of the limits library.

    While that storage is down each process counts in its own memory: the limits still hold per process, and
    users can still sign in. Sites that share a storage can have users with the same keys, so each site counts
    under a name that is derived from its ``secret``.
    """

    def __init__(self, storage_uri: str, secret: str | bytes = "") -> None:
        self._site = derive_key(secret, "throttle").material.hex()[:16]
        self._shared = FixedWindowRateLimiter(_storage(storage_uri))
        self._own = FixedWindowRateLimiter(_storage("memory://"))
        self._away_until = 0.0

    def is_available(self) -> bool:
        """Whether the shared storage answers."""
        return bool(self._shared.storage.check())

    def acquire(self, attempt: Attempt, now: float) -> None:
        """Count an attempt as failed; TooManyAttempts, with the seconds to wait, if a limit is used up.

        It is counted before the password is checked, so that parallel guesses get no more attempts than
        guesses one after the other. A refused attempt does not count.
        """
        counted = []
        for counter in attempt.counters:
            counted.append(counter)
            if not self._hit(counter):
                self._take_back(counted)
                raise TooManyAttempts(
                    retry_after=max(1, *(self._wait(each, now) for each in attempt.counters))
                )

    def release(self, attempt: Attempt) -> None:
        """Take the attempt back, and clear the failures of this account from this IP address."""
        (limit, *words), *others = attempt.failures
        self._ask(lambda counts: counts.clear(limit, self._site, *words))
        self._take_back(others)

    def withdraw(self, attempt: Attempt) -> None:
        """Take the attempt back: its password was not compared."""
        self._take_back(attempt.counters)

    def forget(self) -> None:
        """Forget the attempts that are counted in the memory of this process."""
        for counts in (self._shared, self._own):
            if isinstance(counts.storage, MemoryStorage):
                counts.storage.reset()

    def _take_back(self, counted: Iterable[Counter]) -> None:
        for counter in counted:
            self._hit(counter, cost=-1)

    def _hit(self, counter: Counter, cost: int = 1) -> bool:
        limit, *words = counter
        return self._ask(lambda counts: counts.hit(limit, self._site, *words, cost=cost))

    def _wait(self, counter: Counter, now: float) -> int:
        """Whole seconds until the limit allows another attempt, 0 if it allows one now."""
        limit, *words = counter
        if self._ask(lambda counts: counts.test(limit, self._site, *words)):
            return 0
        resets_at = self._ask(lambda counts: counts.get_window_stats(limit, self._site, *words)).reset_time
        return max(1, min(int(resets_at - now) + 1, limit.get_expiry()))

    def _ask(self, question: Callable[[FixedWindowRateLimiter], _T]) -> _T:
        """Ask the shared counts; for a few seconds after they did not answer, those of this process."""
        if monotonic() < self._away_until:
            return question(self._own)
        try:
            return question(self._shared)
        except StorageError as error:
            log_safely(logging.WARNING, "throttle storage is down, counting in this process: %s", error)
            self._away_until = monotonic() + AWAY_SECONDS
            return question(self._own)


def networks_of(client_ip: str) -> tuple[str, ...]:
    """The networks that failures are counted under: an IPv4 address, or of IPv6 its /64 and the NETWORKS."""
    try:
        parsed = ipaddress.ip_address(client_ip)
    except ValueError:
        return ("unknown",)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return (str(parsed.ipv4_mapped),)
        return tuple(
            str(ipaddress.ip_network((int(parsed), bits), strict=False)) for bits in (IPV6_SITE, *NETWORKS)
        )
    return (str(parsed),)


def _hidden(who: str) -> str:
    """A hash of the key, so that the storage does not learn the account."""
    return hashlib.sha256(who.encode(errors="surrogatepass")).hexdigest()


def _storage(uri: str) -> Storage:
    """The storage of a URL; SettingsError if there is none, or for memcached, which cannot decrement."""
    timeouts = REDIS_TIMEOUTS if uri.startswith(("redis://", "rediss://")) else {}
    try:
        storage = storage_from_string(uri, wrap_exceptions=True, **timeouts)
    except (ConfigurationError, ValueError):  # no cause: its message can contain the password
        storage = None
    if not isinstance(storage, Storage) or uri.startswith("memcached"):
        raise invalid_setting("RATCHET_THROTTLE_STORAGE", uri)
    if isinstance(storage, MemoryStorage):
        storage.expirations = _Expirations()
        # It starts a thread at once. A server that loads the app first forks its workers now, and a lock that
        # a thread holds then stays locked in them. The first count starts the thread again.
        storage.timer.cancel()
        storage.timer.join()
    return storage


class _Expirations(dict[str, float]):
    """When each count in memory ends; one that is gone never does.

    limits drops counts that have ended in a thread, which dies with a KeyError if one is cleared just then.
    """

    def __missing__(self, key: str) -> float:
        return inf
