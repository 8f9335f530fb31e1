"""The campaign of three nodes: what its ledger counts, what its bounds are, and how its table looks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from docs.generator.parts import part
from tests.campaigns.nodes import page
from tests.campaigns.nodes.ledger import HEAD, RECOVERY, NodesLedger, Outages
from tests.campaigns.nodes.phases import PHASES
from tests.campaigns.nodes.plan import NodesPlan
from tests.campaigns.soak import exchange
from tests.campaigns.soak.browsers import SoakBrowser
from tests.campaigns.soak.exchange import SoakReply
from tests.campaigns.soak.ledger import Theft
from tests.campaigns.soak.plan import Plan
from tests.support.server.nginx import free_port


@pytest.fixture
def ledger() -> NodesLedger:
    """A ledger of two phases: in the first one nothing is wrong, in the second a browser is signed out."""
    made = NodesLedger()
    with made.phase("calm"):
        made.took(0.1)
        made.add("refreshes")
        made.close(Theft(found=True, hand_overs=1, delay=2.0))
    with made.phase("storm"):
        made.took(0.1)
        made.add("refreshes")
        made.add("cut connections")
        made.add("false sign-outs", "ada got 401")
    return made


def cells(ledger: NodesLedger, column: str) -> list[str]:
    """What is in a column of the closing table."""
    return [row[HEAD.index(column)] for row in ledger.table_rows()]


@pytest.mark.parametrize(
    ("column", "found"),
    [
        pytest.param("while", ["calm", "storm", "all of it"], id="a row for each phase and one for all"),
        pytest.param("requests", ["1", "2", "3"], id="a cut connection was a request"),
        pytest.param("refreshes", ["1", "1", "2"], id="refreshes"),
        pytest.param("false sign-outs", ["0", "1", "1"], id="false sign-outs"),
        pytest.param("thefts", ["1", "0", "1"], id="thefts"),
        pytest.param("found", ["1", "0", "1"], id="thefts that were found"),
    ],
)
def test_each_phase_has_its_own_counts(ledger: NodesLedger, column: str, found: list[str]) -> None:
    """What happened in one phase is not in the row of another."""
    assert cells(ledger, column) == found


def test_an_oddity_names_its_phase(ledger: NodesLedger) -> None:
    """So that it can be looked for there."""
    assert ledger.oddities == ["false sign-outs: ada got 401 (storm)"]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        pytest.param("false sign-outs", "2 honest browsers signed out", id="a false sign-out"),
        pytest.param("late sign-outs", "1 sign-outs took longer than a second", id="a late sign-out"),
        pytest.param("sign-outs undone", "1 sessions were back after a sign-out", id="a sign-out undone"),
        pytest.param(
            "writes to the old primary", "1 times the old primary was written to", id="two primaries"
        ),
    ],
)
def test_what_does_not_hold_is_told(ledger: NodesLedger, what: str, told: str) -> None:
    """Each row is one thing that happens once, and what is said of it."""
    ledger.add(what)
    assert told in ledger.broken


def test_a_phase_in_which_nobody_is_served_is_told(ledger: NodesLedger) -> None:
    """A site that is away all the time signs nobody out, and that is no success."""
    with ledger.phase("away"):
        ledger.add("503")
    assert "no refreshes in the phase: away" in ledger.broken


def test_the_longest_time_without_service_is_that_between_two_answers() -> None:
    """A time that is still running when the phase ends counts too."""
    ledger = NodesLedger()
    with ledger.phase("away"):
        ledger.add("refreshes")
        time.sleep(0.05)
        ledger.add("503")
    (phase,) = ledger.phases
    assert 0.05 <= phase.longest_gap < 5


@pytest.mark.parametrize(
    ("since", "until", "touched"),
    [
        pytest.param(-2.0, -1.0, False, id="over before it began"),
        pytest.param(-1.0, 0.5, True, id="it began meanwhile"),
        pytest.param(RECOVERY / 2, RECOVERY, True, id="while the nodes ask again"),
        pytest.param(RECOVERY + 1, RECOVERY + 2, False, id="after the nodes have asked again"),
    ],
)
def test_an_outage_excuses_what_it_touches(since: float, until: float, *, touched: bool) -> None:
    """Each row is a span, in seconds after an outage that was short, and whether it touched it."""
    outages = Outages()
    began = time.monotonic()
    with outages.one():
        pass
    assert outages.touch(began + since, began + until) == touched


def test_an_outage_that_goes_on_excuses_what_happens_now() -> None:
    """Also before anybody knows how long it takes."""
    outages = Outages()
    with outages.one():
        assert outages.touch(time.monotonic(), time.monotonic() + 1)


@pytest.mark.parametrize(
    ("skew", "bound", "apart"), [(0, 4, 13.2), (2, 3, 15.2)], ids=["one clock", "two seconds apart"]
)
def test_clocks_that_differ_cost_half_of_the_difference(skew: float, bound: float, apart: float) -> None:
    """The bound of docs/proof.md; thief and victim are a leeway apart by any clock."""
    plan = NodesPlan("", 1, leeway=12, skew=skew)
    assert (plan.bound, plan.apart) == pytest.approx((bound, apart))


def test_a_single_node_has_one_clock() -> None:
    """The bound of the soak is a third of its leeway."""
    assert Plan("", 1, leeway=3).bound == 1


@pytest.mark.parametrize(
    ("reply", "well"),
    [
        pytest.param(SoakReply(503, "unavailable", {}, "1"), True, id="as it is promised"),
        pytest.param(SoakReply(503, "unavailable", {}), False, id="without Retry-After"),
        pytest.param(SoakReply(503, "unavailable", {"refreshToken": ""}, "1"), False, id="clears a cookie"),
        pytest.param(SoakReply(502, "", {}, "1"), False, id="another status"),
    ],
)
def test_what_a_fault_has_to_say(reply: SoakReply, *, well: bool) -> None:
    """Each row is a reply, and whether docs/faults.md promises that."""
    assert reply.is_fault_told_well == well


def test_a_site_that_is_gone_for_good_ends_the_run(
    ledger: NodesLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser does not insist for ever; here for no time at all, on a port where nobody listens."""
    monkeypatch.setattr(exchange, "GIVE_UP", 0.05)
    browser = SoakBrowser(NodesPlan("", 1), free_port(), "ada", ledger)
    with pytest.raises(RuntimeError, match="no answer"):
        browser.sign_in()


def test_the_closing_table_is_put_into_its_page(
    ledger: NodesLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its marks; what stands around it stays."""
    copy = tmp_path / "scaling.md"
    copy.write_text("before\n<!-- nodes -->\n<!-- /nodes -->\nafter\n")
    monkeypatch.setattr(page, "PAGE", copy)
    page.write(ledger.table_rows())
    assert part(copy.read_text(), "nodes").splitlines()[2].startswith("| calm | 1 |")
    assert copy.read_text().startswith("before\n")
    assert copy.read_text().endswith("after\n")


def test_the_table_in_the_docs_has_a_row_for_each_phase() -> None:
    """What ``make nodes`` has written is of the phases that there are."""
    rows = part(page.PAGE.read_text(), "nodes").splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [*PHASES, "all of it"]


def test_columns_are_as_wide_as_their_widest_cell(ledger: NodesLedger) -> None:
    """So a cell stands below the name of its column."""
    head, *lines = page.table(ledger.table_rows()).splitlines()
    column = head.index("refreshes")
    assert [line[column - 2 : column + 2].strip() for line in lines] == ["1", "1", "2"]
