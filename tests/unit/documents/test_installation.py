"""A reader who has installed nothing but the package is told what else the code of a page needs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from docs.generator import DOCS, ROOT
from tests.support.product.documents import blocks_of

ABOUT_OTHERS = {"beside.md", "clients.md"}
"""Each section of these pages is about a library that it names."""

PAGES = [ROOT / "README.md", *(page for page in sorted(DOCS.glob("*.md")) if page.name not in ABOUT_OTHERS)]
NAME = re.compile(r"^[\w.-]+", re.MULTILINE)
INSTALLED = re.compile(r"pip install '?([\w.-]+)(?:\[(\w+)\])?")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_how_to_install_what_it_imports(page: Path) -> None:
    """By a ``pip install`` of the package itself, or of one of our extras that brings it."""
    needed = {
        packages_distributions()[name][0].lower().replace("_", "-") for name in set(foreign_imports(page))
    }
    assert needed - brought_by_ratchet() - set(named_to_install(page)) == set()


def foreign_imports(page: Path) -> Iterator[str]:
    """The packages that the Python of a page imports and does not write."""
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    own = {Path(block.role).stem for block in blocks} | {"flask_ratchet"}
    for block in blocks:
        for node in ast.walk(ast.parse(block.text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            yield from {name.partition(".")[0] for name in names} - own - sys.stdlib_module_names


def brought_by_ratchet() -> set[str]:
    """What ``pip install flask-ratchet`` installs by name, and what Flask brings."""
    by_flask = "\n".join(requires("flask") or []).lower()
    return set(NAME.findall(package()["options"]["install_requires"] + "\n" + by_flask))


def named_to_install(page: Path) -> Iterator[str]:
    """The packages of each ``pip install`` on a page, those of our extras included."""
    extras = package()["options.extras_require"]
    for name, extra in INSTALLED.findall(page.read_text()):
        yield name
        yield from NAME.findall(extras[extra]) if name == "flask-ratchet" else ()


def package() -> ConfigParser:
    """setup.cfg."""
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser
