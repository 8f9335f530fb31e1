"""Clocks that jump, and nodes whose clocks differ: rotation signs nobody out."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import databases
from tests.support.browser import REFRESH_COOKIE

from ...support.peers.caller import Client
from ...support.peers.insistent import Insistent, check_promise
from ...support.peers.promise import check_one_branch
from ...support.server.servers import server
from ...support.server.stage import Stage, looking_on, own_database
from ...support.server.wrong_clock import WrongClock

pytestmark = pytest.mark.long

BROWSERS = 4
ROUNDS = 5
PAST_THE_LEEWAY = 40.0
"""Seconds; also on the clock of the node that is behind."""

HOUR = 3600.0


@dataclass(frozen=True)
class Nodes:
    """Two servers on one database, each with a clock of its own."""

    first: Stage
    second: Stage
    clocks: tuple[WrongClock, WrongClock]

    def advance(self, seconds: float) -> None:
        """Time goes by, on both."""
        for clock in self.clocks:
            clock.advance(seconds)


@pytest.fixture(scope="module", params=databases.KINDS)
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """The site on two nodes, with the default leeway."""
    folder: Path = tmp_path_factory.mktemp("clocks")
    clocks = WrongClock(folder / "first"), WrongClock(folder / "second")
    with (
        own_database(request.param, "clocks", folder) as url,
        server(url, workers=1, threads=4, **clocks[0].environment) as first,
        server(url, workers=1, threads=4, **clocks[1].environment) as second,
        looking_on(url, folder) as site,
    ):
        yield Nodes(Stage(url, first, site), Stage(url, second, site), clocks)


@pytest.mark.parametrize(
    "jumps",
    [
        pytest.param([-1.0], id="one second back"),
        pytest.param([HOUR, -HOUR], id="an hour ahead and back"),
        pytest.param([-HOUR, HOUR], id="an hour back and ahead"),
    ],
)
def test_clock_that_jumps_signs_nobody_out(nodes: Nodes, jumps: list[float]) -> None:
    """Right after every jump the browser refreshes, and what it gets opens the site."""
    browsers = [Insistent(person, nodes.first.base_url) for person in nodes.first.people(BROWSERS)]
    for jump in [0.0, *jumps]:
        nodes.clocks[0].advance(jump)
        check_promise(nodes.first.site, browsers)
        assert [browser.opens() for browser in browsers] == [200] * BROWSERS
    nodes.clocks[0].advance(-sum(jumps))


@pytest.mark.parametrize("apart", [pytest.param(3.0, id="three seconds"), pytest.param(-5.0, id="five back")])
def test_two_nodes_a_few_seconds_apart_hand_out_one_successor(nodes: Nodes, apart: float) -> None:
    """Two tabs present one token at both nodes at once: they get the same token, whoever is ahead."""
    nodes.clocks[1].advance(apart)
    people = nodes.first.people(BROWSERS)
    received = [[person.cookie] for person in people]
    with ThreadPoolExecutor(2 * BROWSERS) as tabs:
        for _ in range(ROUNDS):
            nodes.advance(PAST_THE_LEEWAY)
            for tokens in received:
                asked = [
                    tabs.submit(successor, node.base_url, tokens[-1]) for node in (nodes.first, nodes.second)
                ]
                one, other = (tab.result() for tab in asked)
                assert one == other != tokens[-1]
                tokens.append(one)
    for person, tokens in zip(people, received, strict=True):
        check_one_branch(nodes.first.site, person.subject, tokens)
    nodes.clocks[1].advance(-apart)


def successor(base_url: str, cookie: str) -> str:
    """What a tab is handed for this refresh cookie."""
    tab = Client(base_url)
    tab.cookies[REFRESH_COOKIE] = cookie
    reply = tab.refresh()
    assert reply.status == 200, reply.verdict
    return tab.cookies[REFRESH_COOKIE]
