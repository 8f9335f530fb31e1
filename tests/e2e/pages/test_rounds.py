"""Without script, whatever a clumsy person and a bad network do to a page: it ends signed in."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Error

from tests.campaigns.counts import count
from tests.support.chromium.tabs import eventually
from tests.support.chromium.visitor import MakeVisitor
from tests.support.server.tcp_proxy import Fate

from ...support.chromium.visitor import Visitor

CONTINUE = "GET /auth/continue?next=%2Fpanel"


@pytest.mark.parametrize(
    ("fate", "rounds"),
    [
        pytest.param(Fate.CUT, count(5, 17), id="the request is lost"),
        pytest.param(Fate.CUT_BEHIND, count(5, 17), id="the connection dies while the server works"),
        pytest.param(Fate.LOSE_ANSWER, count(5, 16), id="the answer is lost"),
    ],
)
def test_clumsy_rounds(make_visitor: MakeVisitor, name: str, fate: Fate, rounds: int) -> None:
    """Killing the connection in mid-renewal, double reload, back and forward: signed in, every time."""
    visitor = make_visitor(java_script_enabled=False)
    visitor.enter(name)
    visitor.open("/stranger?to=/panel")
    for _ in range(rounds):
        before = visitor.token
        visitor.wait()
        fumble(visitor, fate)
        visitor.until_shown("inside")
        assert (visitor.path, visitor.token == before) == ("/panel", False)


def fumble(visitor: Visitor, fate: Fate) -> None:
    """Open a page whose renewal is lost, reload it twice, then go back and forward."""
    asked = len(visitor.wire.asked(CONTINUE))
    with visitor.wire.losing(CONTINUE, fate), suppress(Error):  # Chromium's own page for a lost connection
        visitor.page.goto(visitor.address("/panel"))
    assert len(visitor.wire.asked(CONTINUE)) > asked
    visitor.reload()
    visitor.reload()
    visitor.until_shown("inside")
    visitor.go(-1)
    eventually(lambda: visitor.path != "/panel")
    visitor.go(1)
