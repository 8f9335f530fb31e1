"""The fenced blocks of the README and the pages in docs/, each with a role that says how to run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass(frozen=True)
class Block:
    """A fenced block: ````` ```language role ````` on ``line`` of its page, and the text in it."""

    language: str
    role: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [_block(token) for token in MarkdownIt().parse(page.read_text()) if token.type == "fence"]


def module_of(page: Path, *files: str) -> Any:
    """The one module that the blocks of a page make of these files, with the product of this checkout."""
    source = "".join(block.text for block in blocks_of(page) if block.role in files)
    module = ModuleType("_".join((page.stem, *(Path(file).stem for file in files))))
    source = source.replace("flask_ratchet", "app.auth")
    exec(compile(source, files[-1], "exec"), vars(module))  # noqa: S102  # the page is ours
    return module


def _block(token: Token) -> Block:
    language, _, role = token.info.partition(" ")
    first_line, _ = token.map or (0, 0)
    return Block(language, role, token.content, first_line + 1)
