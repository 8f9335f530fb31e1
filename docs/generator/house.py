"""The house: the packages and modules of app/auth on their floors, by the contracts in setup.cfg."""

from __future__ import annotations

import ast
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import PRODUCT, ROOT
from .parts import markdown

CONTRACT = "importlinter:contract:"
WEB = {"flask", "werkzeug"}
SQL = {"sqlalchemy"}


@dataclass(frozen=True)
class Module:
    """A module of the product, by its dotted name below app.auth: ``web.cookies``."""

    path: str

    @property
    def name(self) -> str:
        """Its name within its package."""
        return self.path.rpartition(".")[2]

    @cached_property
    def purpose(self) -> str:
        """The first paragraph of its docstring."""
        return _purpose(self._tree)

    @cached_property
    def kind(self) -> str:
        """What it knows of the world outside, by its imports: ``web``, ``sql`` or ``plain``."""
        known = {name.partition(".")[0] for name in self._imports}
        return "sql" if known & SQL else "web" if known & WEB else "plain"

    @property
    def _imports(self) -> list[str]:
        nodes = list(ast.walk(self._tree))
        plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        return plain + [
            node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
        ]

    @cached_property
    def _tree(self) -> ast.Module:
        return _parsed(PRODUCT / f"{self.path.replace('.', '/')}.py")


@dataclass(frozen=True)
class Room:
    """A package with its modules by layer, or a module that is in no package; from the top down."""

    name: str
    layers: tuple[tuple[Module, ...], ...]

    @property
    def is_package(self) -> bool:
        """Whether it is a folder."""
        return (PRODUCT / self.name).is_dir()

    @property
    def modules(self) -> list[Module]:
        """All its modules."""
        return [module for layer in self.layers for module in layer]

    @property
    def purpose(self) -> str:
        """The first paragraph of its docstring."""
        if not self.is_package:
            return self.modules[0].purpose
        return _purpose(_parsed(PRODUCT / self.name / "__init__.py"))


def floors() -> list[list[Room]]:
    """The rooms on each floor, from the top to the ground."""
    contracts = ConfigParser()
    contracts.read(ROOT / "setup.cfg")
    return [[_room(name, contracts) for name in layer] for layer in _layers("packages", contracts)]


def table() -> str:
    """The rooms from the top to the ground, each with its modules and what they are for."""
    rows = []
    for number, rooms in zip(range(len(floors()) - 1, -1, -1), floors(), strict=True):
        for room in rooms:
            rows.append((str(number), f"**{room.name}**", "", room.purpose))
            if room.is_package:
                rows += [("", "", f"`{module.name}`", module.purpose) for module in room.modules]
    return markdown(("floor", "package", "module", "what it is for"), rows)


def _room(name: str, contracts: ConfigParser) -> Room:
    if f"{CONTRACT}{name}" not in contracts:
        return Room(name, ((Module(name),),))
    layers = _layers(name, contracts)
    return Room(name, tuple(tuple(Module(f"{name}.{module}") for module in layer) for layer in layers))


def _layers(contract: str, contracts: ConfigParser) -> list[list[str]]:
    lines = contracts[f"{CONTRACT}{contract}"]["layers"].split("\n")
    return [[name.strip() for name in line.split("|")] for line in lines if line]


def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _purpose(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
