"""Binding, for devices, proofs, access tokens and clocks of any kind."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.auth.lifecycle import binding
from app.auth.lifecycle.binding import (
    ALLOWED,
    BOUND,
    CLOCK_TOLERANCE,
    EXPECTED,
    OVERRIDDEN,
    PENDING,
    BindingPolicy,
    Device,
    Possession,
    Proof,
    Ruling,
)

NOW = 10_000.0
POLICY = BindingPolicy(leeway=30.0)

times = st.integers(-1000 * 1024, 1000 * 1024).map(lambda step: NOW + step / 1024)
"""Seconds around NOW, in steps that floats keep exactly."""

devices = st.builds(
    Device,
    state=st.sampled_from([EXPECTED, PENDING, BOUND, OVERRIDDEN, "of another release"]),
    key=st.just("key"),
    is_required=st.booleans(),
    challenged_at=times,
    pending_until=times,
    refused_at=st.none() | times,
)
possessions = st.builds(
    Possession,
    access_until=st.none() | times,
    proof=st.none() | st.builds(Proof, times),
    is_skipped=st.booleans(),
)
without_proof = possessions.map(lambda one: one._replace(proof=None))
bound = devices.filter(lambda device: device.is_bound)


def rule(device: Device, possession: Possession, now: float = NOW, started_at: float = 0.0) -> Ruling:
    """The ruling for this policy."""
    return binding.rule(device, possession, now, started_at=started_at, policy=POLICY)


@given(bound, without_proof)
def test_nothing_but_a_proof_extends_the_life_of_an_access_token(
    device: Device, possession: Possession
) -> None:
    """In a bound session what is served runs out with what was shown, and that was good."""
    ruling = rule(device, possession)
    assert ruling in {Ruling.CAPPED, Ruling.LATER, Ruling.MISSING}
    if ruling in ALLOWED:
        until = binding.cap(device, possession)
        assert until == possession.access_until
        assert until is not None
        assert until > NOW


@given(bound, possessions, st.lists(without_proof, max_size=5))
def test_a_bound_session_stays_bound(device: Device, first: Possession, others: list[Possession]) -> None:
    """Whatever is presented, and how often."""
    for possession in (first, *others):
        ruling = rule(device, possession)
        after = binding.after(device, ruling, possession, NOW)
        assert after
        assert after.is_bound
        assert after.key == device.key
        device = after


@given(devices, possessions, times)
def test_a_challenge_is_accepted_once(device: Device, possession: Possession, later: float) -> None:
    """After a proof neither its challenge nor an older one is, unless the clock has been set back."""
    ruling = rule(device, possession)
    after = binding.after(device, ruling, possession, NOW)
    if ruling is Ruling.PROVED and possession.proof and after:
        later = max(later, after.challenged_at - CLOCK_TOLERANCE)
        for issued_at in (possession.proof.issued_at, min(later, possession.proof.issued_at)):
            assert rule(after, Possession(proof=Proof(issued_at)), later) is Ruling.USED


@given(devices, st.floats(0, 1e9))
def test_the_next_challenge_is_always_accepted(device: Device, now: float) -> None:
    """However far ahead the clock was that issued the last one."""
    issued_at = binding.next_challenge_at(device, now)
    assert issued_at >= now
    accepted = Ruling.STOLEN if device.state == OVERRIDDEN else Ruling.PROVED
    assert rule(device, Possession(proof=Proof(issued_at)), now) is accepted


@given(devices, possessions)
def test_a_refusal_changes_nothing_that_decides(device: Device, possession: Possession) -> None:
    """It may note that there was one; the next request is ruled on as if it had not been."""
    ruling = rule(device, possession)
    after = binding.after(device, ruling, possession, NOW)
    if ruling not in ALLOWED:
        assert after
        assert replace(after, refused_at=device.refused_at) == device


@given(devices, without_proof, st.integers(0, 1000))
def test_waiting_ends(device: Device, possession: Possession, wait: int) -> None:
    """A request that is told to wait is decided when its token and the pending time are over."""
    now = max(NOW + wait, device.pending_until, (possession.access_until or NOW) + POLICY.leeway)
    assert rule(device, possession._replace(is_skipped=False), now) not in {Ruling.LATER, Ruling.CAPPED}


@given(st.none() | devices, st.none() | times, times, st.sampled_from(["key", "another"]))
def test_a_registration_never_outlives_what_it_was_asked_with(
    device: Device | None, access_until: float | None, started_at: float, key: str
) -> None:
    """Nor replaces a key; what it gives is pending."""
    registered = binding.register(
        device, key, NOW, access_until, started_at=started_at, now=NOW, policy=POLICY
    )
    if registered is None:
        return
    assert registered.state == PENDING
    assert access_until is not None
    assert NOW < binding.first_until(access_until, NOW, POLICY) <= access_until
    assert device is None or device.state == EXPECTED or device.key == key
    assert registered is device or registered.pending_until <= access_until + POLICY.leeway
