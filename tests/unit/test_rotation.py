"""The rule: every verdict, and every boundary between two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.auth.rotation import Decision, Rule, Verdict, decide

from .samples import DAY, HOUR, NOW, RULE, STRICT, TICK, session

FRESH = "fresh"
NO_LEEWAY = replace(RULE, leeway=0.0)

ENDED = (Verdict.ENDED, None)
REUSE = (Verdict.REUSE, None)
SLIDE = (Verdict.REPEAT, {"served_at": NOW})
REPEAT_UNWRITTEN: tuple[Verdict, dict[str, Any]] = (Verdict.REPEAT, {})
ROTATE = (Verdict.ROTATE, {"parent": "current", "current": FRESH, "served_at": NOW})
RECOVER = (Verdict.RECOVER, {"current": FRESH, "served_at": NOW})


def row(
    claim: str,
    outcome: tuple[Verdict, dict[str, Any] | None],
    token: str,
    rule: Rule = RULE,
    **changes: Any,
) -> Any:
    """A claim, the verdict and what changes by it, the token presented at NOW, the rule, the session."""
    return pytest.param(outcome, token, rule, changes, id=claim)


def served(seconds_ago: float) -> float:
    """The ``served_at`` of a session whose current token was handed out that long ago."""
    return NOW - seconds_ago


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
    row("a fresh session knows its current token alone", REUSE, "parent", parent=None),
    row("no parent is not the text of none", REUSE, "None", parent=None),
    row("no parent is not an empty token", REUSE, "", parent=None),
    row("a token is compared in full", REUSE, "curren"),
    row("a token is compared with its case", REUSE, "Current"),
]
LEEWAY = [
    row("current just handed out repeats unwritten", REPEAT_UNWRITTEN, "current", served_at=NOW),
    row("parent just rotated repeats unwritten", REPEAT_UNWRITTEN, "parent", served_at=NOW),
    row("parent within the leeway repeats and slides", SLIDE, "parent", served_at=served(15)),
    row("current within the leeway repeats and slides", SLIDE, "current", served_at=served(15)),
    row("a tick below a tenth is unwritten", REPEAT_UNWRITTEN, "current", served_at=served(3 - TICK)),
    row("exactly a tenth of the leeway slides", SLIDE, "current", served_at=served(3)),
    row("one tick below the leeway current repeats", SLIDE, "current", served_at=served(30 - TICK)),
    row("one tick below the leeway parent repeats", SLIDE, "parent", served_at=served(30 - TICK)),
    row("exactly at the leeway current rotates", ROTATE, "current", served_at=served(30)),
    row("exactly at the leeway parent recovers", RECOVER, "parent", served_at=served(30)),
    row("past the leeway current rotates", ROTATE, "current"),
    row("past the leeway parent recovers", RECOVER, "parent"),
    row("without a leeway current rotates at once", ROTATE, "current", NO_LEEWAY, served_at=NOW),
    row("without a leeway parent recovers at once", RECOVER, "parent", NO_LEEWAY, served_at=NOW),
    row("a fresh session rotates at once", ROTATE, "current", parent=None, served_at=NOW),
    row("a fresh session rotates past the leeway", ROTATE, "current", parent=None),
]
CLOCKS = [
    row("a second back, current repeats unwritten", REPEAT_UNWRITTEN, "current", served_at=NOW + 1),
    row("a second back, parent repeats unwritten", REPEAT_UNWRITTEN, "parent", served_at=NOW + 1),
    row("nearly a leeway back is unwritten", REPEAT_UNWRITTEN, "current", served_at=NOW + 30 - TICK),
    row("a whole leeway back, served_at comes back along", SLIDE, "current", served_at=NOW + 30),
    row("an hour back, served_at comes back along", SLIDE, "parent", served_at=NOW + HOUR),
    row("a second back without a leeway repeats", SLIDE, "current", NO_LEEWAY, served_at=NOW + 1),
    row("an hour ahead, current rotates", ROTATE, "current", served_at=served(HOUR)),
    row("an hour ahead, parent recovers", RECOVER, "parent", served_at=served(HOUR)),
    row("a fresh session rotates with the clock back", ROTATE, "current", parent=None, served_at=NOW + 1),
]
WITHOUT_MERCY = [
    row("strict: current rotates within the leeway", ROTATE, "current", STRICT, served_at=NOW),
    row("strict: current rotates past the leeway", ROTATE, "current", STRICT),
    row("strict: current rotates with the clock back", ROTATE, "current", STRICT, served_at=NOW + 1),
    row("strict: parent is a reuse within the leeway", REUSE, "parent", STRICT, served_at=NOW),
    row("strict: parent is a reuse past the leeway", REUSE, "parent", STRICT),
    row("strict: an older token is a reuse", REUSE, "grandparent", STRICT),
    row("strict: a fresh session rotates", ROTATE, "current", STRICT, parent=None),
]


@pytest.mark.parametrize(
    ("outcome", "token", "rule", "changes"), [*ENDS, *THEFTS, *LEEWAY, *CLOCKS, *WITHOUT_MERCY]
)
def test_what_the_rule_says(
    outcome: tuple[Verdict, dict[str, Any] | None], token: str, rule: Rule, changes: dict[str, Any]
) -> None:
    """Each row is a claim about one presented token."""
    presented = session(**changes)
    verdict, becomes = outcome
    expected = None if becomes is None else replace(presented, **becomes)
    assert decide(presented, token, NOW, FRESH, rule) == Decision(verdict, expected)


def test_a_session_that_is_not_there_has_ended() -> None:
    """A token of a session that nobody remembers is refused, and nobody is called a thief."""
    assert decide(None, "current", NOW, FRESH, RULE) == Decision(Verdict.ENDED, None)


def test_a_repeat_that_needs_no_write_is_the_same_object() -> None:
    """Who writes can tell by identity that there is nothing to write."""
    presented = session(served_at=NOW)
    assert decide(presented, "parent", NOW, FRESH, RULE).session is presented


def test_an_hour_ahead_costs_one_leeway_of_repeats() -> None:
    """A clock that ran an hour ahead and is set back does not stop rotation for an hour."""
    repeated = decide(session(served_at=NOW + HOUR), "current", NOW, FRESH, RULE)
    assert repeated.verdict is Verdict.REPEAT
    later = decide(repeated.session, "current", NOW + RULE.leeway, FRESH, RULE)
    assert later.verdict is Verdict.ROTATE


def test_whoever_of_two_holders_moves_second_is_found_out() -> None:
    """A parent used by one party orphans what the other holds, and the other's next use ends the session."""
    recovered = decide(session(), "parent", NOW, FRESH, RULE).session
    assert decide(recovered, "current", NOW + RULE.leeway, "fresher", RULE).verdict is Verdict.REUSE
