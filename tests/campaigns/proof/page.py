"""docs/proof.md and its pictures: the parts between its marks are written by a run."""

from __future__ import annotations

from docs.generator import DOCS

PAGE = DOCS / "proof.md"
PICTURES = DOCS / "pictures"
