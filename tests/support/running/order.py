"""Which tests stay together when several processes share the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # has no types

SERVED = PurePosixPath("tests/e2e")
CHROMIUM = {SERVED / "client", SERVED / "pages", SERVED / "device_bound"}


class Together(LoadScopeScheduling):  # type: ignore[misc]  # for want of types
    """Tests of a file that share a running server go to one process, all with a Chromium to one, too.

    All others go where there is room. A test of a server waits more than it computes, so half of the
    processes take those groups, the largest first, and the others compute meanwhile. (What xdist offers for
    this, ``--dist loadgroup``, does nothing with this pytest: the node id that it changes is not the one that
    is read.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: object) -> None:
        elsewhere = [groups for other, groups in self.assigned_work.items() if other is not node]
        wanted = is_server_next(elsewhere)
        group = next((group for group in self.workqueue if is_served(group) == wanted), None)
        if group is not None:
            self.workqueue.move_to_end(group, last=False)
        super()._assign_work_unit(node)


def group_of(nodeid: str) -> str:
    """The tests that stay in one process with this one, by a name of their group."""
    path = PurePosixPath(nodeid.partition("::")[0])
    if SERVED not in path.parents:
        return nodeid
    return "chromium" if path.parent in CHROMIUM else str(path)


def is_served(group: str) -> bool:
    """Whether the tests of this group share a running server or a browser."""
    return "::" not in group


def is_server_next(elsewhere: Sequence[Mapping[str, Mapping[str, bool]]]) -> bool:
    """Whether a process shall take tests of a server next.

    ``elsewhere`` is what the other processes were given: by group, which tests are done.
    """
    serving = sum(
        any(is_served(group) and not all(tests.values()) for group, tests in groups.items())
        for groups in elsewhere
    )
    return serving < max(1, (len(elsewhere) + 1) // 2)
