"""A refresh, decided on an account: the rule's verdict as sessions, events and a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.auth.errors import (
    AccountBlocked,
    AccountUnconfirmed,
    ChallengeUsed,
    DeviceProofRequired,
    DeviceRefused,
    ProofPending,
    RatchetError,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionStolen,
    TokenInvalid,
)
from app.auth.lifecycle import refreshing
from app.auth.lifecycle.account import Account, EndedSession
from app.auth.lifecycle.binding import BOUND, OVERRIDDEN, PENDING, Device, Possession, Proof
from app.auth.lifecycle.rotation import Session
from app.auth.lifecycle.transitions import Event, EventKind, Transition
from tests.support.samples import ended_event

from ...support.samples import NOW, RULE, account, by_kind, session

PHONE = session(id="phone")
LAPTOP = session(id="laptop")
HOLDER = account(sessions=(PHONE, LAPTOP))
BLOCKED = replace(HOLDER, blocked=True)


def refresh(holder: Account, token: str = "current", ref: str = "phone") -> Transition:
    """The outcome of a refresh at NOW, with ``new_token_id`` as the token that was never used."""
    return by_kind(refreshing.refresh(holder, ref, token, NOW, "fresh", policy=RULE))


def refreshed(item: Session, verdict: str) -> Event:
    """The event of a hand-out."""
    return Event(EventKind.SESSION_REFRESHED, {"session": item, "verdict": verdict})


THEFT = (Event(EventKind.REUSE_DETECTED, {"session": PHONE}), ended_event(PHONE, "reuse"))
_NINE_SECONDS_OLD = replace(PHONE, made_at=NOW - 9, shown_at=NOW - 9, served_at=NOW - 9)
HAND_OUTS: list[Any] = [
    pytest.param(PHONE, "current", {"parent": "current", "current": "fresh"}, "rotate", id="rotate"),
    pytest.param(PHONE, "parent", {"current": "fresh"}, "recover", id="recover"),
    pytest.param(_NINE_SECONDS_OLD, "parent", {"made_at": NOW - 9}, "repeat", id="repeat"),
]


@pytest.mark.parametrize(("item", "token", "changes", "verdict"), HAND_OUTS)
def test_a_hand_out_changes_its_own_session_alone(
    item: Session, token: str, changes: dict[str, Any], verdict: str
) -> None:
    """The next value takes the session's place, the others stay, and the verdict is told."""
    value = replace(item, **{"made_at": NOW, "shown_at": NOW, "served_at": NOW} | changes)
    transition = refresh(account(sessions=(LAPTOP, item)), token)
    assert transition == Transition((LAPTOP, value), value, (refreshed(value, verdict),))


def test_a_repeat_of_a_moment_ago_leaves_the_account_as_it_is() -> None:
    """Equal sessions need no write, and the hand-out is told all the same."""
    item = replace(PHONE, made_at=NOW, shown_at=NOW, served_at=NOW)
    transition = refresh(account(sessions=(item,)), "parent")
    assert transition == Transition((item,), item, (refreshed(item, "repeat"),))


def test_a_reuse_ends_the_session_and_is_told() -> None:
    """A theft costs the session it was found in; those beside it go on."""
    assert refresh(HOLDER, "stolen") == Transition(
        (LAPTOP,), None, THEFT, RefreshTokenReused, stolen=("phone",)
    )


@pytest.mark.parametrize(
    ("token", "ref", "told"),
    [
        pytest.param("grandparent", "phone", True, id="an orphan of a live session"),
        pytest.param("current", "phone", False, id="a good token"),
        pytest.param("current", "watch", False, id="a token of a session that has ended"),
    ],
)
def test_an_orphan_beside_a_good_token_changes_nothing_and_is_told(
    token: str, ref: str, *, told: bool
) -> None:
    """An old cookie of another path proves nothing, but a host and the audit trail hear of it."""
    transition = refreshing.pass_by(HOLDER, ref, token, NOW, policy=RULE)
    assert (transition.sessions, transition.error) == (HOLDER.sessions, None)
    assert transition.events == ((Event(EventKind.ORPHAN_PASSED_BY, {"session": PHONE}),) if told else ())


def test_an_expired_session_is_dropped() -> None:
    """A session found to be over leaves the row, and its end is told."""
    over = replace(PHONE, expires_at=NOW)
    transition = refresh(account(sessions=(over, LAPTOP)))
    assert transition == Transition((LAPTOP,), None, (ended_event(over, "expired"),), RefreshTokenInvalid)


def test_an_unknown_session_changes_nothing() -> None:
    """A token of a session that ended is refused without a write."""
    assert refresh(HOLDER, ref="watch") == Transition(HOLDER.sessions, error=RefreshTokenInvalid)


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        pytest.param(EndedSession("watch", NOW, by_theft=True), SessionStolen, id="ended by a theft"),
        pytest.param(EndedSession("watch", NOW), RefreshTokenInvalid, id="ended otherwise"),
        pytest.param(EndedSession("clock", NOW, by_theft=True), RefreshTokenInvalid, id="a theft of another"),
    ],
)
def test_whoever_was_robbed_is_told_so(entry: EndedSession, error: type[RatchetError]) -> None:
    """The row remembers which sessions a theft ended, and nothing is written for the telling."""
    transition = refresh(replace(HOLDER, ended=(entry,)), ref="watch")
    assert transition == Transition(HOLDER.sessions, error=error)


def test_a_reuse_ends_what_the_session_has_started() -> None:
    """A thief keeps none of the sessions they started; what ends otherwise takes none along."""
    tool = session(id="tool", started_by="phone")
    holder = account(sessions=(tool, PHONE, LAPTOP))
    transition = refresh(holder, "stolen")
    assert transition.sessions == (LAPTOP,)
    assert transition.events == (THEFT[0], ended_event(tool, "reuse"), ended_event(PHONE, "reuse"))
    assert transition.stolen == ("tool", "phone")
    refused = refresh(replace(holder, blocked=True))
    assert (refused.sessions, refused.stolen) == ((tool, LAPTOP), ())
    assert refresh(holder, "stolen", "tool").sessions == (PHONE, LAPTOP)


def test_one_session_is_not_reached_with_the_token_of_another() -> None:
    """The right token of the wrong session is a reuse of the session it names."""
    transition = refresh(account(sessions=(PHONE, replace(LAPTOP, current="other"))), "other")
    assert transition.error is RefreshTokenReused


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"blocked": True}, AccountBlocked, id="blocked"),
        pytest.param({"confirmed": False}, AccountUnconfirmed, id="unconfirmed"),
    ],
)
@pytest.mark.parametrize("token", ["current", "parent"])
def test_who_may_not_sign_in_may_not_refresh(changes: dict[str, Any], error: Any, token: str) -> None:
    """A valid refresh of an account that is refused ends the session."""
    transition = refresh(replace(HOLDER, **changes), token)
    assert transition == Transition((LAPTOP,), None, (ended_event(PHONE, "refused"),), error)


def test_a_reuse_at_a_blocked_account_is_still_a_theft() -> None:
    """The theft is told, whatever else is wrong."""
    assert refresh(BLOCKED, "stolen") == Transition(
        (LAPTOP,), None, THEFT, RefreshTokenReused, stolen=("phone",)
    )


def test_an_unknown_session_of_a_blocked_account_tells_nothing() -> None:
    """Whoever holds no live session does not learn that the account is blocked."""
    assert refresh(BLOCKED, ref="watch").error is RefreshTokenInvalid


def test_a_refresh_that_landed_is_recognised() -> None:
    """Asked again after a lost answer, the fresh token is its own work and not a race that was lost."""
    landed = replace(PHONE, parent="current", current="fresh", served_at=NOW)
    transition = refresh(account(sessions=(landed,)), "current")
    assert transition == Transition((landed,), landed, (refreshed(landed, "rotate"),))


@pytest.mark.parametrize(
    ("holder", "token"),
    [
        pytest.param(HOLDER, "stolen", id="a reuse"),
        pytest.param(BLOCKED, "current", id="a blocked account"),
        pytest.param(replace(HOLDER, confirmed=False), "current", id="an unconfirmed account"),
        pytest.param(account(sessions=(replace(PHONE, expires_at=NOW),)), "current", id="an expired session"),
        pytest.param(account(sessions=()), "current", id="a session that is not there"),
    ],
)
def test_a_refusal_that_ends_the_session_takes_its_cookies_along(holder: Account, token: str) -> None:
    """Where no session is left behind the cookie, the refusal says so."""
    transition = refreshing.refresh(holder, "phone", token, NOW, "fresh", policy=RULE)
    assert transition.error is not None
    assert transition.error.ends_session


DEVICE = Device(BOUND, "key", challenged_at=NOW - 500)
BOUND_PHONE = replace(PHONE, device=DEVICE)
GOOD, PROOF = Possession(NOW + 5), Possession(proof=Proof(NOW))


def told(kind: EventKind, item: Session) -> Event:
    """The event of a session's device."""
    return Event(kind, {"session": item})


def refresh_bound(item: Session, possession: Possession, token: str = "current") -> Transition:
    """The outcome of a refresh that shows this beside the token."""
    return by_kind(
        refreshing.refresh(
            account(sessions=(LAPTOP, item)),
            "phone",
            token,
            NOW,
            "fresh",
            policy=RULE,
            possess=lambda _: possession,
        )
    )


def test_a_refresh_with_an_access_token_is_capped() -> None:
    """The transition says until when, and the device stays as it is."""
    rotated: dict[str, Any] = {
        "parent": "current",
        "current": "fresh",
        "made_at": NOW,
        "shown_at": NOW,
        "served_at": NOW,
    }
    value = replace(BOUND_PHONE, **rotated)
    transition = refresh_bound(BOUND_PHONE, GOOD)
    assert transition == Transition(
        (LAPTOP, value), value, (refreshed(value, "rotate"),), access_until=NOW + 5
    )


def test_a_repeat_that_writes_nothing_is_the_same_session() -> None:
    """Bound or not: no copy is made, and the row is left alone."""
    just_now: dict[str, Any] = {"made_at": NOW - 2, "shown_at": NOW - 2, "served_at": NOW - 2}
    for item in (replace(PHONE, **just_now), replace(BOUND_PHONE, **just_now)):
        assert refresh_bound(item, GOOD).session is item


def test_a_refresh_with_a_proof_says_so() -> None:
    """Before it says that tokens were handed out."""
    transition = refresh_bound(BOUND_PHONE, PROOF)
    value = transition.session
    assert value
    assert value.device == replace(DEVICE, challenged_at=NOW)
    assert transition.access_until is None
    assert transition.events == (told(EventKind.DEVICE_PROVED, value), refreshed(value, "rotate"))


def test_a_refresh_that_goes_on_without_the_key_says_so() -> None:
    """The first one does, and no later one."""
    transition = refresh_bound(replace(PHONE, device=replace(DEVICE, state=PENDING)), Possession())
    value = transition.session
    assert value
    assert value.device == replace(DEVICE, state=OVERRIDDEN)
    assert transition.events == (told(EventKind.DEVICE_OVERRIDDEN, value), refreshed(value, "rotate"))
    assert refresh_bound(value, Possession(), "fresh").events[0].kind is EventKind.SESSION_REFRESHED


@pytest.mark.parametrize("token", ["current", "parent", "stolen"])
def test_a_refresh_without_the_key_changes_only_the_note_of_it(token: str) -> None:
    """Whatever the token is to the rule."""
    value = replace(PHONE, device=replace(DEVICE, refused_at=NOW))
    assert refresh_bound(BOUND_PHONE, Possession(), token) == Transition(
        (LAPTOP, value),
        events=(told(EventKind.DEVICE_PROOF_MISSING, value),),
        error=DeviceProofRequired,
    )


@pytest.mark.parametrize(
    ("possession", "error"),
    [
        pytest.param(Possession(NOW), ProofPending, id="may come again"),
        pytest.param(Possession(proof=Proof(NOW - 500)), ChallengeUsed, id="a used challenge"),
    ],
)
def test_a_refresh_that_may_come_again_changes_nothing(
    possession: Possession, error: type[RatchetError]
) -> None:
    """And is told to nobody."""
    assert refresh_bound(BOUND_PHONE, possession) == Transition((LAPTOP, BOUND_PHONE), error=error)


@pytest.mark.parametrize(
    "holder",
    [account(sessions=(replace(BOUND_PHONE, expires_at=NOW),)), account(sessions=())],
    ids=["over", "gone"],
)
def test_nothing_is_verified_for_a_session_that_is_over(holder: Account) -> None:
    """A signature costs more than the answer."""

    def possess(_session: Session) -> Possession:
        raise AssertionError

    transition = refreshing.refresh(holder, "phone", "current", NOW, "fresh", policy=RULE, possess=possess)
    assert by_kind(transition).error is RefreshTokenInvalid


def register(item: Session, possession: Possession = GOOD, **changes: Any) -> Transition:
    """The outcome of a registration."""
    holder = account(**{"sessions": (LAPTOP, item)} | changes)
    return refreshing.register_device(
        holder, "phone", "key", NOW - 1, NOW, policy=RULE, possess=lambda _: possession
    )


YOUNG = replace(PHONE, started_at=NOW - 30)


def test_a_registration_changes_the_device_alone() -> None:
    """The transition says how long the first access token lives."""
    value = replace(YOUNG, device=Device(PENDING, "key", False, NOW - 1, NOW + 5 + RULE.leeway))
    assert register(YOUNG) == Transition(
        (LAPTOP, value), value, (told(EventKind.DEVICE_REGISTERED, value),), access_until=NOW + 5
    )


@pytest.mark.parametrize(
    ("item", "possession", "changes", "error"),
    [
        pytest.param(YOUNG, Possession(), {}, DeviceRefused, id="no access token"),
        pytest.param(PHONE, GOOD, {}, DeviceRefused, id="too late"),
        pytest.param(replace(YOUNG, expires_at=NOW), GOOD, {}, TokenInvalid, id="over"),
        pytest.param(replace(YOUNG, id="tablet"), GOOD, {}, TokenInvalid, id="gone"),
        pytest.param(YOUNG, GOOD, {"confirmed": False}, TokenInvalid, id="an unconfirmed account"),
    ],
)
def test_a_registration_that_is_refused_says_why(
    item: Session, possession: Possession, changes: dict[str, Any], error: type[RatchetError]
) -> None:
    """And changes nothing."""
    transition = register(item, possession, **changes)
    assert transition.error is error
    assert (transition.session, transition.events) == (None, ())
    assert transition.sessions == (LAPTOP, item)
