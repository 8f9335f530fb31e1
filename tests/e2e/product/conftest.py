"""What the tests of the product share: the package as it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.product.wheels import build_wheel, unpack


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder a stranger's Python finds flask_ratchet in, unpacked from the wheel."""
    folder = tmp_path_factory.mktemp("packages")
    return unpack(build_wheel(folder), folder / "unpacked")
