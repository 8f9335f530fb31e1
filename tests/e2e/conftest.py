"""Who works with whom: tests that share a running server or browser stay in one process."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each module together, and each folder: what it starts is started once."""
    for item in items:
        if HERE in item.path.parents:
            together = item.path if item.path.parent == HERE else item.path.parent
            item.add_marker(pytest.mark.xdist_group(together.stem))
