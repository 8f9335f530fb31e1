"""The rule: every verdict, and every boundary between two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.auth.lifecycle.rotation import Decision, RotationPolicy, Verdict, decide

from ...support.samples import DAY, HOUR, NOW, RULE, STRICT, TICK, session

FRESH = "fresh"
NO_LEEWAY = replace(RULE, leeway=0.0)

ENDED = (Verdict.ENDED, None)
REUSE = (Verdict.REUSE, None)
HAND_OUT = (Verdict.REPEAT, {"served_at": NOW})
SHOW = (Verdict.REPEAT, {"served_at": NOW, "shown_at": NOW})
CONFIRM = (Verdict.REPEAT, {"served_at": NOW, "confirmed_at": NOW})
REPEAT_UNWRITTEN: tuple[Verdict, dict[str, Any]] = (Verdict.REPEAT, {})
TOKEN_ISSUER: dict[str, Any]
TOKEN_ISSUER = {"current": FRESH, "made_at": NOW, "shown_at": NOW, "served_at": NOW, "confirmed_at": None}
ROTATE = (Verdict.ROTATE, TOKEN_ISSUER | {"parent": "current"})
RECOVER = (Verdict.RECOVER, TOKEN_ISSUER)


def row(
    claim: str,
    transition: tuple[Verdict, dict[str, Any] | None],
    token: str,
    policy: RotationPolicy = RULE,
    **changes: Any,
) -> Any:
    """A claim, the verdict and what changes by it, the token presented at NOW, the rule, the session."""
    return pytest.param(transition, token, policy, changes, id=claim)


def served(seconds_ago: float) -> float:
    """The ``served_at`` of a session whose current token was handed out that long ago."""
    return NOW - seconds_ago


def ages(made: float, shown: float, handed_out: float, confirmed: float | None = None) -> dict[str, Any]:
    """The times of a session, each as so many seconds ago."""
    return {
        "made_at": NOW - made,
        "shown_at": NOW - shown,
        "served_at": NOW - handed_out,
        "confirmed_at": None if confirmed is None else NOW - confirmed,
    }


def born(seconds_ago: float) -> dict[str, Any]:
    """The times of a session whose current token was made that long ago, and not presented since."""
    return ages(seconds_ago, seconds_ago, seconds_ago)


ENDS = [
    row("at its absolute end a session is over", ENDED, "current", expires_at=NOW),
    row("past its absolute end a session is over", ENDED, "current", expires_at=NOW - 1),
    row("one tick before its absolute end it rotates", ROTATE, "current", expires_at=NOW + TICK),
    row("one tick before its absolute end it recovers", RECOVER, "parent", expires_at=NOW + TICK),
    row("within the leeway the absolute end counts", ENDED, "parent", expires_at=NOW, served_at=served(1)),
    row("remembered: at the idle limit it is over", ENDED, "current", served_at=served(14 * DAY)),
    row("remembered: one tick below it rotates", ROTATE, "current", served_at=served(14 * DAY - TICK)),
    row("else: at the short limit it is over", ENDED, "current", served_at=served(DAY), remember=False),
    row("else: a tick below it rotates", ROTATE, "current", served_at=served(DAY - TICK), remember=False),
    row("remembered, the short limit is nothing to it", ROTATE, "current", served_at=served(DAY)),
    row("idle too long, its parent is as dead", ENDED, "parent", served_at=served(14 * DAY)),
    row("an unknown token of a session that is over is no theft", ENDED, "stolen", expires_at=NOW),
    row("strict: at its absolute end it is over", ENDED, "current", STRICT, expires_at=NOW),
]
THEFTS = [
    row("an unknown token is a reuse", REUSE, "grandparent"),
    row("an unknown token is a reuse within the leeway too", REUSE, "grandparent", served_at=served(1)),
    row("an unknown token is a reuse without a leeway", REUSE, "grandparent", NO_LEEWAY),
    row("an unknown token is a reuse with the clock back", REUSE, "grandparent", served_at=NOW + HOUR),
    row("a fresh session knows only its current token", REUSE, "parent", parent=None),
    row("no parent is not the text of none", REUSE, "None", parent=None),
    row("no parent is not an empty token", REUSE, "", parent=None),
    row("a token is compared in full", REUSE, "curren"),
    row("a token is compared with its case", REUSE, "Current"),
]
LEEWAY = [
    row("current just made repeats unwritten", REPEAT_UNWRITTEN, "current", **born(0)),
    row("parent just rotated repeats unwritten", REPEAT_UNWRITTEN, "parent", **born(0)),
    row("parent within the leeway repeats and is noted", SHOW, "parent", **born(15)),
    row("current within the leeway repeats and is noted", HAND_OUT, "current", **born(15)),
    row("a tick below a tenth is unwritten", REPEAT_UNWRITTEN, "current", **born(3 - TICK)),
    row("exactly a tenth of the leeway is written", HAND_OUT, "current", **born(3)),
    row(
        "the parent is noted where only the hand-out is young",
        (Verdict.REPEAT, {"shown_at": NOW}),
        "parent",
        **ages(15, 15, 1),
    ),
    row("one tick below the leeway current repeats", CONFIRM, "current", **born(30 - TICK)),
    row("one tick below the leeway parent repeats", SHOW, "parent", **born(30 - TICK)),
    row("exactly at the leeway current rotates", ROTATE, "current", **born(30)),
    row("exactly at the leeway parent recovers", RECOVER, "parent", **born(30)),
    row("handed out a moment ago, current rotates at the leeway", ROTATE, "current", **ages(30, 30, 1)),
    row("with the parent presented a moment ago, current repeats", CONFIRM, "current", **ages(90, 5, 5)),
    row("a leeway after the parent current rotates", ROTATE, "current", **ages(90, 30, 5)),
    row(
        "a tick below a leeway after the last hand-out parent repeats",
        SHOW,
        "parent",
        **ages(90, 60, 30 - TICK),
    ),
    row("a leeway after the last hand-out parent recovers", RECOVER, "parent", **ages(90, 60, 30)),
    row("past the leeway current rotates", ROTATE, "current"),
    row("past the leeway parent recovers", RECOVER, "parent"),
    row("without a leeway current rotates at once", ROTATE, "current", NO_LEEWAY, **born(0)),
    row("without a leeway parent recovers at once", RECOVER, "parent", NO_LEEWAY, **born(0)),
    row("a fresh session rotates at once", ROTATE, "current", parent=None, **born(0)),
    row("a fresh session rotates past the leeway", ROTATE, "current", parent=None),
]
CONFIRMATION = [
    row("a tick below two thirds nothing is confirmed", HAND_OUT, "current", **born(20 - TICK)),
    row("at two thirds of the leeway current confirms", CONFIRM, "current", **born(20)),
    row("a parent of a moment ago delays no confirmation", CONFIRM, "current", **ages(20, 5, 5)),
    row(
        "a hand-out of a moment ago does not swallow a confirmation",
        (Verdict.REPEAT, {"confirmed_at": NOW}),
        "current",
        **ages(20, 5, 1),
    ),
    row("the parent never confirms", SHOW, "parent", **ages(20, 5, 5)),
    row("a confirmation counts from the first", HAND_OUT, "current", **ages(40, 15, 15, 10)),
    row("within a leeway of it the parent is late", SHOW, "parent", **ages(60, 10, 10, 30 - TICK)),
    row("a leeway after it the parent is a reuse", REUSE, "parent", **ages(60, 10, 10, 30)),
    row("a leeway after it the parent is no recovery", REUSE, "parent", **ages(90, 50, 50, 60)),
    row("confirmed, current repeats within the leeway", HAND_OUT, "current", **ages(60, 10, 10, 35)),
    row("confirmed, current rotates and starts anew", ROTATE, "current", **ages(60, 40, 40, 40)),
]
CLOCKS = [
    row("a second back, current repeats unwritten", REPEAT_UNWRITTEN, "current", **born(-1)),
    row("a second back, parent repeats unwritten", REPEAT_UNWRITTEN, "parent", **born(-1)),
    row("nearly a leeway back is unwritten", REPEAT_UNWRITTEN, "current", **born(TICK - 30)),
    row("a whole leeway back, all times come back along", (Verdict.REPEAT, born(0)), "current", **born(-30)),
    row("an hour back, all times come back along", (Verdict.REPEAT, born(0)), "parent", **born(-HOUR)),
    row(
        "an hour back, the confirmation comes back along",
        (Verdict.REPEAT, ages(0, 0, 0, 0)),
        "current",
        **ages(-HOUR, -HOUR, -HOUR, -HOUR),
    ),
    row(
        "only what is wrong comes back", (Verdict.REPEAT, ages(15, 0, 0)), "current", **ages(15, -HOUR, -HOUR)
    ),
    row(
        "a second back without a leeway repeats", (Verdict.REPEAT, born(0)), "current", NO_LEEWAY, **born(-1)
    ),
    row("an hour ahead, current rotates", ROTATE, "current", **born(HOUR)),
    row("an hour ahead, parent recovers", RECOVER, "parent", **born(HOUR)),
    row("a fresh session rotates with the clock back", ROTATE, "current", parent=None, **born(-1)),
]
WITHOUT_MERCY = [
    row("strict: current rotates within the leeway", ROTATE, "current", STRICT, **born(0)),
    row("strict: current rotates past the leeway", ROTATE, "current", STRICT),
    row("strict: current rotates with the clock back", ROTATE, "current", STRICT, **born(-1)),
    row("strict: parent is a reuse within the leeway", REUSE, "parent", STRICT, **born(0)),
    row("strict: parent is a reuse past the leeway", REUSE, "parent", STRICT),
    row("strict: an older token is a reuse", REUSE, "grandparent", STRICT),
    row("strict: a fresh session rotates", ROTATE, "current", STRICT, parent=None),
]


@pytest.mark.parametrize(
    ("transition", "token", "policy", "changes"),
    [*ENDS, *THEFTS, *LEEWAY, *CONFIRMATION, *CLOCKS, *WITHOUT_MERCY],
)
def test_what_the_rule_says(
    transition: tuple[Verdict, dict[str, Any] | None],
    token: str,
    policy: RotationPolicy,
    changes: dict[str, Any],
) -> None:
    """Each row is a claim about one presented token."""
    presented = session(**changes)
    verdict, becomes = transition
    expected = None if becomes is None else replace(presented, **becomes)
    assert decide(presented, token, NOW, FRESH, policy) == Decision(verdict, expected)


def test_a_session_that_is_not_there_has_ended() -> None:
    """A token of a session that nobody remembers is refused, and nobody is called a thief."""
    assert decide(None, "current", NOW, FRESH, RULE) == Decision(Verdict.ENDED, None)


def test_a_repeat_that_needs_no_write_is_the_same_object() -> None:
    """Who writes can tell by identity that there is nothing to write."""
    presented = session(**born(0))
    assert decide(presented, "parent", NOW, FRESH, RULE).session is presented


def test_an_hour_ahead_costs_one_leeway_of_repeats() -> None:
    """A clock that ran an hour ahead and is set back does not stop rotation for an hour."""
    repeated = decide(session(**born(-HOUR)), "current", NOW, FRESH, RULE)
    assert repeated.verdict is Verdict.REPEAT
    later = decide(repeated.session, "current", NOW + RULE.leeway, FRESH, RULE)
    assert later.verdict is Verdict.ROTATE


def test_whoever_of_two_holders_moves_second_is_found_out() -> None:
    """A parent used by one party orphans what the other holds, and the other's next use ends the session."""
    recovered = decide(session(), "parent", NOW, FRESH, RULE).session
    assert decide(recovered, "current", NOW + RULE.leeway, "fresher", RULE).verdict is Verdict.REUSE


@pytest.mark.parametrize("poll", [5, 25])
def test_a_thief_who_polls_with_the_newest_token_is_found(poll: int) -> None:
    """Presenting current again and again rotates it, and the owner's token is old when they come back."""
    stolen = session(**born(600))
    held = "current"
    for after in range(0, 600, poll):
        polled = decide(stolen, held, NOW + after, f"made at {after}", RULE).session
        assert polled is not None
        stolen, held = polled, polled.current
    assert decide(stolen, "current", NOW + 600, "owner's", RULE).verdict is Verdict.REUSE


@pytest.mark.parametrize("poll", [2, 5, 25])
def test_a_thief_who_polls_with_the_first_copy_is_found(poll: int) -> None:
    """Presenting the parent keeps current in place until the owner presents that; then it is a reuse."""
    stolen, verdicts, owners = session(**born(600)), [], "current"
    for after in range(0, 1300, poll):
        if after in (300, 900):
            renewed = decide(stolen, owners, NOW + after, "owner's", RULE).session
            assert renewed is not None
            stolen, owners = renewed, renewed.current
        polled = decide(stolen, "current", NOW + after, f"made at {after}", RULE)
        verdicts.append(polled.verdict)
        if polled.session is None:
            break
        stolen = polled.session
    assert (after, verdicts[-1]) == (900 + 30 - 30 % poll + (poll if 30 % poll else 0), Verdict.REUSE)
    assert set(verdicts[1:-1]) == {Verdict.REPEAT}
