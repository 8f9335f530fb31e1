"""The refreshes of every site, alternately, the floor first, and what they leave in the database."""

from __future__ import annotations

import time
from typing import NamedTuple

from sqlalchemy import create_engine, text

from tests.campaigns import progress

from .stage import Figures, Spent, Stage, spent
from .subjects import LEEWAY_SECONDS, REFRESHES, SHORT, Refresh, Site

BYTES = {
    "sqlite": (
        "VACUUM",
        "SELECT page_count * page_size, page_size FROM pragma_page_count, pragma_page_size",
    ),
    "postgresql": (
        "VACUUM FULL",
        """SELECT sum(pg_total_relation_size(oid)), current_setting('block_size')::int FROM pg_class
           WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace""",
    ),
}
"""How the dead rows are taken out of a database, and how large it is then, and a page of it."""


WARM_UPS = 3


class Kept(NamedTuple):
    """How much a database has grown by so many refreshes; a page is the least that can be seen."""

    grown: int
    refreshes: int
    page: int

    @property
    def per_refresh(self) -> float:
        """Bytes for each refresh; one page more or less is none."""
        return self.grown / self.refreshes if abs(self.grown) > self.page else 0.0


class Chains:
    """The sessions that one kind of refresh is measured with, each with the token that is next."""

    def __init__(self, stage: Stage, refresh: Refresh, sessions: int) -> None:
        self._server, self._refresh = stage.running[refresh.site], refresh
        self._tokens = self._server.tokens[refresh.delivery][:sessions]
        self._rotated = 0.0

    def warm_up(self) -> None:
        """Open the connection of each thread of the site, and bring every session past its first refresh."""
        for _ in range(WARM_UPS):
            self._present()

    def measure(self) -> Spent:
        """Refresh every session once; RuntimeError where the verdict is not the one that is measured."""
        if self._refresh.repeats:
            self._present()  # may rotate; what follows at once cannot
        elif self._refresh.site is SHORT:
            time.sleep(max(0.0, self._rotated + LEEWAY_SECONDS - time.monotonic()))
        before = self._tokens
        took = self._present()
        kept = sum(old == new for old, new in zip(before, self._tokens, strict=True))
        if kept != len(before) * self._refresh.repeats:
            raise RuntimeError(f"{self._refresh.name}: {kept} of {len(before)} tokens were given again")
        return took

    def _present(self) -> Spent:
        took = spent(self._server, [self._refresh.request(token) for token in self._tokens])
        self._rotated = time.monotonic()
        self._tokens = [self._refresh.renewed(reply) for reply in took.replies]
        self._server.tokens[self._refresh.delivery][: len(self._tokens)] = self._tokens
        return took


def renewing(stage: Stage, rounds: int, sessions: int) -> tuple[dict[str, Figures], dict[Site, Kept]]:
    """Every refresh by name, and what the sites keep; what warms up counts for neither."""
    measured = {refresh.name: Figures.none() for refresh in REFRESHES}
    chains = {refresh.name: Chains(stage, refresh, sessions) for refresh in REFRESHES}
    for one in chains.values():
        one.warm_up()
    before = sizes(stage)
    for number in range(1, rounds + 1):
        for name, one in chains.items():
            progress.show(f"refreshes on {stage.kind}: round {number} of {rounds}, {name}")
            measured[name].add(one.measure())
    return measured, kept(before, sizes(stage), rounds * sessions)


def sizes(stage: Stage) -> dict[Site, tuple[int, int]]:
    """The bytes of each site's database without dead rows, and of a page; none of a kind that cannot tell."""
    return {site: _size(url, *BYTES[stage.kind]) for site, url in stage.urls.items() if stage.kind in BYTES}


def _size(url: str, clean: str, ask: str) -> tuple[int, int]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(clean))
        size, page = connection.execute(text(ask)).one()
    engine.dispose()
    return int(size), int(page)


def kept(
    before: dict[Site, tuple[int, int]], after: dict[Site, tuple[int, int]], refreshes: int
) -> dict[Site, Kept]:
    """The growth of each site that rotated; ``refreshes`` is how many there were of each kind."""
    kinds = {site: [one for one in REFRESHES if one.site == site and not one.repeats] for site in before}
    return {
        site: Kept(after[site][0] - before[site][0], refreshes * len(rotating), after[site][1])
        for site, rotating in kinds.items()
        if rotating
    }
