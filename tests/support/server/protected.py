"""The configuration of docs/deploying.md for nginx that serves files to those who are signed in."""

from __future__ import annotations

from pathlib import Path

from tests.support import ROOT

from ..product.documents import blocks_of

REPORT = "The report of May"


def protected_files(folder: Path, **changes: str) -> str:
    """The server blocks with the locations, serving ``/reports/may.html`` from ``folder``, with changes."""
    blocks = blocks_of(ROOT / "docs" / "deploying.md")
    servers, *others = (block.text for block in blocks if block.language == "nginx")
    (locations,) = (text for text in others if "auth_request" in text)
    for there, here in (changes | {"root /srv": f"root {_files(folder)}"}).items():
        assert there in locations
        locations = locations.replace(there, here)
    return servers.replace("    location / {", f"{locations}\n    location / {{", 1)


def _files(folder: Path) -> Path:
    """A folder with the file."""
    reports = folder / "files" / "reports"
    reports.mkdir(parents=True)
    (reports / "may.html").write_text(REPORT)
    return reports.parent
