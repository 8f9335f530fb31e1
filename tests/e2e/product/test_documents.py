"""Every command and snippet of the README and of docs/ does what its page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import ROOT

from ...support.product.documents import Block, blocks_of
from ...support.product.playground import Playground

pytestmark = pytest.mark.long

ELSEWHERE = {
    "proof.md": "takes minutes; tests/unit/campaigns/test_proof.py runs the same on a smaller scale",
    "soak.md": "its command takes minutes; tests/e2e/product/test_soak.py runs it for seconds",
    "mutation.md": "takes minutes; tests/unit/campaigns/test_mutation.py has it kill a mutant of a sample",
    "scaling.md": "its commands take minutes and own databases; CI runs a short form of two of them",
    "clients.md": "its snippets run with their clients: tests/e2e/client/others, tests/e2e/product/clients",
    "migrating.md": "builds four sites, each of which tests/integration/migrating moves from its old library",
    "client.md": "its snippets run in a browser; tests/e2e/client drives the client in Chromium",
}
PAGES = [ROOT / "README.md"] + [
    page for page in sorted((ROOT / "docs").glob("*.md")) if page.name not in ELSEWHERE
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_the_page_runs(page: Path, packages: Path, tmp_path: Path) -> None:
    """From the top to the bottom, in one folder, as a reader would."""
    with Playground(tmp_path, packages) as playground:
        for block in blocks_of(page):
            try:
                playground.run(block)
            except Exception as error:
                raise AssertionError(f"{page.name}, line {block.line}") from error


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        pytest.param(Block("bash", "app", "false", 1), "exit 1", id="a command that fails"),
        pytest.param(Block("python", "app.py", "def broken(:", 1), "invalid syntax", id="broken Python"),
        pytest.param(Block("text", "output", "anything", 1), "the page says 'anything'", id="another output"),
        pytest.param(Block("bash", "", "true", 1), "_run_bash_", id="a block without a role"),
    ],
)
def test_a_wrong_block_is_noticed(block: Block, complaint: str, packages: Path, tmp_path: Path) -> None:
    """The playground does not nod everything through."""
    with Playground(tmp_path, packages) as playground, pytest.raises(Exception, match=complaint):
        playground.run(block)
