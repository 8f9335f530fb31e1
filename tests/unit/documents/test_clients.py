"""docs/clients.md and docs/beside.md: no snippet of them is left to itself."""

from __future__ import annotations

import pytest

from tests.support import ROOT

from ...support.product.documents import Block, blocks_of

FOLDERS = {
    "clients.md": ("e2e/client/others", "e2e/product/clients"),
    "beside.md": ("integration/beside",),
}
"""Where the tests of a page are, below tests/."""

SNIPPETS = [(page, block) for page in FOLDERS for block in blocks_of(ROOT / "docs" / page)]


@pytest.mark.parametrize(
    ("page", "block"), [pytest.param(*one, id=f"{one[0]} {one[1].role}") for one in SNIPPETS]
)
def test_every_snippet_is_run_by_a_test(page: str, block: Block) -> None:
    """A test of the page's own names it."""
    tests = [test for folder in FOLDERS[page] for test in (ROOT / "tests" / folder).glob("*.py")]
    assert block.role
    assert any(f'"{block.role}' in test.read_text() for test in tests), block.role
