"""The walls of the trees: where tests and helpers stand, how full a folder is, who shares a process."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generator import PRODUCT, ROOT
from docs.generator.house import floors
from tests.support.running.order import group_of, is_server_next

TESTS = ROOT / "tests"
SUPPORT = TESTS / "support"
BESIDE_THE_PRODUCT = {"bench", "campaigns", "documents", "site"}
"""Rooms of tests/unit for what is not in app/auth."""

RUN_BY_HAND = {"galera"}
"""Campaigns that CI leaves out: three database servers and three sites are too much for its two cores."""

MAX_MODULES = 10
MAX_FLOORS = 9


def test_unit_tests_stand_where_the_product_stands() -> None:
    """A folder of unit tests has the name of a package, a file beside them that of a module."""
    folders = {path.parent.name for path in TESTS.glob("unit/*/test_*.py")} - BESIDE_THE_PRODUCT
    assert folders <= {path.parent.name for path in PRODUCT.glob("*/__init__.py")}
    files = {path.stem.removeprefix("test_") for path in TESTS.glob("unit/test_*.py")} - {"tree"}
    assert files <= {path.stem for path in PRODUCT.glob("*.py")}


def test_a_conftest_holds_fixtures_only() -> None:
    """What is not a fixture or a hook of pytest is a helper, and stands in tests/support."""
    for path in TESTS.rglob("conftest.py"):
        assert [name for name, node in defined_in(path) if not is_fixture(node)] == [], path


def test_nobody_imports_from_a_conftest() -> None:
    """Fixtures are asked for by name."""
    imported = [(path, module) for path in TESTS.rglob("*.py") for module in imports_of(path)]
    assert [(path, module) for path, module in imported if module.endswith("conftest")] == []


def test_every_helper_has_one_name() -> None:
    """No two public functions or classes of tests/support have the same name."""
    names = Counter(
        name for path in SUPPORT.rglob("*.py") for name, _ in defined_in(path) if not name.startswith("_")
    )
    assert {name for name, number in names.items() if number > 1} == VIEWS


def test_no_helper_is_written_twice() -> None:
    """What two modules of the tests need stands in tests/support, or is a fixture of a conftest."""
    modules = defaultdict[str, set[Path]](set)
    for path in TESTS.rglob("*.py"):
        for _, node in defined_in(path):
            modules[body_of(node)].add(path)
    del modules[""]  # classes that are only a name, such as exceptions
    assert [sorted(paths) for paths in modules.values() if len(paths) > 1] == []


VIEWS = {"clock", "create_app"}
"""What each of the two sites for Chromium has, as gunicorn and Ratchet ask for it."""


def test_no_folder_is_full() -> None:
    """Ten modules are what one finds at a glance."""
    folders = {path.parent for tree in (TESTS, PRODUCT) for path in tree.rglob("*.py")}
    modules = {
        folder: {path.name for path in folder.glob("[!_]*.py")} - {"conftest.py"} for folder in folders
    }
    assert [folder for folder, names in modules.items() if len(names) > MAX_MODULES] == []


def test_the_house_is_no_tower() -> None:
    """The packages of the product stand on nine floors at most."""
    assert len(floors()) <= MAX_FLOORS


def test_where_the_checkout_is_is_said_once() -> None:
    """No test and no helper counts the folders above it."""
    counting = "__file__).par" + "ents["
    assert [path for path in TESTS.rglob("*.py") if counting in path.read_text()] == []


def test_ci_runs_a_part_of_every_campaign() -> None:
    """What is too long for ``make test`` has a command of its own, and CI runs it, or it is named above."""
    campaigns = {path.parent.name for path in TESTS.glob("campaigns/*/__main__.py")} | {"counts"}
    commands = re.findall(r"^make (\w+)", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert campaigns - RUN_BY_HAND <= set(commands) <= set(targets)
    assert campaigns <= set(targets)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        pytest.param("e2e/server/test_a.py::x", "e2e/server/test_a.py::y", True, id="one served site"),
        pytest.param("e2e/server/test_a.py::x", "e2e/server/test_b.py::x", False, id="two served sites"),
        pytest.param("e2e/client/test_a.py::x", "e2e/pages/test_b.py::x", True, id="one Chromium"),
        pytest.param("e2e/client/test_a.py::x", "e2e/server/test_a.py::x", False, id="with Chromium or not"),
        pytest.param("unit/web/test_a.py::x", "unit/web/test_a.py::y", False, id="nothing is shared"),
    ],
)
def test_which_tests_stay_together(one: str, other: str, together: bool) -> None:
    """Each row is two tests, and whether they share a running server or browser."""
    assert (group_of(f"tests/{one}") == group_of(f"tests/{other}")) == together


@pytest.mark.parametrize(
    ("elsewhere", "server"),
    [
        pytest.param([{}], True, id="nobody has a server"),
        pytest.param(
            [{"tests/e2e/server/test_a.py": {"x": True, "y": False}}], False, id="the other one has"
        ),
        pytest.param([{"tests/e2e/server/test_a.py": {"x": True}}], True, id="the other one is done with it"),
        pytest.param([{"tests/unit/test_a.py::x": {"x": False}}], True, id="the other one computes"),
        pytest.param([{"chromium": {"x": False}}, {}, {}], True, id="one of four has a browser"),
        pytest.param([{"chromium": {"x": False}}, {"a.py": {"y": False}}, {}], False, id="two of four"),
    ],
)
def test_half_of_the_processes_wait_for_servers(
    elsewhere: list[dict[str, dict[str, bool]]], server: bool
) -> None:
    """Each row is what the other processes have, and whether this one takes tests of a server next."""
    assert is_server_next(elsewhere) == server


def defined_in(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """The functions and classes of a module, by name."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node


def body_of(node: ast.FunctionDef | ast.ClassDef) -> str:
    """What a function or class takes and does, without its name and docstring."""
    rest = node.body[1:] if ast.get_docstring(node) is not None else node.body
    takes = ast.unparse(node.args) if isinstance(node, ast.FunctionDef) else ""
    return "\n".join([takes, *map(ast.unparse, rest)]).strip()


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a module imports names from."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""


def is_fixture(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether this is a fixture or a hook of pytest."""
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return node.name.startswith("pytest_") or any(name.startswith("pytest.fixture") for name in decorators)
