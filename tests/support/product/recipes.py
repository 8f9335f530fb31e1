"""The snippets of docs/client.md that have a role: each runs in a page, a bundle or a service worker."""

from __future__ import annotations

from tests.support import ROOT

from .documents import blocks_of

PAGE = ROOT / "docs" / "client.md"


def recipe(role: str) -> str:
    """The text of the one block with that role."""
    (block,) = (block for block in blocks_of(PAGE) if block.role == role)
    return block.text
