"""The mutants of a module: its source with one change, for every change of every node.

Not changed is what says nothing of behaviour: annotations, docstrings, imports, what is for the type checker
only, and the sentence of an error.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .operators import changes

ANNOTATIONS = {"annotation", "returns"}


@dataclass(frozen=True)
class Mutant:
    """A changed source: of which module, at which line, in which function or class, what was changed."""

    module: str
    line: int
    where: str
    in_function: bool
    change: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """By what it is known, also when the lines have moved."""
        return self.module, self.where, self.change


@dataclass(frozen=True)
class Scope:
    """The function or class around a node, by its dotted name; what is inside a function goes by its name."""

    name: str = ""
    is_function: bool = False

    def entered(self, node: ast.AST) -> Scope:
        """The scope below ``node``."""
        if self.is_function or not isinstance(node, ast.FunctionDef | ast.ClassDef):
            return self
        return Scope(f"{self.name}.{node.name}".strip("."), isinstance(node, ast.FunctionDef))


@dataclass(frozen=True)
class Place:
    """A node as its parent has it; ``line`` is where to look."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    scope: Scope
    line: int

    def put(self, node: ast.AST) -> None:
        """Put another node here."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """The mutants of a source; where a function has the same change twice they are numbered."""
    tree, seen = ast.parse(source), Counter[tuple[Scope, str]]()
    for place in list(places(tree)):
        for changed, words in changes(place.node, place.field):
            seen[place.scope, words] += 1
            time = seen[place.scope, words]
            change = " ".join((words if time == 1 else f"{words} ({time})").split())
            place.put(changed)
            mutated = ast.unparse(tree)
            place.put(place.node)
            yield Mutant(module, place.line, place.scope.name, place.scope.is_function, change, mutated)


def places(node: ast.AST, scope: Scope = Scope(), line: int = 1) -> Iterator[Place]:
    """Every node below that may be changed, from the top down."""
    for field, index, child in _children(node):
        at = getattr(child, "lineno", line)
        yield Place(node, field, index, child, scope, at)
        if not isinstance(child, ast.Raise):  # an error's sentence is for a person
            yield from places(child, scope.entered(child), at)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if field in ANNOTATIONS:
            continue
        several = isinstance(value, list)
        for index, child in enumerate(value if several else [value]):
            for_types = field == "args" and index == 0 and _is_call_of(node, "cast")
            if isinstance(child, ast.AST) and not for_types and not _is_left_alone(child):
                yield field, index if several else None, child


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(ast.Constant(str())):
            return True
        case ast.If(ast.Name("TYPE_CHECKING")):
            return True
        case ast.Assign(value=ast.Subscript(ast.Name("tuple" | "Literal"))):
            return True  # the name of a type
    return False


def _is_call_of(node: Any, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
