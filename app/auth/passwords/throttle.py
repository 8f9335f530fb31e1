"""Guessing is slow: failed sign-ins are counted per account and address, per address, and per account.

A success clears the failures of that account there, so that an office behind one address can sign in all
morning. What has not been decided yet counts as a failure meanwhile: guessing all at once does not help. An
account has one count, by whichever of its names it is tried; an unknown name is counted like an account.

The count on the whole account would let a stranger lock its owner out. A device that is in a live session
of the account is therefore not held to it; its guesses are counted against that session (ASVS 6.3.1), and so
are the guesses at the password by which a session asks for a new one.

A success costs a bcrypt too. All that is let through is counted once more, with generous limits, so that who
knows a password cannot keep the processors busy with it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
"""Failures of one account from one address."""
IP = parse("100 per 10 minutes")
"""Failures of all accounts from one address."""
NETWORKS = {56: parse("300 per 10 minutes"), 48: parse("1000 per 10 minutes")}
"""Failures of all accounts from one network of IPv6, by the bits of its prefix.

A customer is given a /56 or a /48, and has 256 or 65,536 addresses in the sense of IP. A /48 can also
hold thousands of customers of a mobile network, so these limits are higher.
"""
ACCOUNT = parse("50 per 1 hour")
"""Failures of one account from everywhere; no device that is in a session of it is counted."""
SESSION = parse("50 per 1 hour")
"""Failures of the devices that are in one session, from everywhere."""
SIGN_INS = parse("200 per 10 minutes")
"""Attempts at one account, right or wrong; a bcrypt each, a thirtieth of a processor at the usual cost."""
SIGN_INS_PER_IP = parse("3000 per 10 minutes")
"""Attempts at all accounts from one address, right or wrong."""

AWAY_SECONDS = 1.0
"""How long a storage that did not answer is left alone: a sign-in waits for it once, not at each question."""

REDIS_TIMEOUTS = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
"""Seconds to wait for a Redis, where its URL names no others; its driver would wait five, several times."""

IPV6_SITE = 64
_T = TypeVar("_T")

Counter = tuple[RateLimitItem, str, str]
"""A limit and the two words that it is counted under."""


def account(subject: str) -> str:
    """Whom attempts at an account are counted under, by whichever of its names they come."""
    return f"account {subject}"


def name(identifier: str) -> str:
    """Whom attempts at a name are counted under that no account has."""
    return f"name {identifier}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who is tried (``account`` or ``name``), from which address, and in which session, if any."""

    who: str
    client_ip: str
    session: str = ""

    @property
    def failures(self) -> tuple[Counter, ...]:
        """The limits on failures that this attempt counts towards, the one of account and address first."""
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

    While that storage is down each process counts in its own memory: guessing stays slow, and nobody is
    kept out by a cache that is away. Sites that share a storage have rows of the same keys, so each counts
    under a name that it derives from its ``secret``.
    """

    def __init__(self, storage_uri: str, secret: str | bytes = "") -> None:
        self._site = derive_key(secret, "throttle").material.hex()[:16]
        self._shared = FixedWindowRateLimiter(_storage(storage_uri))
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._away_until = 0.0

    def is_available(self) -> bool:
        """Whether the shared storage answers."""
        return bool(self._shared.storage.check())

    def acquire(self, attempt: Attempt, now: float) -> None:
        """Count an attempt as failed; TooManyAttempts, with the seconds to wait, where a limit is used up.

        It is counted before anything is checked: of guesses that come all at once no more get through than of
        guesses that wait for each other. One that is refused does not count.
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
        """It was no failure after all; and forget the failures of this account from this address."""
        (limit, *words), *others = attempt.failures
        self._ask(lambda counts: counts.clear(limit, self._site, *words))
        self._take_back(others)

    def _take_back(self, counted: Iterable[Counter]) -> None:
        for counter in counted:
            self._hit(counter, cost=-1)

    def _hit(self, counter: Counter, cost: int = 1) -> bool:
        limit, *words = counter
        return self._ask(lambda counts: counts.hit(limit, self._site, *words, cost=cost))

    def _wait(self, counter: Counter, now: float) -> int:
        """Whole seconds until the limit allows another attempt, 0 where it does."""
        limit, *words = counter
        if self._ask(lambda counts: counts.test(limit, self._site, *words)):
            return 0
        resets_at = self._ask(lambda counts: counts.get_window_stats(limit, self._site, *words)).reset_time
        return max(1, min(int(resets_at - now) + 1, limit.get_expiry()))

    def _ask(self, question: Callable[[FixedWindowRateLimiter], _T]) -> _T:
        """Ask the shared counts; for a moment after they did not answer, those of this process."""
        if monotonic() < self._away_until:
            return question(self._own)
        try:
            return question(self._shared)
        except StorageError as error:
            log_safely(logging.WARNING, "throttle storage is down, counting in this process: %s", error)
            self._away_until = monotonic() + AWAY_SECONDS
            return question(self._own)


def networks_of(client_ip: str) -> tuple[str, ...]:
    """What failures are counted under: IPv4 by the address, IPv6 by its /64 and by the wider NETWORKS."""
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
    """A key that does not tell the storage who it is."""
    return hashlib.sha256(who.encode(errors="surrogatepass")).hexdigest()


def _storage(uri: str) -> Storage:
    """The storage of a URL; SettingsError where it is none, or memcached, which cannot count back."""
    timeouts = REDIS_TIMEOUTS if uri.startswith(("redis://", "rediss://")) else {}
    try:
        storage = storage_from_string(uri, wrap_exceptions=True, **timeouts)
    except (ConfigurationError, ValueError):  # not as a cause: their messages can hold the password
        storage = None
    if not isinstance(storage, Storage) or uri.startswith("memcached"):
        raise invalid_setting("RATCHET_THROTTLE_STORAGE", uri)
    return storage
