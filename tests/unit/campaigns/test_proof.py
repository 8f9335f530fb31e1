"""The proof: the smaller explorations, run anew and held against what docs/proof.md says."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from app.auth.lifecycle.rotation import Verdict, decide
from docs.generator.parts import markdown, part, with_parts
from tests.campaigns.counts import count, without_the_long
from tests.campaigns.proof import simulate, stories
from tests.campaigns.proof.exploration.clocks import elapse, settle
from tests.campaigns.proof.exploration.graph import components, explore, most_counted
from tests.campaigns.proof.exploration.honest import World, prove
from tests.campaigns.proof.exploration.model import CURRENT, OLD, PARENT, Server, alike, endless
from tests.campaigns.proof.exploration.succession import prove_succession
from tests.campaigns.proof.exploration.theft import explore_theft
from tests.campaigns.proof.faults import FAULTS
from tests.campaigns.proof.page import PAGE, PICTURES
from tests.campaigns.proof.pictures.picture import arrows, states_picture
from tests.campaigns.proof.promises import PROMISES, caught
from tests.campaigns.proof.rivals import RULES
from tests.campaigns.proof.simulate import (
    BAD,
    CONTENDERS,
    LEEWAYS,
    Trial,
    order_and_span,
    signs_out,
    wake_ups,
)
from tests.campaigns.proof.tables import TABLES, rates, wake_up_rows
from tests.campaigns.proof.worlds import SUCCESSIONS

QUICK_WORLDS = {
    "honest 1 ticks 12": "no refusal",
    "honest 2 ticks 12": "no refusal",
    "honest 4 ticks 6": "no refusal",
    "honest 1 dense 3": "no refusal",
    "honest 2 dense 3": "no refusal",
    "late rows 1 ticks 12": "no refusal",
    "two nodes 2 ticks 12": "no refusal",
    "wrong clock, at any moment 2 ticks 3": "refused in 8 steps",
    "wrong clock 3 ticks 3": "no refusal",
    "thief 3 ticks 3": "2 hand-overs, no ride",
    "thief 1 dense 3": "2 hand-overs, no ride",
}
"""Worlds that are soon explored, and what is seen in them."""

QUICK_BOUNDS = ("leeway 6 apart 0", "leeway 9 apart 0", "leeway 12 apart 3")


LONG_WORLDS = {"thief 1 dense 3", "honest 2 dense 3"}
LONG_BOUNDS = {"leeway 12 apart 3"}
LONG_SUCCESSIONS = {"tabs 2 late 2 leeway 6", "tabs 3 late 1 leeway 3"}
LONG_PROMISES = {"never two live tokens", "thief who polls, and cannot foretell the renewals: found"}
LONG_FAULTS = {
    "the orphan is accepted like the parent",
    "any older token is answered within the leeway",
    "the grandparent is accepted like the parent",
    "Reuse refuses, but the session lives on",
    "once confirmed, the parent is still answered",
    "Recover hands out current, not a fresh token",
    "confirmed two thirds of a leeway after the parent",
    "a clock that is behind winds the times back",
    "a clock an hour ahead is believed for an hour",
    "nothing is ever confirmed",
    "the confirmation starts anew each time",
    "presenting current keeps it from rotating",
}
"""What takes seconds to explore: only ``make counts`` does it here, and ``make proof``."""

POLLERS = count(1, 99)
"""How many rows of each table about thieves who poll are played."""


def said(table: str) -> list[str]:
    """The rows of a table on the page."""
    return part(PAGE.read_text(), table).splitlines()


@pytest.mark.long
@pytest.mark.parametrize("name", without_the_long(QUICK_WORLDS, LONG_WORLDS))
def test_a_world_holds_what_is_promised(name: str) -> None:
    """Honest tabs are not refused and thieves do not ride; the page says so, with as many states."""
    row = TABLES["worlds"].rows[name]()
    assert row[-1] == QUICK_WORLDS[name]
    assert markdown(row, []).splitlines()[0] in said("worlds")


@pytest.mark.long
@pytest.mark.parametrize("name", without_the_long(QUICK_BOUNDS, LONG_BOUNDS))
def test_the_bound_is_exact(name: str) -> None:
    """The longest exchange that holds is what the formula says, and one tick more does not hold."""
    row = TABLES["bounds"].rows[name]()
    assert int(float(row[2])) == int(row[3])
    assert markdown(row, []).splitlines()[0] in said("bounds")


@pytest.mark.long
@pytest.mark.parametrize("name", without_the_long(SUCCESSIONS, LONG_SUCCESSIONS))
def test_no_late_reply_takes_a_new_sign_in_away(name: str) -> None:
    """What it leaves in the jar leads to the new session, for one leeway and thanks to the spare."""
    row = TABLES["succession"].rows[name]()
    with_spare, later, without = row[-3:]
    assert with_spare == "no refusal"
    assert later.startswith("refused")
    assert without == "refused in 3 steps"
    lost = prove_succession(replace(SUCCESSIONS[name], has_spare=False)).trace
    assert lost == ("a late reply arrives", "a tab sends", "the server answers")
    assert markdown(row, []).splitlines()[0] in said("succession")


@pytest.mark.long
def test_the_bound_is_exact_in_dense_time() -> None:
    """With real-valued times too, an exchange may last a third of the leeway, and not half of it."""
    assert prove(World(Server(decide, 3, grain=7), 1, 1)).holds
    assert not prove(World(Server(decide, 6, grain=8), 2, 3)).holds


@pytest.mark.long
@pytest.mark.parametrize("name", without_the_long(PROMISES, LONG_PROMISES))
def test_a_promise_is_kept_by_whom_the_page_says(name: str) -> None:
    """Ratchet keeps every promise; of the others each keeps those that the page says."""
    row = TABLES["promises"].rows[name]()
    assert row[1].startswith("yes")
    assert markdown(row, []).splitlines()[0] in said("promises")


@pytest.mark.parametrize("rule", list(RULES)[1:])
def test_every_other_rule_breaks_a_promise(rule: str) -> None:
    """No rule but ours keeps all promises."""
    assert caught(RULES[rule]) is not None


@pytest.mark.long
@pytest.mark.parametrize("name", without_the_long(FAULTS, LONG_FAULTS))
def test_a_seeded_fault_is_caught(name: str) -> None:
    """Each fault breaks a promise, the one that the page names first."""
    row = TABLES["faults"].rows[name]()
    assert row[1] in PROMISES
    assert markdown(row, []).splitlines()[0] in said("faults")


@pytest.mark.long
@pytest.mark.parametrize("table", ["knowledge", "pollers"])
def test_a_poller_is_found_unless_he_foresees_the_renewals(table: str) -> None:
    """Thieves who poll are found, by play and by simulation, as the page says."""
    quick = [name for name in TABLES[table].rows if "3 6" not in name and "every 5 s" not in name]
    rows = [TABLES[table].rows[name]() for name in quick[:POLLERS]]
    assert all(markdown(row, []).splitlines()[0] in said(table) for row in rows)
    assert table == "knowledge" or not any("never" in row[1] for row in rows)


def test_there_are_at_least_twelve_seeded_faults() -> None:
    """The promises are held against at least twelve faults."""
    assert len(FAULTS) >= 12


def test_a_session_changes_hands_twice_at_most_after_a_theft() -> None:
    """After a thief's use the session changes hands twice, and not a third time, if no use is near."""
    theft = explore_theft(World(Server(decide, 3), tabs=2, exchange=1))
    assert theft.hand_overs == 2
    assert not theft.rides


def test_the_longest_theft_ends_in_reuse() -> None:
    """The run on the page that shows two hand-overs ends the session at the next use."""
    verdicts = [row[3] for row in stories.longest_theft()]
    assert verdicts == ["Rotate", "Recover", "Recover", "Reuse"]
    assert all(markdown(row, []).splitlines()[0] in said("theft") for row in stories.longest_theft())


def test_the_stories_are_as_the_page_says() -> None:
    """The shortest ways to a false refusal, beyond the bound and by a clock, are those on the page."""
    assert said("beyond") == stories.beyond_the_bound().splitlines()
    assert said("jump") == stories.clock_jump().splitlines()


@pytest.mark.parametrize("role", ["current", "parent", "fresh"])
def test_nothing_is_handed_out_after_a_sign_out(role: str) -> None:
    """Once the session is dropped every token is Ended, so no later refusal is a false one."""
    decision = decide(None, role, 0.0, "fresh", endless(30))
    assert (decision.verdict, decision.session) == (Verdict.ENDED, None)


def test_the_state_picture_is_the_rule() -> None:
    """The arrows are the same at every age that a state stands for; the picture on the page shows them."""
    assert arrows()["settled", "young"] == ["current: Rotate", "parent: Recover"]
    assert (PICTURES / "states.svg").read_text() == states_picture()


@pytest.mark.long
def test_the_rates_of_the_plain_rules_are_as_the_page_says() -> None:
    """Simulating again the wake-ups that show strict rotation and SuperTokens gives the page's rates."""
    plain = {name for name, contender in CONTENDERS.items() if contender.plain}
    rows = [row for row in wake_up_rows(rates([simulate.count(BAD, 0)])) if row[0] in plain]
    assert len(rows) == 2
    assert all(markdown(row, []).splitlines()[0] in said(BAD.name) for row in rows)


@pytest.mark.parametrize("name", CONTENDERS)
def test_the_order_of_events_decides_within_a_leeway(name: str) -> None:
    """Remembering what an order of events led to gives what living through it again would."""
    rule = CONTENDERS[name].decide
    trial = Trial(rule)
    for events in wake_ups(BAD, name, 300):
        order, span = order_and_span(events)
        for leeway in LEEWAYS:
            lived = signs_out(rule, endless(leeway), events)
            assert trial.signs_out(leeway, events, order, span) is lived


def test_the_explorer_finds_the_shortest_way() -> None:
    """A broken promise is reported by the shortest run that leads to it."""
    moves: dict[int, list[tuple[str, int | None]]]
    moves = {0: [("on", 1), ("far", 3)], 1: [("on", 2)], 2: [("break", None)], 3: [("far", 4)], 4: []}
    assert explore([0], moves.__getitem__).trace == ("on", "on", "break")


def test_a_counted_cycle_is_endless() -> None:
    """A cycle that holds a counted arc counts for ever, one without does not, a path counts its arcs."""
    path = [[(1, True)], [(2, False)], [(3, True)], []]
    assert most_counted(path) == [2, 1, 1, 0]
    assert most_counted([[(1, False)], [(0, False), (2, True)], []]) == [1, 1, 0]
    assert most_counted([[(1, True)], [(0, False)]]) == [inf, inf]
    assert components([[(1, True)], [(0, False)], [(0, False)]]) == [0, 0, 1]


def test_dense_time_passes_through_every_order() -> None:
    """Clocks with fractions reach whole ticks in the order of their fractions, then move on together."""
    assert elapse([5, 1, 2], grain=5, cap=50) == [6, 2, 3]
    assert elapse([6, 2, 3], grain=5, cap=50) == [6, 2, 5]
    assert elapse([50, 3], grain=5, cap=50) == [50, 5]
    assert settle([5, 3, 12], grain=5, cap=50) == [5, 2, 11]


def test_a_token_is_known_by_what_it_is_to_the_session() -> None:
    """After Recover the token that was current is old, and the parent is still the parent."""
    answer = Server(decide, 10).answer(alike(parent=True, age=10), PARENT)
    assert answer.verdict is Verdict.RECOVER
    assert (answer.renamed[CURRENT], answer.renamed[PARENT], answer.renamed[OLD]) == (OLD, PARENT, OLD)


def test_a_part_of_the_page_is_replaced_whole() -> None:
    """Writing a part leaves everything around it as it was."""
    page = "before\n<!-- a -->\nold\n<!-- /a -->\nafter\n"
    assert with_parts(page, {"a": "new"}) == page.replace("old", "new")
    assert part(page, "a") == "old"


def test_what_is_long_is_there() -> None:
    """No name of a long exploration is out of date, and twelve faults are seeded in every run."""
    assert set(QUICK_BOUNDS) >= LONG_BOUNDS
    assert QUICK_WORLDS.keys() >= LONG_WORLDS
    assert SUCCESSIONS.keys() >= LONG_SUCCESSIONS
    assert PROMISES.keys() >= LONG_PROMISES
    assert FAULTS.keys() >= LONG_FAULTS
    assert len(FAULTS.keys() - LONG_FAULTS) >= 12
