"""The proof of a session that is bound to a device: the smaller explorations, held against docs/proof.md."""

from __future__ import annotations

import pytest

from docs.generator.parts import markdown, part
from tests.campaigns.counts import without_the_long
from tests.campaigns.proof.bound.browser import Browser, prove_browser
from tests.campaigns.proof.bound.faults import BINDING_FAULTS
from tests.campaigns.proof.bound.model import BoundServer
from tests.campaigns.proof.bound.thief import Thief
from tests.campaigns.proof.bound.worlds import BOUND_RUNS, FINDING, HONEST, STOLEN
from tests.campaigns.proof.exploration.graph import explore
from tests.campaigns.proof.page import PAGE
from tests.campaigns.proof.tables import TABLES

from .test_proof import said

QUICK_FAULTS = {
    "it never decides",
    "a token that ran out on the way is refused",
    "a browser that cannot prove just now is refused",
    "a registered key counts as bound",
}
"""What an honest browser with one exchange at a time already sees."""

LONG_RUNS = {f"{HONEST} 2 4", f"{STOLEN} 1 4"}


@pytest.mark.long
@pytest.mark.parametrize("name", without_the_long(BOUND_RUNS, LONG_RUNS))
def test_a_bound_session_holds_what_is_promised(name: str) -> None:
    """Honest browsers are not refused and thieves are not served; the page says so, with as many states."""
    row = TABLES["binding"].rows[name]()
    assert row[-1] == "all promises hold"
    assert markdown(row, []).splitlines()[0] in said("binding")


@pytest.mark.long
@pytest.mark.parametrize("name", without_the_long(BINDING_FAULTS, BINDING_FAULTS.keys() - QUICK_FAULTS))
def test_a_guard_that_is_left_out_is_missed(name: str) -> None:
    """Each breaks a promise, the one that the page names."""
    row = TABLES["binding-faults"].rows[name]()
    assert row[1] in (HONEST, STOLEN)
    assert markdown(row, []).splitlines()[0] in said("binding-faults")


def test_every_guard_has_its_row_on_the_page() -> None:
    """In the order of the table, and none is caught by nothing."""
    rows = said("binding-faults")[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(BINDING_FAULTS)
    assert "nothing" not in part(PAGE.read_text(), "binding-faults")


def test_an_honest_browser_is_bound_and_unbound_in_the_small_world() -> None:
    """The exploration is not empty: it reaches each state of a device."""
    world = Browser(BoundServer(access=4, first=1, registration=2), tabs=1)
    states = set[str | None]()

    def moves(state: object) -> object:
        ahead = list(world.moves(state))  # type: ignore[arg-type]
        states.update(after.side.device and after.side.device.state for _, after in ahead if after)
        return ahead

    explore([world.start], moves)  # type: ignore[arg-type]
    assert states == {None, "pending", "bound", "overridden"}


def test_the_world_of_a_thief_begins_with_a_sign_in() -> None:
    """He has nothing yet."""
    start = Thief().start
    assert (start.loot.tokens, start.loot.has_copied, start.proved) == (frozenset(), False, False)
    assert prove_browser(Browser(FINDING[0].server())).holds
