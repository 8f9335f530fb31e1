"""The rule, for sessions, tokens, clocks and limits of any kind."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from app.auth.lifecycle.rotation import Decision, RotationPolicy, Session, Verdict, decide, is_over

FRESH = "fresh"
LEEWAY = 30
START = 1000.0

lenient = st.just(RotationPolicy(leeway=LEEWAY, idle_ttl=10_000, short_ttl=1000))
strict = st.just(RotationPolicy(leeway=LEEWAY, idle_ttl=10_000, short_ttl=1000, strict=True))
rules = st.builds(
    RotationPolicy,
    leeway=st.sampled_from([0.0, 5.0, 30.0, 120.0]),
    idle_ttl=st.sampled_from([300.0, 10_000.0]),
    short_ttl=st.sampled_from([60.0, 200.0]),
    strict=st.booleans(),
)
tokens = st.sampled_from(["current", "parent", "grandparent"])
parents = st.sampled_from([None, "parent"])
confirmations = st.sampled_from([None, START])
TIMES = ("made_at", "shown_at", "served_at", "confirmed_at")


class Turn(NamedTuple):
    """A session, what was presented to it, and what the rule said."""

    session: Session
    token: str
    now: float
    policy: RotationPolicy
    decision: Decision

    @property
    def age(self) -> float:
        """Seconds since current was last handed out; negative with the clock back."""
        return self.now - self.session.served_at

    @property
    def next(self) -> Session:
        """The next value of a session whose token was handed out."""
        assert self.decision.session is not None
        return self.decision.session


def ages(low: int, high: int) -> st.SearchStrategy[float]:
    """Seconds from ``low`` to below ``high``, in steps that floats keep exactly."""
    return st.integers(low * 1024, high * 1024 - 1).map(lambda step: step / 1024)


@st.composite
def turns(
    draw: st.DrawFn,
    token: st.SearchStrategy[str] = tokens,
    age: st.SearchStrategy[float] = ages(-300, 300),  # noqa: B008  # a strategy is a value
    policy: st.SearchStrategy[RotationPolicy] = rules,
    parent: st.SearchStrategy[str | None] = parents,
    confirmed: st.SearchStrategy[float | None] = confirmations,
) -> Turn:
    """A session at which a token is presented; of any kind where nothing is asked."""
    session = Session(
        id="phone",
        current="current",
        parent=draw(parent),
        made_at=START - draw(st.sampled_from([0.0, 10.0, 25.0])),
        shown_at=START,
        served_at=START,
        confirmed_at=draw(confirmed),
        started_at=0.0,
        expires_at=draw(st.sampled_from([START + 200, START + 10_000])),
        auth_time=draw(st.sampled_from([0.0, START])),
        remember=draw(st.booleans()),
        delivery=draw(st.sampled_from(["cookie", "body"])),
        label="a phone",
    )
    presented, now, limits = draw(token), START + draw(age), draw(policy)
    return Turn(session, presented, now, limits, decide(session, presented, now, FRESH, limits))


both = st.sampled_from(["current", "parent"])
repeats = turns(both, ages(-300, LEEWAY), lenient, st.just("parent"))
rotations = turns(st.just("current"), ages(LEEWAY, 200), lenient)
recoveries = turns(st.just("parent"), ages(LEEWAY, 200), lenient, st.just("parent"), confirmed=st.none())
hand_outs = st.one_of(repeats, rotations, recoveries)


@given(turns())
def test_a_session_survives_exactly_where_a_token_is_handed_out(turn: Turn) -> None:
    """Reuse and Ended never leave a session, the other three always do."""
    refused = turn.decision.verdict in (Verdict.REUSE, Verdict.ENDED)
    assert (turn.decision.session is None) == refused


@given(repeats)
def test_repeat_never_changes_current_or_parent(turn: Turn) -> None:
    """Whoever presents either token within the leeway gets the one that was handed out before."""
    assert turn.decision.verdict is Verdict.REPEAT
    assert (turn.next.current, turn.next.parent) == (turn.session.current, turn.session.parent)


@given(repeats)
def test_only_a_repeat_of_a_moment_ago_goes_unwritten(turn: Turn) -> None:
    """A moment is a tenth of the leeway, and with clocks that differ at most one leeway."""
    unwritten = turn.next is turn.session
    confirms = turn.session.confirmed_at is None and turn.next.confirmed_at is not None
    assert unwritten == (-LEEWAY < turn.age < LEEWAY / 10 and not confirms)


@given(repeats)
def test_a_confirmation_is_written_once_and_only_by_current(turn: Turn) -> None:
    """It becomes true at two thirds of the leeway, and later presentations leave it as it is."""
    is_time = turn.now - turn.session.made_at >= LEEWAY * 2 / 3
    expected = turn.now if turn.token == "current" and is_time else None
    if turn.session.confirmed_at is not None:
        expected = turn.session.confirmed_at if turn.age > -LEEWAY else turn.now
    assert turn.next.confirmed_at == expected


@given(turns(st.just("parent"), ages(LEEWAY, 200), lenient, st.just("parent"), st.just(START)))
def test_the_parent_is_a_theft_a_leeway_after_the_confirmation(turn: Turn) -> None:
    """The browser has current for good by then, so somebody else presents the parent."""
    assert turn.decision.verdict is Verdict.REUSE


@given(repeats)
def test_presenting_current_postpones_no_rotation(turn: Turn) -> None:
    """Only the parent moves shown_at, unless a wrong clock has to be set back."""
    kept = turn.token == "current" and turn.age > -LEEWAY
    assert not kept or turn.next.shown_at == turn.session.shown_at


@given(hand_outs)
def test_every_written_hand_out_is_dated(turn: Turn) -> None:
    """Rotate, Recover and a Repeat set served_at to now, unless a Repeat finds it a moment old."""
    recent = turn.decision.verdict is Verdict.REPEAT and -LEEWAY < turn.age < LEEWAY / 10
    assert turn.next.served_at == (turn.session.served_at if recent else turn.now)


@given(rotations)
def test_rotate_makes_the_presented_token_the_parent(turn: Turn) -> None:
    """Current was presented; it is now the parent of a token that was never used."""
    assert turn.decision.verdict is Verdict.ROTATE
    assert (turn.next.parent, turn.next.current) == (turn.token, FRESH)


@given(recoveries)
def test_recover_keeps_the_parent_and_orphans_current(turn: Turn) -> None:
    """The token that nobody presented is worth nothing any more."""
    assert turn.decision.verdict is Verdict.RECOVER
    assert (turn.next.parent, turn.next.current) == (turn.token, FRESH)


@given(hand_outs)
def test_nothing_but_the_two_tokens_and_their_times_ever_changes(turn: Turn) -> None:
    """Renewing never extends a session past expires_at, nor makes it anybody else's."""
    old = turn.session
    times = {name: getattr(old, name) for name in TIMES}
    assert old == replace(turn.next, current=old.current, parent=old.parent, **times)


@given(hand_outs)
def test_a_session_that_was_just_used_is_not_over(turn: Turn) -> None:
    """What was handed out can be presented in the same moment."""
    assert not is_over(turn.next, turn.now, turn.policy)


@given(hand_outs, ages(-300, 300))
def test_what_was_handed_out_last_is_never_a_theft(turn: Turn, later: float) -> None:
    """Whenever it is presented, on whatever clock: the session may be over, but it is not reused."""
    again = decide(turn.next, turn.next.current, turn.now + later, "fresher", turn.policy)
    assert again.verdict is not Verdict.REUSE


@given(turns(policy=strict))
def test_strict_knows_neither_leeway_nor_recovery(turn: Turn) -> None:
    """A strict session gives a new token for the current one, or nothing."""
    assert turn.decision.verdict not in (Verdict.REPEAT, Verdict.RECOVER)


@given(turns())
def test_the_decision_is_a_function_of_its_arguments(turn: Turn) -> None:
    """Asked again after a lost race, the rule says the same."""
    assert decide(turn.session, turn.token, turn.now, FRESH, turn.policy) == turn.decision
