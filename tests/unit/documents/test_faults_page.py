"""The page about faults names tests that there are."""

from __future__ import annotations

import re

from tests.support import ROOT

NAMED = re.compile(r"`(test_\w+)`")
CLAIM = re.compile(r"^def (test_\w+)", re.MULTILINE)
SHOWN = ("test_faults_*.py", "test_races*.py", "test_live_migration.py")


def test_page_names_every_test_of_a_fault_and_no_other() -> None:
    """Each row of docs/faults.md is shown by a test, and each such test has its row."""
    page = (ROOT / "docs" / "faults.md").read_text()
    sources = [path for pattern in SHOWN for path in (ROOT / "tests" / "e2e").glob(pattern)]
    claims = {claim for path in sources for claim in CLAIM.findall(path.read_text())}
    assert set(NAMED.findall(page)) == claims - {test_page_names_every_test_of_a_fault_and_no_other.__name__}
