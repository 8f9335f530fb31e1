"""A process becomes a mutant: one function is replaced in place, or the whole module is imported anew."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from docs.generator import PRODUCT

from .mutants import Mutant

PACKAGE = "app.auth"
OURS = {"app", "tests"}


def source_of(module: str) -> Path:
    """The file of a module of the product, such as ``web.origin``."""
    return PRODUCT / path_of(module)


def path_of(module: str) -> str:
    """Where the file of a module is in the folder of the product: ``web/origin.py``."""
    return f"{module.replace('.', '/')}.py"


def graft(mutant: Mutant) -> None:
    """Give the one function that differs its changed code, for everybody who holds it."""
    module = vars(sys.modules[f"{PACKAGE}.{mutant.module}"])
    changed = dict(module)
    exec(_compiled(mutant), changed)  # noqa: S102  # the project's own code, with one change
    old, new = _function(module, mutant.where), _function(changed, mutant.where)
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def supplant(mutant: Mutant) -> None:
    """Forget all our modules, so that they are imported anew around the mutant."""
    for name in list(sys.modules):
        if name.partition(".")[0] in OURS:
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant))


def _compiled(mutant: Mutant) -> CodeType:
    return compile(mutant.source, f"<mutant of {mutant.module}>", "exec")


def _function(names: Mapping[str, Any], where: str) -> FunctionType:
    first, *rest = where.split(".")
    found = names[first]
    for name in rest:
        found = vars(found)[name]
    function: FunctionType = getattr(found, "func", found)  # of a cached property
    return function


class _Finder(MetaPathFinder):
    """Finds the mutant in the place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._name, self._path = f"{PACKAGE}.{mutant.module}", source_of(mutant.module)
        self._loader = _Loader(self._name, str(self._path))
        self._loader.code = _compiled(mutant)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where the module comes from; None for every other one."""
        del path, target
        if fullname != self._name:
            return None
        return spec_from_file_location(fullname, self._path, loader=self._loader)


class _Loader(SourceFileLoader):
    """Loads code that is there already."""

    code: CodeType

    def get_code(self, fullname: str) -> CodeType:
        """The code of the mutant."""
        del fullname
        return self.code
