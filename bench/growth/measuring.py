"""What is measured in one table, step by step, and what of it the page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from .report import Column
from .trial import Numbers, Phase, Table

ASKED = 20_000
"""Questions for ended sessions."""


def measured(table: Table, numbers: Numbers, show: Callable[[str], object]) -> Column:
    """The figures of one table, which is as it was filled."""
    heap, beside, indexes = table.bytes_per_user()
    users = table.some(numbers.cold + numbers.warm)
    first, rest = users[: numbers.cold], users[numbers.cold :]
    table.site.take_tokens(users)
    table.restart_cold()
    show("refreshes, with nothing in memory")
    cold = table.phase(first, table.site.refresh)
    show("refreshes, to fill the memory")
    table.phase(rest, table.site.refresh)
    show("refreshes, after a checkpoint")
    warm = table.phase(rest, table.site.refresh, checkpoint=True)
    show("refreshes, each page again")
    again = table.phase(rest, table.site.refresh)
    show("sign-outs")
    quiet = _asked(table)
    leaving = rest[: numbers.ended]
    table.staying = [user for user in rest if user not in leaving]
    ended = table.phase(leaving, table.site.end)
    busy = _asked(table)
    figures = {
        "bytes of the table, each user": heap,
        "bytes beside the table (TOAST), each user": beside,
        "bytes of the indexes, each user": indexes,
        "µs a refresh takes, median, cache empty": cold.median,
        "µs a refresh takes, 99 of 100, cache empty": cold.p99,
        "µs of processor time a refresh, site": again.worked,
        "µs of processor time a refresh, server": again.answered,
        "µs of processor time a refresh, server, with checkpoints and vacuum": again.served,
        "bytes of log a refresh, without page images": again.log,
        "bytes of page images a refresh, each page a second time": again.images,
        "bytes of page images a refresh, right after a checkpoint": warm.images,
        "entries written to indexes, a refresh": again.index_writes,
        "percent of refreshes that write to no index": 100 * again.hot_share,
        "percent of sign-outs that write to no index": 100 * ended.hot_share,
        "entries written to indexes, a sign-out": ended.index_writes,
        "bytes the table grows by, a refresh": again.grown / len(again.spent),
        "dead rows, for 100 refreshes": 100 * again.dead / len(again.spent),
        "µs of processor time a question, nobody signed out, server": quiet.answered,
        "µs of processor time a question, a sign-out every second, server": busy.answered,
    }
    return Column(table.users, figures, table.plan(), table.unknown(), table.version())


def side_by_side(one: Table, other: Table) -> Iterator[Mapping[str, float]]:
    """How long refreshes take in two tables, one here and one there, so that other programs disturb both."""
    phases = Phase(), Phase()
    for users in zip(one.staying, other.staying, strict=False):
        for table, phase, user in zip((one, other), phases, users, strict=True):
            phase.spent.append(table.site.refresh(user))
    for phase in phases:
        yield {"µs a refresh takes, median": phase.median, "µs a refresh takes, 99 of 100": phase.p99}


def _asked(table: Table) -> Phase:
    """The question for ended sessions, as the processes of a large site ask it."""
    return table.phase(list(range(ASKED)), lambda _: table.site.ask())
