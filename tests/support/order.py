"""Which tests stay together when several processes share the work."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # has no types

SERVED = PurePosixPath("tests/e2e")


class Together(LoadScopeScheduling):  # type: ignore[misc]  # for want of types
    """Tests that share a running server, or a browser, go to one process; all others where there is room.

    The largest groups start first. (What xdist offers for this, ``--dist loadgroup``, does nothing with this
    pytest: the node id that it changes is not the one that is read.)
    """

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.partition("::")[0])
        if SERVED not in path.parents:
            return nodeid
        return str(path if path.parent == SERVED else SERVED)
