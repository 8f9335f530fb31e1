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


class Case(NamedTuple):
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
def cases(
    draw: st.DrawFn,
    token: st.SearchStrategy[str] = tokens,
    age: st.SearchStrategy[float] = ages(-300, 300),  # noqa: B008  # a strategy is a value
    policy: st.SearchStrategy[RotationPolicy] = rules,
    parent: st.SearchStrategy[str | None] = parents,
    confirmed: st.SearchStrategy[float | None] = confirmations,
) -> Case:
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
    return Case(session, presented, now, limits, decide(session, presented, now, FRESH, limits))


both = st.sampled_from(["current", "parent"])
repeats = cases(both, ages(-300, LEEWAY), lenient, st.just("parent"))
rotations = cases(st.just("current"), ages(LEEWAY, 200), lenient)
recoveries = cases(st.just("parent"), ages(LEEWAY, 200), lenient, st.just("parent"), confirmed=st.none())
hand_outs = st.one_of(repeats, rotations, recoveries)


@given(cases())
def test_a_session_survives_exactly_where_a_token_is_handed_out(case: Case) -> None:
    """Reuse and Ended never leave a session, the other three always do."""
    refused = case.decision.verdict in (Verdict.REUSE, Verdict.ENDED)
    assert (case.decision.session is None) == refused


@given(repeats)
def test_repeat_never_changes_current_or_parent(case: Case) -> None:
    """Whoever presents either token within the leeway gets the one that was handed out before."""
    assert case.decision.verdict is Verdict.REPEAT
    assert (case.next.current, case.next.parent) == (case.session.current, case.session.parent)


@given(repeats)
def test_only_a_repeat_of_a_moment_ago_goes_unwritten(case: Case) -> None:
    """A moment is a tenth of the leeway, and with clocks that differ at most one leeway."""
    unwritten = case.next is case.session
    confirms = case.session.confirmed_at is None and case.next.confirmed_at is not None
    assert unwritten == (-LEEWAY < case.age < LEEWAY / 10 and not confirms)


@given(repeats)
def test_a_confirmation_is_written_once_and_only_by_current(case: Case) -> None:
    """It becomes true at two thirds of the leeway, and later presentations leave it as it is."""
    is_time = case.now - case.session.made_at >= LEEWAY * 2 / 3
    expected = case.now if case.token == "current" and is_time else None
    if case.session.confirmed_at is not None:
        expected = case.session.confirmed_at if case.age > -LEEWAY else case.now
    assert case.next.confirmed_at == expected


@given(cases(st.just("parent"), ages(LEEWAY, 200), lenient, st.just("parent"), st.just(START)))
def test_the_parent_is_a_theft_a_leeway_after_the_confirmation(case: Case) -> None:
    """The browser has current for good by then, so somebody else presents the parent."""
    assert case.decision.verdict is Verdict.REUSE


@given(repeats)
def test_presenting_current_postpones_no_rotation(case: Case) -> None:
    """Only the parent moves shown_at, unless a wrong clock has to be set back."""
    kept = case.token == "current" and case.age > -LEEWAY
    assert not kept or case.next.shown_at == case.session.shown_at


@given(hand_outs)
def test_every_written_hand_out_is_dated(case: Case) -> None:
    """Rotate, Recover and a Repeat set served_at to now, unless a Repeat finds it a moment old."""
    recent = case.decision.verdict is Verdict.REPEAT and -LEEWAY < case.age < LEEWAY / 10
    assert case.next.served_at == (case.session.served_at if recent else case.now)


@given(rotations)
def test_rotate_makes_the_presented_token_the_parent(case: Case) -> None:
    """Current was presented; it is now the parent of a token that was never used."""
    assert case.decision.verdict is Verdict.ROTATE
    assert (case.next.parent, case.next.current) == (case.token, FRESH)


@given(recoveries)
def test_recover_keeps_the_parent_and_orphans_current(case: Case) -> None:
    """The token that nobody presented is worth nothing any more."""
    assert case.decision.verdict is Verdict.RECOVER
    assert (case.next.parent, case.next.current) == (case.token, FRESH)


@given(hand_outs)
def test_nothing_but_the_two_tokens_and_their_times_ever_changes(case: Case) -> None:
    """Renewing never extends a session past expires_at, nor makes it anybody else's."""
    old = case.session
    times = {name: getattr(old, name) for name in TIMES}
    assert old == replace(case.next, current=old.current, parent=old.parent, **times)


@given(hand_outs)
def test_a_session_that_was_just_used_is_not_over(case: Case) -> None:
    """What was handed out can be presented in the same moment."""
    assert not is_over(case.next, case.now, case.policy)


@given(hand_outs, ages(-300, 300))
def test_what_was_handed_out_last_is_never_a_theft(case: Case, later: float) -> None:
    """Whenever it is presented, on whatever clock: the session may be over, but it is not reused."""
    again = decide(case.next, case.next.current, case.now + later, "fresher", case.policy)
    assert again.verdict is not Verdict.REUSE


@given(cases(policy=strict))
def test_strict_knows_neither_leeway_nor_recovery(case: Case) -> None:
    """A strict session gives a new token for the current one, or nothing."""
    assert case.decision.verdict not in (Verdict.REPEAT, Verdict.RECOVER)


@given(cases())
def test_the_decision_is_a_function_of_its_arguments(case: Case) -> None:
    """Asked again after a lost race, the rule says the same."""
    assert decide(case.session, case.token, case.now, FRESH, case.policy) == case.decision
