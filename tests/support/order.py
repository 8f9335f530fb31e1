"""Which tests stay together when several processes share the work."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # has no types

SERVED = PurePosixPath("tests/e2e")
CHROMIUM = {SERVED / "client", SERVED / "pages"}


class Together(LoadScopeScheduling):  # type: ignore[misc]  # for want of types
    """Tests of a file that share a running server go to one process, all with a Chromium to one, too.

    All others go where there is room. The largest groups start first, so the short tests fill what the long
    ones leave over at the end. (What xdist offers for this, ``--dist loadgroup``, does nothing with this
    pytest: the node id that it changes is not the one that is read.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The tests that stay in one process with this one, by a name of their group."""
    path = PurePosixPath(nodeid.partition("::")[0])
    if SERVED not in path.parents:
        return nodeid
    return "chromium" if path.parent in CHROMIUM else str(path)
