"""Six refreshes at once with one token, as six tabs send them: who is answered, and what lives afterwards."""

from __future__ import annotations

from typing import NamedTuple

from tests.campaigns import progress

from .client import exchange
from .server import Serving
from .stage import Stage
from .subjects import AT_ONCE, Refresh

TABS = 6


class Round(NamedTuple):
    """Of six requests: how many succeeded, and how many met an error of the server.

    ``alive`` is whether the token of the last reply works, as a browser has that one. ``branches`` is how
    many of the different tokens that were given work.
    """

    succeeded: int
    broken: int
    alive: bool
    branches: int


def at_once(stage: Stage, rounds: int) -> dict[str, list[Round]]:
    """The rounds of every site, each with a session of its own."""
    measured: dict[str, list[Round]] = {refresh.name: [] for refresh in AT_ONCE}
    for number in range(rounds):
        for refresh in AT_ONCE:
            progress.show(f"six at once on {stage.kind}: round {number + 1} of {rounds}, {refresh.name}")
            server = stage.running[refresh.site]
            token = server.tokens[refresh.delivery][-1 - number]
            measured[refresh.name].append(one_round(server, refresh, token))
    return measured


def one_round(server: Serving, refresh: Refresh, token: str) -> Round:
    """Present the token six times at once, then each token that was given."""
    replies = sorted(exchange(server.port, [refresh.request(token)] * TABS, TABS), key=lambda reply: reply.at)
    given = [refresh.renewed(reply) for reply in replies if reply.status == 200]
    newest_first = dict.fromkeys(reversed(given))
    works = [exchange(server.port, [refresh.request(one)], 1)[0].status == 200 for one in newest_first]
    broken = sum(reply.status >= 500 for reply in replies)
    return Round(len(given), broken, bool(works) and works[0], sum(works))
