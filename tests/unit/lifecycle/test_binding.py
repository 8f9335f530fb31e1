"""Binding: what a refresh may do in a session with a device, by what the request shows."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from app.auth.lifecycle import binding
from app.auth.lifecycle.binding import (
    BOUND,
    EXPECTED,
    FIRST_LIFETIME,
    OVERRIDDEN,
    PENDING,
    REFUSAL_NOTED_FOR,
    REGISTRATION_TIME,
    BindingPolicy,
    Device,
    Possession,
    Proof,
    Ruling,
)
from app.auth.tokens import claims

from ...support.samples import NOW, TICK

LEEWAY = 30.0
POLICY = BindingPolicy(LEEWAY)
KEY = '{"crv":"P-256","kty":"EC","x":"x","y":"y"}'
BOUND_DEVICE = Device(BOUND, KEY, challenged_at=NOW - 500, pending_until=NOW - 400)
PENDING_DEVICE = replace(BOUND_DEVICE, state=PENDING, pending_until=NOW)
OVERRIDDEN_DEVICE = replace(BOUND_DEVICE, state=OVERRIDDEN)
EXPECTED_DEVICE = Device(EXPECTED, is_required=True)
NOTHING = Possession()
NEWER, SAME = Possession(proof=Proof(NOW - 500 + TICK)), Possession(proof=Proof(NOW - 500))
GOOD, LAST = Possession(NOW + 1), Possession(NOW + TICK)
JUST_OUT, IN_FLIGHT, LONG_OUT = Possession(NOW), Possession(NOW - LEEWAY + TICK), Possession(NOW - LEEWAY)
SKIPPED = Possession(is_skipped=True)


def ruling(device: Device | None, possession: Possession, *, age: float = 3600.0, now: float = NOW) -> Ruling:
    """The ruling on a refresh of a session of that age, in seconds."""
    return binding.rule(device, possession, now, started_at=now - age, policy=POLICY)


RULINGS: list[Any] = [
    pytest.param(None, NOTHING, Ruling.FREE, id="no device: as ever"),
    pytest.param(None, SKIPPED, Ruling.FREE, id="no device: whatever is skipped"),
    pytest.param(BOUND_DEVICE, NOTHING, Ruling.MISSING, id="bound: a copied refresh token"),
    pytest.param(BOUND_DEVICE, NEWER, Ruling.PROVED, id="bound: a proof of a newer challenge"),
    pytest.param(BOUND_DEVICE, SAME, Ruling.USED, id="bound: a challenge that was used"),
    pytest.param(
        BOUND_DEVICE, NEWER._replace(access_until=NOW + 1), Ruling.PROVED, id="bound: a proof counts first"
    ),
    pytest.param(BOUND_DEVICE, GOOD, Ruling.CAPPED, id="bound: an unexpired access token"),
    pytest.param(BOUND_DEVICE, LAST, Ruling.CAPPED, id="bound: in its last moment"),
    pytest.param(BOUND_DEVICE, GOOD._replace(is_skipped=True), Ruling.CAPPED, id="bound: skipped, but good"),
    pytest.param(BOUND_DEVICE, JUST_OUT, Ruling.LATER, id="bound: it runs out now"),
    pytest.param(BOUND_DEVICE, IN_FLIGHT, Ruling.LATER, id="bound: it ran out on the way"),
    pytest.param(BOUND_DEVICE, LONG_OUT, Ruling.MISSING, id="bound: it ran out a leeway ago"),
    pytest.param(BOUND_DEVICE, SKIPPED, Ruling.LATER, id="bound: the browser cannot prove just now"),
    pytest.param(
        replace(BOUND_DEVICE, state="of the next release"), NOTHING, Ruling.MISSING, id="unknown state: bound"
    ),
    pytest.param(PENDING_DEVICE, NEWER, Ruling.PROVED, id="pending: the first proof"),
    pytest.param(PENDING_DEVICE, SAME, Ruling.USED, id="pending: the challenge of the registration"),
    pytest.param(PENDING_DEVICE, GOOD, Ruling.CAPPED, id="pending: an unexpired access token"),
    pytest.param(PENDING_DEVICE, NOTHING, Ruling.OVERRIDDEN, id="pending: its time is over"),
    pytest.param(PENDING_DEVICE, LONG_OUT, Ruling.OVERRIDDEN, id="pending: it ran out a leeway ago"),
    pytest.param(PENDING_DEVICE, IN_FLIGHT, Ruling.LATER, id="pending: it ran out on the way"),
    pytest.param(PENDING_DEVICE, SKIPPED, Ruling.LATER, id="pending: the browser has the key"),
    pytest.param(
        replace(PENDING_DEVICE, pending_until=NOW + TICK),
        NOTHING,
        Ruling.LATER,
        id="pending: not yet decided",
    ),
    pytest.param(
        replace(PENDING_DEVICE, is_required=True), NOTHING, Ruling.MISSING, id="pending and required: refused"
    ),
    pytest.param(OVERRIDDEN_DEVICE, NOTHING, Ruling.FREE, id="overridden: as without a device"),
    pytest.param(OVERRIDDEN_DEVICE, SKIPPED, Ruling.FREE, id="overridden: whatever is skipped"),
    pytest.param(OVERRIDDEN_DEVICE, NEWER, Ruling.STOLEN, id="overridden: the owner has the key after all"),
    pytest.param(OVERRIDDEN_DEVICE, SAME, Ruling.USED, id="overridden: no news"),
    pytest.param(EXPECTED_DEVICE, NOTHING, Ruling.MISSING, id="expected: too late"),
    pytest.param(EXPECTED_DEVICE, GOOD, Ruling.MISSING, id="expected: too late, access token or not"),
]


@pytest.mark.parametrize(("device", "possession", "expected"), RULINGS)
def test_what_a_refresh_may_do(device: Device | None, possession: Possession, expected: Ruling) -> None:
    """Each row is a session and what the request shows beside the refresh token."""
    assert ruling(device, possession) is expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(REGISTRATION_TIME - TICK, Ruling.FREE, id="in time"),
        pytest.param(REGISTRATION_TIME, Ruling.MISSING, id="too late"),
    ],
)
def test_where_binding_is_required_a_session_has_minutes_to_bind(age: float, expected: Ruling) -> None:
    """Until then it refreshes as any other, and from then on not at all."""
    assert ruling(EXPECTED_DEVICE, NOTHING, age=age) is expected


def test_which_rulings_let_the_rule_decide() -> None:
    """The others refuse, and do not touch the rotation."""
    assert {Ruling.FREE, Ruling.PROVED, Ruling.CAPPED, Ruling.OVERRIDDEN} == binding.ALLOWED


def register(device: Device | None = None, **changes: Any) -> Device | None:
    """The device after a registration, half a minute after the sign-in unless told otherwise."""
    given: dict[str, Any] = {"key": KEY, "issued_at": NOW - 20, "access_until": NOW + 570, "now": NOW}
    return binding.register(device, **given | {"started_at": NOW - 30, "policy": POLICY} | changes)


def test_a_registered_key_waits_for_its_first_proof() -> None:
    """Until a leeway after the first access token has run out nothing is decided without a proof."""
    until = NOW + FIRST_LIFETIME + LEEWAY
    assert register() == Device(PENDING, KEY, challenged_at=NOW - 20, pending_until=until)


def test_a_registration_gives_no_longer_life() -> None:
    """The access token that it answers with does not outlive the one that it was asked with."""
    assert binding.first_until(NOW + 570, NOW, POLICY) == NOW + FIRST_LIFETIME
    assert binding.first_until(NOW + 5, NOW, POLICY) == NOW + 5
    device = register(access_until=NOW + 5)
    assert device
    assert device.pending_until == NOW + 5 + LEEWAY


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        pytest.param({"started_at": NOW - REGISTRATION_TIME + TICK}, True, id="in the last moment"),
        pytest.param({"started_at": NOW - REGISTRATION_TIME}, False, id="too late"),
        pytest.param({"access_until": None}, False, id="no access token"),
        pytest.param({"access_until": NOW}, False, id="one that has run out"),
        pytest.param({"access_until": NOW + TICK}, True, id="one in its last moment"),
        pytest.param({"device": EXPECTED_DEVICE}, True, id="expected"),
        pytest.param({"device": PENDING_DEVICE}, True, id="the same key again"),
        pytest.param({"device": PENDING_DEVICE, "key": "another"}, False, id="another key"),
        pytest.param({"device": BOUND_DEVICE}, False, id="the same key when it is bound"),
        pytest.param({"device": OVERRIDDEN_DEVICE}, False, id="the same key when it is overridden"),
        pytest.param({"device": replace(BOUND_DEVICE, state="next")}, False, id="an unknown state"),
        pytest.param(
            {"device": PENDING_DEVICE, "started_at": NOW - REGISTRATION_TIME},
            False,
            id="the same key too late",
        ),
    ],
)
def test_when_a_key_is_taken(changes: dict[str, Any], *, is_taken: bool) -> None:
    """Once per session, within minutes of the sign-in, by the browser that signed in."""
    assert (register(**changes) is not None) == is_taken


def test_a_registration_that_is_sent_again_changes_nothing() -> None:
    """Its first reply was lost; the time in which it waits is not extended."""
    assert register(PENDING_DEVICE) is PENDING_DEVICE


def test_a_key_that_was_expected_stays_required() -> None:
    """Otherwise the loss of one reply would undo what the site asks for."""
    device = register(binding.expect())
    assert device
    assert device.is_required
    assert binding.expect() == EXPECTED_DEVICE


@pytest.mark.parametrize(
    ("ruling_", "changes"),
    [
        pytest.param(Ruling.FREE, {}, id="free"),
        pytest.param(Ruling.CAPPED, {}, id="capped"),
        pytest.param(Ruling.LATER, {}, id="later"),
        pytest.param(Ruling.USED, {}, id="used"),
        pytest.param(Ruling.STOLEN, {}, id="stolen"),
        pytest.param(Ruling.PROVED, {"state": BOUND, "challenged_at": NOW - 500 + TICK}, id="proved"),
        pytest.param(Ruling.OVERRIDDEN, {"state": OVERRIDDEN}, id="overridden"),
        pytest.param(Ruling.MISSING, {"refused_at": NOW}, id="missing"),
    ],
)
def test_what_a_ruling_writes(ruling_: Ruling, changes: dict[str, Any]) -> None:
    """Only a proof, an override and a refusal leave a trace on the row."""
    assert binding.after(PENDING_DEVICE, ruling_, NEWER, NOW) == replace(PENDING_DEVICE, **changes)


def test_nothing_is_written_without_a_device() -> None:
    """Whatever the ruling."""
    assert all(binding.after(None, one, NEWER, NOW) is None for one in Ruling)


def test_a_required_key_that_is_proved_stays_required() -> None:
    """A password change can ask the next session for it."""
    device = binding.after(replace(PENDING_DEVICE, is_required=True), Ruling.PROVED, NEWER, NOW)
    assert device
    assert device.is_required


@pytest.mark.parametrize(
    ("refused_at", "is_written"),
    [
        pytest.param(None, True, id="the first"),
        pytest.param(NOW - REFUSAL_NOTED_FOR, True, id="an hour later"),
        pytest.param(NOW - REFUSAL_NOTED_FOR + TICK, False, id="within the hour"),
        pytest.param(NOW + REFUSAL_NOTED_FOR, True, id="written by a clock that was wrong"),
        pytest.param(NOW + REFUSAL_NOTED_FOR - TICK, False, id="by one that is ahead"),
    ],
)
def test_a_thief_causes_one_write_an_hour(refused_at: float | None, *, is_written: bool) -> None:
    """However often he comes."""
    device = replace(BOUND_DEVICE, refused_at=refused_at)
    after = binding.after(device, Ruling.MISSING, NOTHING, NOW)
    assert after == (replace(device, refused_at=NOW) if is_written else device)
    assert (after is device) == (not is_written)


@pytest.mark.parametrize(
    ("device", "possession", "until"),
    [
        pytest.param(None, GOOD, None, id="no device"),
        pytest.param(BOUND_DEVICE, GOOD, NOW + 1, id="bound, by an access token"),
        pytest.param(PENDING_DEVICE, GOOD, NOW + 1, id="pending, by an access token"),
        pytest.param(BOUND_DEVICE, NEWER._replace(access_until=NOW + 1), None, id="bound, by a proof"),
        pytest.param(OVERRIDDEN_DEVICE, GOOD, None, id="overridden"),
        pytest.param(EXPECTED_DEVICE, GOOD, None, id="expected"),
        pytest.param(replace(BOUND_DEVICE, state="next"), GOOD, NOW + 1, id="an unknown state"),
    ],
)
def test_how_long_an_access_token_may_live(
    device: Device | None, possession: Possession, until: float | None
) -> None:
    """Only a proof gives one that outlives the one which the request has."""
    assert binding.cap(device, possession) == until


@pytest.mark.parametrize(
    ("device", "is_bound", "demands_proof"),
    [
        pytest.param(EXPECTED_DEVICE, False, False, id="expected"),
        pytest.param(PENDING_DEVICE, False, True, id="pending"),
        pytest.param(BOUND_DEVICE, True, True, id="bound"),
        pytest.param(OVERRIDDEN_DEVICE, False, False, id="overridden"),
        pytest.param(Device(), True, True, id="a row that says nothing"),
        pytest.param(Device("next"), True, True, id="a state of the next release"),
    ],
)
def test_what_a_state_means(device: Device, *, is_bound: bool, demands_proof: bool) -> None:
    """What is not known counts as bound: a session must not come loose by an update."""
    assert (device.is_bound, device.demands_proof) == (is_bound, demands_proof)


def test_a_device_of_which_nothing_is_known_has_no_key() -> None:
    """And nothing can prove it."""
    assert Device() == Device(BOUND, "", False, 0.0, 0.0, None)


def test_a_challenge_is_newer_than_every_one_that_was_used() -> None:
    """Even where the node that issued the last one has a clock that is ahead."""
    assert binding.next_challenge_at(None, NOW) == NOW
    assert binding.next_challenge_at(BOUND_DEVICE, NOW) == NOW
    ahead = replace(BOUND_DEVICE, challenged_at=NOW + 10)
    assert binding.next_challenge_at(ahead, NOW) == NOW + 10.001
    assert ruling(ahead, Possession(proof=Proof(NOW + 10))) is Ruling.USED
    assert ruling(ahead, Possession(proof=Proof(NOW + 10.001))) is Ruling.PROVED


def test_a_clock_that_was_set_back_keeps_no_owner_out() -> None:
    """A time of the future on the row is none: a proof counts at once, and a registration is decided."""
    ahead = replace(BOUND_DEVICE, challenged_at=NOW + 10.1)
    assert binding.next_challenge_at(ahead, NOW) == NOW
    assert ruling(ahead, Possession(proof=Proof(NOW))) is Ruling.PROVED
    longest = FIRST_LIFETIME + LEEWAY + binding.CLOCK_TOLERANCE
    assert ruling(replace(PENDING_DEVICE, pending_until=NOW + longest - 1), Possession()) is Ruling.LATER
    assert ruling(replace(PENDING_DEVICE, pending_until=NOW + longest), Possession()) is Ruling.OVERRIDDEN


def test_a_challenge_is_read_as_far_ahead_as_the_row_is_believed() -> None:
    """One that a node issues for another one, whose clock is ahead, is accepted."""
    assert binding.CLOCK_TOLERANCE == claims.CLOCK_TOLERANCE


def test_a_device_is_replaced_and_never_changed() -> None:
    """Two requests of a process may hold the same one."""
    with pytest.raises(FrozenInstanceError):
        BOUND_DEVICE.state = PENDING  # type: ignore[misc]
    assert not hasattr(BOUND_DEVICE, "__dict__")


def test_the_states_are_spelled_as_on_the_row() -> None:
    """A row of this release is read by the next one."""
    assert (EXPECTED, PENDING, BOUND, OVERRIDDEN) == ("expected", "pending", "bound", "overridden")


def test_the_times_are_those_that_the_documentation_names() -> None:
    """Five minutes to register, one until the first proof, an hour between two notes of a refusal."""
    assert BindingPolicy(LEEWAY) == (LEEWAY, REGISTRATION_TIME, FIRST_LIFETIME) == (30, 300, 60)
    assert REFUSAL_NOTED_FOR == 3600
    assert binding.CHALLENGE_STEP == 0.001
