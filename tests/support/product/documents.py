"""The fenced blocks of the README and the pages in docs/, each with a role that says how to run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


def _block(token: Token) -> Block:
    language, _, role = token.info.partition(" ")
    first_line, _ = token.map or (0, 0)
    return Block(language, role, token.content, first_line + 1)
