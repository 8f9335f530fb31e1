"""Binding: what a device's key changes about a refresh. Beside the rule, and before it.

A browser with Device Bound Session Credentials (W3C) registers the public key of a key pair that cannot leave
the device. From then on only a proof of that key gives an access token that lives longer than the one which
the request already has. The rule in rotation.py decides on the refresh token as in every session. A copied
cookie jar is useless when the access token in it has run out.

=====  ===================================  ============  ====================================================
step   when the session is refreshed        ruling        what follows
=====  ===================================  ============  ====================================================
1      no key, or *overridden*; no proof    FREE          the rule decides
2      a proof that is not newer            USED          refused; another challenge will do
3      a proof, and *overridden*            STOLEN        the session ends as a theft
4      a proof                              PROVED        *bound*; the rule decides
5      *expected*, in time                  FREE          the rule decides
6      *expected*, too late                 MISSING       refused
7      an unexpired access token            CAPPED        the rule decides; nothing outlives that token
8      the browser cannot prove just now,   LATER         nothing changes; the request may come again
       or that token ran out a moment ago
9      *bound*                              MISSING       refused
10     *pending*, not yet ``pending_until`` LATER         as above
11     *pending*, and the key is required   MISSING       refused
12     *pending*                            OVERRIDDEN    *overridden*; the rule decides
=====  ===================================  ============  ====================================================

A registration is *pending* until the first proof, because its reply may have been lost: then the browser
knows of no key, and must not be refused for ever. So the first refresh decides. If it has a proof, the
session is *bound* until it ends. If it has none, although the access token of the registration has run out,
the session goes on without the key. If a proof comes after all, the browser had got the reply, so somebody
else has refreshed without the key: a theft.

Why an honest browser does not override itself. Until ``pending_until`` no refresh without a proof is decided.
Whatever it sent before it got the reply carries the access token that it registered with, or comes within one
leeway after that has run out (step 8).

As in rotation.py every function takes values and returns values. Times are seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NamedTuple

EXPECTED, PENDING, BOUND, OVERRIDDEN = "expected", "pending", "bound", "overridden"
"""The states of a device. One that this release does not know counts as *bound*."""

REGISTRATION_TIME = 300
"""Seconds after the start of a session in which a key can be registered."""

FIRST_LIFETIME = 60
"""Seconds that the access token of a registration lives, so that the browser proves its key soon."""

REFUSAL_NOTED_FOR = 3600
"""Seconds in which further refusals are not written to the row: a thief must not cause writes."""

CLOCK_TOLERANCE = 10
"""Seconds by which a time on the row may lie ahead. One further ahead is of a clock that was wrong."""

CHALLENGE_STEP = 0.001
"""Seconds between two challenges that are told apart."""


class BindingPolicy(NamedTuple):
    """The numbers of binding, in seconds. The leeway is that of the rule."""

    leeway: float
    registration_time: float = REGISTRATION_TIME
    first_lifetime: float = FIRST_LIFETIME


class Proof(NamedTuple):
    """A proof whose signature and challenge were verified; ``issued_at`` is when the challenge was issued."""

    issued_at: float


class Possession(NamedTuple):
    """What a request shows beside the refresh token.

    ``access_until`` is when its access token of this session runs out, or has run out; None without one.
    ``is_skipped`` says that the browser cannot prove just now (``Secure-Session-Skipped``).
    """

    access_until: float | None = None
    proof: Proof | None = None
    is_skipped: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """The device of a session.

    ``key`` is its public key, a JWK as compact JSON; "" while it is *expected*. ``is_required`` says that the
    session does not go on without it. ``challenged_at`` is when the newest challenge that was used was
    issued, ``pending_until`` when a refresh without a proof is decided, ``refused_at`` when one was refused,
    to the hour; None if none was.
    """

    state: str = BOUND
    key: str = ""
    is_required: bool = False
    challenged_at: float = 0.0
    pending_until: float = 0.0
    refused_at: float | None = None

    @property
    def is_bound(self) -> bool:
        """Whether a proof was seen, so that the session cannot go on without the key."""
        return self.state not in (EXPECTED, PENDING, OVERRIDDEN)

    @property
    def demands_proof(self) -> bool:
        """Whether the access token of a refresh without a proof must not outlive the one that it has."""
        return self.is_bound or self.state == PENDING


class Ruling(Enum):
    """What binding says about a refresh."""

    FREE = auto()
    PROVED = auto()
    CAPPED = auto()
    OVERRIDDEN = auto()
    LATER = auto()
    MISSING = auto()
    USED = auto()
    STOLEN = auto()


ALLOWED = frozenset({Ruling.FREE, Ruling.PROVED, Ruling.CAPPED, Ruling.OVERRIDDEN})
"""The rulings after which the rule decides."""


def expect() -> Device:
    """The device of a session whose browser says that it can bind it, where that is required."""
    return Device(EXPECTED, is_required=True)


def register(
    device: Device | None,
    key: str,
    issued_at: float,
    access_until: float | None,
    *,
    started_at: float,
    now: float,
    policy: BindingPolicy,
) -> Device | None:
    """The device of a session when ``key`` is registered at ``now``; None if that is refused.

    The challenge was issued at ``issued_at``. The request needs an unexpired access token of the session. The
    same key again is the same success while it is *pending*: the reply to the first request may have been
    lost.
    """
    if access_until is None or now >= access_until or now - started_at >= policy.registration_time:
        return None
    if device and device.state == PENDING and device.key == key:
        return device
    if device and device.state != EXPECTED:
        return None
    pending_until = first_until(access_until, now, policy) + policy.leeway
    return Device(PENDING, key, device is not None, issued_at, pending_until)


def first_until(access_until: float, now: float, policy: BindingPolicy) -> float:
    """When the access token of a registration runs out, given the end of the one that it was asked with."""
    return min(now + policy.first_lifetime, access_until)


def rule(
    device: Device | None, possession: Possession, now: float, *, started_at: float, policy: BindingPolicy
) -> Ruling:
    """What a refresh at ``now`` that shows ``possession`` may do."""
    if device is None:
        return Ruling.FREE
    if possession.proof:
        return _rule_on_proof(device, possession.proof, now)
    if device.state == OVERRIDDEN:
        return Ruling.FREE
    if device.state == EXPECTED:
        return Ruling.FREE if now - started_at < policy.registration_time else Ruling.MISSING
    return _rule_on_access(device, possession, now, policy)


def _rule_on_proof(device: Device, proof: Proof, now: float) -> Ruling:
    if proof.issued_at <= _challenged_at(device, now):
        return Ruling.USED
    return Ruling.STOLEN if device.state == OVERRIDDEN else Ruling.PROVED


def _challenged_at(device: Device, now: float) -> float:
    """When the newest challenge was issued; 0 if that lies ahead, since its clock has been set back."""
    return device.challenged_at if device.challenged_at <= now + CLOCK_TOLERANCE else 0.0


def _rule_on_access(device: Device, possession: Possession, now: float, policy: BindingPolicy) -> Ruling:
    leeway = policy.leeway
    left = -leeway if possession.access_until is None else possession.access_until - now
    if left > 0:
        return Ruling.CAPPED
    if possession.is_skipped or left > -leeway:  # it left the browser with a good access token
        return Ruling.LATER
    return _rule_on_pending(device, now, policy) if device.state == PENDING else Ruling.MISSING


def _rule_on_pending(device: Device, now: float, policy: BindingPolicy) -> Ruling:
    longest = policy.first_lifetime + policy.leeway + CLOCK_TOLERANCE
    if 0 < device.pending_until - now < longest:
        return Ruling.LATER
    return Ruling.MISSING if device.is_required else Ruling.OVERRIDDEN


def after(device: Device | None, ruling: Ruling, possession: Possession, now: float) -> Device | None:
    """The device after a ruling; the same object if that changes nothing."""
    if device is None:
        return None
    if ruling is Ruling.PROVED and possession.proof:
        return replace(device, state=BOUND, challenged_at=possession.proof.issued_at)
    if ruling is Ruling.OVERRIDDEN:
        return replace(device, state=OVERRIDDEN)
    if ruling is Ruling.MISSING and _is_news(device.refused_at, now):
        return replace(device, refused_at=now)
    return device


def _is_news(refused_at: float | None, now: float) -> bool:
    return refused_at is None or abs(now - refused_at) >= REFUSAL_NOTED_FOR


def cap(device: Device | None, possession: Possession) -> float | None:
    """When the access token that a refresh gives has to run out; None if it may live its full life."""
    is_capped = device is not None and device.demands_proof and possession.proof is None
    return possession.access_until if is_capped else None


def next_challenge_at(device: Device | None, now: float) -> float:
    """The issue time of a challenge for this device: later than every one that was used.

    The clock of the node that issued the last one may be ahead.
    """
    return max(now, _challenged_at(device, now) + CHALLENGE_STEP) if device else now
