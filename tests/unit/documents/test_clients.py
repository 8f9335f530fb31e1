"""docs/clients.md: no snippet of it is left to itself."""

from __future__ import annotations

import pytest

from tests.support import ROOT

from ...support.product.documents import Block, blocks_of

TESTS = [*(ROOT / "tests/e2e/client/others").glob("*.py"), *(ROOT / "tests/e2e/product/clients").glob("*.py")]


@pytest.mark.parametrize("block", blocks_of(ROOT / "docs" / "clients.md"), ids=lambda block: block.role)
def test_every_snippet_is_run_by_a_test(block: Block) -> None:
    """A test of the clients names it."""
    assert any(f'"{block.role}' in test.read_text() for test in TESTS), block.role
