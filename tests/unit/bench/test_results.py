"""What the figures of a run mean: the targets that are met, and the tables that are written."""

from __future__ import annotations

import pytest

from bench import guard, report
from bench.guard import Guard
from bench.results import Results, Target, targets
from bench.rounds import Measured
from bench.served.at_once import Round
from bench.served.renewing import Kept, kept
from bench.served.sign_in import SignIn, p99
from bench.served.stage import Figures
from bench.served.starting import Start
from bench.served.subjects import AT_ONCE, BLOCKLIST, LEAST, RATCHET, ROTATE, SHORT

PAGE = 8192


def constant(value: float) -> Measured:
    """Rounds that all took the same."""
    return Measured([value])


def only(results: Results) -> Target:
    """The one target of these results."""
    (target,) = targets(results)
    return target


@pytest.mark.parametrize(
    ("seen", "first", "cookie", "met"),
    [
        pytest.param(14, 59, 28, [True, True, True], id="all are within"),
        pytest.param(16, 61, 32, [False, False, False], id="none is within"),
        pytest.param(5, 60, 21, [True, True, False], id="the cookie is compared with the bearer"),
    ],
)
def test_the_guard_is_held_to_what_it_adds(seen: int, first: int, cookie: int, met: list[bool]) -> None:
    """Each row is what three views take over the bare one, and which of the targets that meets.

    Ten cookies cost the bare view something, too: the view that reads one is compared with that.
    """
    over = {guard.BARE: 0, guard.GUARDED: seen, guard.FIRST: first}
    over |= {guard.BARE_COOKIES: 30, guard.COOKIE: 30 + cookie}
    measured = Guard({name: constant(80 + more) for name, more in over.items()}, 0)
    assert [target.met for target in targets(Results(guard=measured))] == met


@pytest.mark.parametrize(("ours", "met"), [(1000, True), (1010, False)])
def test_a_refresh_is_held_to_a_part_of_the_floors_speed(ours: float, met: bool) -> None:
    """Where the floor takes 800, 1000 are 0.8 of its speed, whatever the wall time."""
    floor, rotate = Figures(constant(800), constant(1)), Figures(constant(ours), constant(99))
    results = Results(refreshes={"sqlite": {LEAST.name: floor, ROTATE.name: rotate}})
    assert only(results).met == met


@pytest.mark.parametrize(("fewest", "met"), [(6, True), (5, False)])
def test_every_round_of_six_must_succeed(fewest: int, met: bool) -> None:
    """One tab that is refused in one of two rounds misses the target."""
    rounds = [Round(6, 0, True, 1), Round(fewest, 0, True, 1)]
    assert only(Results(at_once={"sqlite": {RATCHET.name: rounds}})).met == met


@pytest.mark.parametrize(
    ("grown", "bytes_each"),
    [
        pytest.param(0, 0, id="nothing"),
        pytest.param(PAGE, 0, id="a page is the least that can be seen"),
        pytest.param(-PAGE, 0, id="a page less"),
        pytest.param(10 * PAGE, 81.92, id="ten pages"),
    ],
)
def test_growth_is_told_for_each_refresh(grown: int, bytes_each: float) -> None:
    """Each row is by how much a database has grown in a thousand refreshes, and the bytes of each."""
    assert Kept(grown, 1000, PAGE).per_refresh == bytes_each


def test_growth_counts_every_kind_of_refresh_that_rotates() -> None:
    """Ratchet's site rotates by cookie and by body; the site that only repeats is not told."""
    before = {SHORT: (0, PAGE), RATCHET: (0, PAGE), BLOCKLIST: (100, PAGE)}
    after = {SHORT: (0, PAGE), RATCHET: (0, PAGE), BLOCKLIST: (99_100, PAGE)}
    assert kept(before, after, 50) == {SHORT: Kept(0, 100, PAGE), BLOCKLIST: Kept(99_000, 50, PAGE)}


def test_sign_ins_are_compared_with_the_hashes_beside_them() -> None:
    """A machine that is slow in one round is slow for both."""
    assert SignIn([10, 5, 10], [9, 4.5, 9], [], []).share == pytest.approx(0.9)


def test_p99_is_what_99_of_100_take_at_most() -> None:
    """Of 101 figures from 0 to 100 it is 99."""
    assert p99([float(number) for number in range(101)]) == pytest.approx(99)


def test_a_part_that_was_not_measured_is_not_written() -> None:
    """With only the starts measured, the page gets those, their targets, and the machine."""
    made = report.parts(Results(starts={RATCHET.name: Start(0.6, 51.2)}), {"sqlite": "SQLite 3"})
    assert made.keys() == {"machine", "targets", "starts"}
    assert "| memory of a worker | at most 50 MB | 51.2 MB | **no** |" in made["targets"]
    assert "| cold start | at most 0.7 s | 0.60 s | yes |" in made["targets"]


def test_a_quick_run_says_so() -> None:
    """Figures of few rounds that were written into the page are not taken for others."""
    assert report.HASTY in report.parts(Results(), {}, hasty=True)["machine"]
    assert report.HASTY not in report.parts(Results(), {})["machine"]


def test_six_at_once_are_told_as_a_span_and_in_all() -> None:
    """A site that answers 1 and then 4 of six, and leaves 2 tokens at most that work."""
    rounds = [Round(1, 0, True, 1), Round(4, 2, False, 2)]
    results = Results(at_once={"sqlite": {one.name: rounds for one in AT_ONCE}}, kept={"sqlite": {}})
    row = "| sqlite | Ratchet | 1 to 4 | 5 of 12 | 2 | 1 of 2 | 1 to 2 | not measured |"
    assert row in report.tabs(results)
