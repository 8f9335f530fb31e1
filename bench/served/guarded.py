"""The guarded view of every site, asked alternately."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat

from tests.campaigns import progress

from .stage import Figures, Stage, spent
from .subjects import VIEWS


def guarded(stage: Stage, rounds: int, batch: int) -> dict[str, Figures]:
    """Every view by name; the first round only warms up."""
    measured = {view.name: Figures.none() for view in VIEWS}
    tokens = presented(stage)
    for number in range(rounds + 1):
        for view in VIEWS:
            progress.show(f"guarded views: round {number} of {rounds}, {view.name}")
            requests = [view.request(token) for token in islice(tokens[view.name], batch)]
            took = spent(stage.running[view.site], requests)
            if number:
                measured[view.name].add(took)
    return measured


def presented(stage: Stage) -> dict[str, Iterator[str]]:
    """The tokens that each view is asked with: always the first one, or each of the others once."""
    first = {site: served.tokens["access"][0] for site, served in stage.running.items()}
    others = {site: iter(served.tokens["access"][1:]) for site, served in stage.running.items()}
    return {view.name: repeat(first[view.site]) if view.seen else others[view.site] for view in VIEWS}


def tokens_needed(rounds: int, batch: int) -> int:
    """How many access tokens a site must have."""
    return 1 + (rounds + 1) * batch * sum(not view.seen for view in VIEWS)
