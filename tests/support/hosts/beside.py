"""Runs the snippets of docs/beside.md in a stranger's app."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from app.auth import current_user
from tests.support import ROOT

from ..product.documents import blocks_of
from .strangers import Stranger

PAGE = ROOT / "docs" / "beside.md"


def import_any(name: str) -> Any:
    """A package without types."""
    return import_module(name)


def run_snippet(stranger: Stranger, name: str) -> dict[str, Any]:
    """Run what the page says under this file name, in the stranger's app; the names that it defines."""
    (block,) = [block for block in blocks_of(PAGE) if block.role == name]
    names = {
        "__name__": "host",
        "app": stranger.app,
        "db": stranger.db,
        "User": stranger.model,
        "ratchet": stranger.ratchet,
        "current_user": current_user,
    }
    exec(compile(block.text, f"{PAGE.name}: {name}", "exec"), names)  # noqa: S102  # a snippet of our own
    return names
