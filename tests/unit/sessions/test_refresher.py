"""A session with a device: which requests refresh it, act for it and end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.auth import signals
from app.auth.errors import (
    ChallengeUsed,
    DeviceProofRequired,
    DeviceRefused,
    ProofPending,
    RatchetError,
    ReauthenticationRequired,
    RefreshTokenInvalid,
    RefreshTokenMissing,
    RefreshTokenReused,
    TokenInvalid,
)
from app.auth.lifecycle.account import SessionOptions, SessionRef
from app.auth.lifecycle.binding import BOUND, EXPECTED, FIRST_LIFETIME, OVERRIDDEN, PENDING, Device, Proof
from app.auth.sessions.issuer import NO_EVIDENCE, Evidence, IssuedTokens

from ...support.samples import NOW, account, session
from .test_service import SETTINGS, TOKEN_ISSUER, Row

KEY = "the public key"
DEVICE = Device(BOUND, KEY, challenged_at=NOW - 500, pending_until=NOW - 100)
PENDING_DEVICE = replace(DEVICE, state=PENDING)
PHONE = session(id="phone", device=DEVICE)
LAPTOP = session(id="laptop")
HERE = SessionRef("7", "phone")


def issued(at: float = NOW, **changes: Any) -> IssuedTokens:
    """The tokens of the phone's session as they were issued then."""
    return TOKEN_ISSUER.issue(account(), session(**{"id": "phone"} | changes), at)


GOOD, OLD = issued().refresh_token, issued(current="older").refresh_token
LAPTOPS = issued(id="laptop").refresh_token
ACCESS = Evidence((issued(NOW - 500).access_token,))
LEFT = int(SETTINGS.access_ttl) - 500
EXPIRED = Evidence((issued(NOW - SETTINGS.access_ttl - 60).access_token,))
ON_THE_WAY = Evidence((issued(NOW - SETTINGS.access_ttl - 1).access_token,))
ANOTHERS = Evidence((issued(id="laptop").access_token,))
SKIPPED = Evidence(is_skipped=True)


@pytest.fixture(name="heard")
def _heard() -> Iterator[list[str]]:
    """The names of the signals that are sent."""
    names: list[str] = []
    receivers = []
    for signal in (
        signals.device_registered,
        signals.device_proved,
        signals.device_overridden,
        signals.device_proof_missing,
        signals.session_refreshed,
        signals.reuse_detected,
        signals.session_ended,
    ):

        def receive(_app: Flask, _name: str = signal.name, **_: Any) -> None:
            names.append(_name)

        signal.connect(receive)
        receivers.append((signal, receive))
    yield names
    for signal, receive in receivers:
        signal.disconnect(receive)


def row(*sessions: Any, **changes: Any) -> Row:
    """A row with a phone that is bound, and a laptop that is not."""
    return Row(sessions=sessions or (PHONE, LAPTOP), **changes)


def with_device(device: Device | None, **changes: Any) -> Row:
    """A row whose phone has this device."""
    return row(replace(PHONE, device=device, **changes), LAPTOP)


def proof(issued_at: float = NOW) -> Callable[[str], Proof]:
    """A verifier that finds the proof good, for the key of the phone."""

    def verify(key: str) -> Proof:
        assert key == KEY
        return Proof(issued_at)

    return verify


REFUSED: list[Any] = [
    pytest.param(NO_EVIDENCE, DeviceProofRequired, id="only the refresh token"),
    pytest.param(EXPIRED, DeviceProofRequired, id="with an access token that has run out"),
    pytest.param(ANOTHERS, ProofPending, id="with an access token of another session"),
    pytest.param(Evidence(("no.token.atall",)), ProofPending, id="with no access token"),
    pytest.param(ON_THE_WAY, ProofPending, id="with one that ran out on the way"),
    pytest.param(SKIPPED, ProofPending, id="while the browser cannot prove"),
]


@pytest.mark.parametrize("token", [GOOD, OLD], ids=["current", "old"])
@pytest.mark.parametrize(("evidence", "error"), REFUSED)
def test_a_copied_refresh_token_renews_nothing(
    token: str, evidence: Evidence, error: type[RatchetError]
) -> None:
    """It does not touch the rotation and does not end the session, so the owner notices nothing."""
    here = row()
    with pytest.raises(error) as refused:
        here.service.refresh([token], evidence=evidence)
    assert not refused.value.ends_session
    after = here.account.sessions[0]
    assert after.device
    assert replace(after, device=replace(after.device, refused_at=None)) == PHONE
    assert bool(here.asked) == (error is ProofPending), "whom the host refuses need not come again"


def test_a_refusal_is_noted_once_an_hour_and_told_each_time(heard: list[str]) -> None:
    """A thief causes no writes; whoever watches the signals sees every attempt."""
    here = row()
    versions = []
    for _ in range(3):
        with pytest.raises(DeviceProofRequired):
            here.service.refresh([GOOD])
        versions.append(here.account)
    assert versions[0] is versions[1] is versions[2]
    device = versions[0].sessions[0].device
    assert device == replace(DEVICE, refused_at=NOW)
    assert heard == ["device-proof-missing"] * 3


@pytest.mark.parametrize("evidence", [ON_THE_WAY, SKIPPED], ids=["on the way", "skipped"])
def test_what_may_come_again_leaves_no_trace(evidence: Evidence, heard: list[str]) -> None:
    """It is the owner, as far as anybody can tell."""
    here = row()
    before = here.account
    with pytest.raises(ProofPending) as refused:
        here.service.refresh([GOOD], evidence=evidence)
    assert refused.value.retry_after
    assert here.account is before
    assert heard == []


def test_an_access_token_gives_none_that_lives_longer() -> None:
    """The rule rotates as ever, the access cookie is left alone, and the reply says how long it lives."""
    here = row()
    renewed = here.service.refresh([GOOD], evidence=ACCESS)
    assert (renewed.expires_in, renewed.sets_access_cookie) == (LEFT, False)
    assert TOKEN_ISSUER.read_access(renewed.access_token, NOW + LEFT - 1).session_id == "phone"
    with pytest.raises(TokenInvalid):
        TOKEN_ISSUER.read_access(renewed.access_token, NOW + LEFT)
    assert renewed.session.parent == "current"
    assert renewed.session.device == DEVICE


def test_the_latest_access_token_counts() -> None:
    """Of a cookie and a bearer, or of two cookies."""
    both = Evidence((*EXPIRED.access, *ACCESS.access, issued(NOW - 550).access_token))
    assert row().service.refresh([GOOD], evidence=both).expires_in == LEFT


@pytest.mark.parametrize("state", [BOUND, PENDING], ids=["bound", "pending"])
def test_a_proof_renews_in_full(state: str, heard: list[str]) -> None:
    """It costs one SELECT and one UPDATE, and from the first one on the session is bound."""
    here = with_device(replace(DEVICE, state=state))
    renewed = here.service.prove(HERE, [GOOD, LAPTOPS], proof())
    assert (renewed.expires_in, renewed.sets_access_cookie) == (SETTINGS.access_ttl, True)
    assert renewed.session.device == replace(DEVICE, challenged_at=NOW)
    assert renewed.session.parent == "current"
    assert here.account.sessions[0] == renewed.session
    assert (here.loads, here.clock_reads) == (1, 1)
    assert heard == ["device-proved", "session-refreshed"]


def test_a_proof_does_not_excuse_an_old_token(heard: list[str]) -> None:
    """The rule still finds who has used the session meanwhile."""
    here = row()
    with pytest.raises(RefreshTokenReused):
        here.service.prove(HERE, [OLD], proof())
    assert here.left == ["laptop"]
    assert heard == ["reuse-detected", "session-ended"]


@pytest.mark.parametrize("presented", [[GOOD, OLD], [OLD, GOOD]])
def test_a_good_token_beside_an_old_one_is_proved(presented: list[str]) -> None:
    """Two cookies can share a name."""
    assert row().service.prove(HERE, presented, proof()).session.parent == "current"


def test_a_challenge_is_used_once() -> None:
    """A proof that comes again changes nothing, and a newer one will do."""
    here = row()
    here.service.prove(HERE, [GOOD], proof(NOW))
    before = here.account
    with pytest.raises(ChallengeUsed):
        here.service.prove(HERE, [GOOD], proof(NOW))
    assert here.account is before
    assert here.service.prove(HERE, [GOOD], proof(NOW + 0.001)).session.device


def test_a_proof_that_is_not_verified_is_refused_as_the_verifier_says() -> None:
    """Nothing is written: the key of another device is no reason to end the session."""

    def verify(_key: str) -> Proof:
        raise DeviceRefused("Not this key.")

    here = row()
    before = here.account
    with pytest.raises(DeviceRefused, match="Not this key"):
        here.service.prove(HERE, [GOOD], verify)
    assert here.account is before


@pytest.mark.parametrize(
    ("device", "presented", "error"),
    [
        pytest.param(DEVICE, [], RefreshTokenMissing, id="no token"),
        pytest.param(DEVICE, [LAPTOPS], RefreshTokenMissing, id="only one of another session"),
        pytest.param(None, [GOOD], DeviceRefused, id="no key"),
        pytest.param(Device(EXPECTED), [GOOD], DeviceRefused, id="no key yet"),
    ],
)
def test_when_nothing_can_be_proved(
    device: Device | None, presented: list[str], error: type[RatchetError]
) -> None:
    """Each row changes nothing."""
    here = with_device(device)
    before = here.account
    with pytest.raises(error):
        here.service.prove(HERE, presented, proof())
    assert here.account is before


def test_a_first_refresh_without_the_key_goes_on_without_it(heard: list[str]) -> None:
    """The browser never got the reply to its registration: it is served as one that cannot bind."""
    here = with_device(PENDING_DEVICE)
    renewed = here.service.refresh([GOOD])
    assert (renewed.expires_in, renewed.sets_access_cookie) == (SETTINGS.access_ttl, True)
    assert renewed.session.device == replace(DEVICE, state=OVERRIDDEN)
    assert heard == ["device-overridden", "session-refreshed"]
    here.service.refresh([renewed.refresh_token])
    assert heard[2:] == ["session-refreshed"]


def test_a_proof_after_that_is_a_theft(heard: list[str]) -> None:
    """The owner had got the reply, so it was somebody else who refreshed without the key."""
    tool = session(id="tool", started_by="phone")
    here = row(replace(PHONE, device=replace(DEVICE, state=OVERRIDDEN)), LAPTOP, tool)
    with pytest.raises(RefreshTokenReused):
        here.service.prove(HERE, [GOOD], proof())
    assert here.left == ["laptop"]
    assert {entry.session_id for entry in here.account.ended if entry.by_theft} == {"phone", "tool"}
    assert heard == ["reuse-detected", "session-ended", "session-ended"]


@pytest.mark.parametrize("evidence", [NO_EVIDENCE, EXPIRED], ids=["nothing", "an expired access token"])
@pytest.mark.parametrize("scope", ["others", "all"])
def test_a_copied_refresh_token_signs_no_other_device_out(scope: str, evidence: Evidence) -> None:
    """A thief with an old jar must not act for the session; nothing ends."""
    here = row()
    with pytest.raises(DeviceProofRequired):
        here.service.sign_out([GOOD], evidence, scope)
    assert here.left == ["phone", "laptop"]


@pytest.mark.parametrize("scope", ["others", "all"])
def test_a_sign_out_of_others_waits_for_the_browser(scope: str) -> None:
    """Who cannot prove just now loses nothing, not even this session."""
    here = row()
    with pytest.raises(ProofPending):
        here.service.sign_out([GOOD], SKIPPED, scope)
    assert here.left == ["phone", "laptop"]


def test_a_sign_out_of_others_by_the_device_itself() -> None:
    """An unexpired access token is enough."""
    here = row()
    here.service.sign_out([GOOD], ACCESS, "others")
    assert here.left == ["phone"]


def test_any_token_signs_its_own_session_out() -> None:
    """Also a copied one: whoever wants to end the session may."""
    here = row()
    here.service.sign_out([OLD], NO_EVIDENCE, "session")
    assert here.left == ["laptop"]


def test_a_copied_refresh_token_acts_for_nobody() -> None:
    """And an orphan of the session does not end it, so nobody learns whether it still exists."""
    here = row()
    before = here.account
    assert here.service.acting_session([GOOD], NO_EVIDENCE) is None
    assert here.service.acting_session([OLD], NO_EVIDENCE) is None
    assert here.service.acting_session([GOOD], ACCESS) == HERE
    assert here.service.acting_session([], ACCESS) == HERE
    assert here.account is before
    assert here.reader.honoured([GOOD]) == []


def test_an_orphan_with_an_access_token_is_a_theft() -> None:
    """Somebody who has the jar while it is good is found as ever."""
    here = row()
    here.service.acting_session([OLD], ACCESS)
    assert here.left == ["laptop"]


@pytest.mark.parametrize("beside", [[GOOD], [OLD]], ids=["a copy", "an orphan"])
def test_a_copied_token_beside_a_good_one_is_passed_over(beside: list[str]) -> None:
    """A thief cannot try it out beside a good token of his own."""
    here = row()
    assert here.service.refresh([LAPTOPS], beside).session.id == "laptop"
    assert here.account.sessions[0] == PHONE
    assert here.service.refresh([LAPTOPS, *beside]).session.id == "laptop"
    assert here.account.sessions[0] == PHONE


@pytest.mark.parametrize(
    ("others", "error"),
    [
        pytest.param([issued(id="gone").refresh_token], DeviceProofRequired, id="a session that is over"),
        pytest.param([issued(id="laptop", current="old").refresh_token], RefreshTokenReused, id="a theft"),
    ],
)
def test_which_of_several_refusals_is_told(others: list[str], error: type[RatchetError]) -> None:
    """A theft before a missing proof, and that before a session that is over."""
    for presented in ([GOOD, *others], [*others, GOOD]):
        with pytest.raises(error):
            row().service.refresh(presented)


def test_a_session_that_is_over_is_over_for_everybody() -> None:
    """Binding does not hide it."""
    here = row(replace(PHONE, expires_at=NOW), LAPTOP)
    with pytest.raises(RefreshTokenInvalid):
        here.service.refresh([GOOD])
    with pytest.raises(RefreshTokenInvalid):
        here.service.prove(HERE, [GOOD], proof())


YOUNG = replace(PHONE, device=None, started_at=NOW - 30)


def test_a_key_is_registered(heard: list[str]) -> None:
    """The access token lives a minute, so that the browser proves soon; the rotation is not touched."""
    here = row(YOUNG, LAPTOP)
    first = here.service.register_device(HERE, KEY, NOW - 20, ACCESS.access)
    assert (first.expires_in, first.sets_access_cookie) == (FIRST_LIFETIME, True)
    device = Device(PENDING, KEY, False, NOW - 20, NOW + FIRST_LIFETIME + SETTINGS.leeway)
    assert here.account.sessions[0] == first.session == replace(YOUNG, device=device)
    assert (here.loads, here.clock_reads) == (1, 1)
    assert here.asked == [("7", TokenInvalid)]
    assert heard == ["device-registered"]


@pytest.mark.parametrize(
    ("item", "access", "error"),
    [
        pytest.param(YOUNG, EXPIRED, DeviceRefused, id="the access token has run out"),
        pytest.param(YOUNG, ANOTHERS, DeviceRefused, id="the access token is of another session"),
        pytest.param(YOUNG, NO_EVIDENCE, DeviceRefused, id="no access token"),
        pytest.param(replace(YOUNG, started_at=NOW - 300), ACCESS, DeviceRefused, id="too late"),
        pytest.param(PHONE, ACCESS, DeviceRefused, id="another key is registered"),
        pytest.param(replace(YOUNG, id="tablet"), ACCESS, TokenInvalid, id="no such session"),
        pytest.param(replace(YOUNG, expires_at=NOW), ACCESS, TokenInvalid, id="the session is over"),
    ],
)
def test_a_key_that_is_refused_changes_nothing(
    item: Any, access: Evidence, error: type[RatchetError]
) -> None:
    """The session goes on as it was."""
    here = row(item, LAPTOP)
    before = here.account
    with pytest.raises(error):
        here.service.register_device(HERE, KEY, NOW - 20, access.access)
    assert here.account is before


def test_a_registration_of_a_blocked_user_is_refused() -> None:
    """As every access token of theirs."""
    with pytest.raises(TokenInvalid):
        row(YOUNG, blocked=True).service.register_device(HERE, KEY, NOW - 20, ACCESS.access)


@pytest.mark.parametrize(
    ("device", "starts"),
    [
        pytest.param(None, True, id="not bound"),
        pytest.param(replace(DEVICE, state=OVERRIDDEN), True, id="overridden"),
        pytest.param(DEVICE, False, id="bound"),
        pytest.param(PENDING_DEVICE, False, id="pending"),
        pytest.param(Device(EXPECTED), False, id="expected"),
    ],
)
def test_a_bound_session_starts_no_other(device: Device | None, *, starts: bool) -> None:
    """Otherwise a thief would have, within one access lifetime, one that is not bound."""
    here = with_device(device)
    refused = None
    try:
        here.service.start(here.account, SessionOptions(), started_by=here.account.sessions[0])
    except ReauthenticationRequired as error:
        refused = error
    assert (refused is None) == starts
    assert len(here.left) == (3 if starts else 2)


def test_a_session_that_must_be_bound_expects_its_key() -> None:
    """A few minutes later it is refused."""
    here = row()
    started = here.service.start(here.account, SessionOptions(must_bind=True))
    assert started.session.device == Device(EXPECTED, is_required=True)
    here.now = NOW + 300
    with pytest.raises(DeviceProofRequired):
        here.service.refresh([started.refresh_token])


@pytest.mark.parametrize(
    ("refresh", "life"),
    [
        pytest.param(lambda s: s.prove(HERE, [GOOD], proof()), int(SETTINGS.access_ttl), id="of a proof"),
        pytest.param(lambda s: s.refresh([GOOD], evidence=ACCESS), LEFT, id="of one without"),
    ],
)
def test_an_answer_that_was_lost_is_recognised(refresh: Callable[[Any], IssuedTokens], life: int) -> None:
    """The write arrived, its answer did not: decided again, it is its own work."""
    here = row()
    swap = here.compare_and_swap

    def loses_the_answer(*args: Any, **columns: Any) -> bool:
        here.compare_and_swap = swap  # type: ignore[method-assign]
        swap(*args, **columns)
        return False

    here.compare_and_swap = loses_the_answer  # type: ignore[method-assign]
    renewed = refresh(here.service)
    assert (renewed.expires_in, renewed.session.parent) == (life, "current")
