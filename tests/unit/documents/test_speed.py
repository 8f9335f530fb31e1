"""The page of figures has the places that ``make bench`` writes to, and the refreshes in process run."""

from __future__ import annotations

import pytest

from bench import guard, refresh, rounds
from bench.rounds import Measured
from docs.generator import DOCS
from docs.generator.parts import part, with_parts

PARTS = [
    "machine",
    "targets",
    "guard",
    "refresh",
    "guarded-served",
    "refresh-served",
    "at-once",
    "sign-in",
    "starts",
]


@pytest.mark.parametrize("name", PARTS)
def test_the_page_has_a_place_for_figures(name: str) -> None:
    """What a run writes there is all that changes."""
    page = (DOCS / "speed.md").read_text()
    assert part(with_parts(page, {name: "figures"}), name) == "figures"
    assert with_parts(page, {name: part(page, name)}) == page


def test_each_kind_of_refresh_is_measured_beside_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request is answered with 200, or the measurement stops."""
    monkeypatch.setattr(rounds, "REQUESTS", 2)
    measured = refresh.measured_on("sqlite", 1)
    kinds = {f"{verdict}, {carrier}" for verdict in ("Rotate", "Repeat") for carrier in refresh.CARRIERS}
    assert measured.keys() == {refresh.FLOOR, *kinds}


def test_each_way_to_present_an_access_token_is_measured_beside_the_bare_view() -> None:
    """Every request is answered with 200, and to verify a token costs more than not to be asked for one."""
    measured = guard.measured(1)
    bare = {guard.BARE, guard.BARE_COOKIES}
    names = {*bare, guard.WITHOUT, guard.GUARDED, guard.COOKIE, guard.FIRST}
    assert measured.views.keys() == names
    assert measured.over_bare(guard.FIRST) > 0


def test_the_table_compares_with_the_floor() -> None:
    """Half the speed of the floor is 0.50."""
    floor, other = Measured([100.0]), Measured([200.0])
    words = refresh.report({"sqlite": {refresh.FLOOR: floor, "Rotate, cookie": other}})
    assert "| sqlite | Rotate, cookie | 200 | 0 | 0.50 |" in words
