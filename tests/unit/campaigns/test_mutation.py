"""The mutants of a small sample: what is made, what is not changed, and that a test kills one."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace

import pytest

from docs.generator import DOCS, ROOT
from docs.generator.parts import part
from tests.campaigns.mutation.become import path_of, source_of
from tests.campaigns.mutation.mutants import Mutant, mutants
from tests.campaigns.mutation.operators import COMPARED, SWAPPED
from tests.campaigns.mutation.page import parts
from tests.campaigns.mutation.plan import TESTS, reasons
from tests.campaigns.mutation.score import Score


def made(source: str) -> list[str]:
    """The changes that are made to a source."""
    return [mutant.change for mutant in mutants("sample", source)]


@pytest.mark.parametrize(
    ("source", "change"),
    [
        pytest.param("a < b", "a < b → a <= b", id="a boundary is moved"),
        pytest.param("a < b", "a < b → a >= b", id="a comparison is turned round"),
        pytest.param("a is b", "a is b → a is not b", id="identity is denied"),
        pytest.param("a not in b", "a not in b → a in b", id="membership is affirmed"),
        pytest.param("a and b", "a and b → a or b", id="both becomes either"),
        pytest.param("not a", "not a → a", id="a denial is taken away"),
        pytest.param("-a", "-a → a", id="a sign is taken away"),
        pytest.param("a + b", "a + b → a - b", id="a sum becomes a difference"),
        pytest.param("x = 3", "3 → 4", id="a number grows"),
        pytest.param("x = 0.5", "0.5 → -0.5", id="a fraction shrinks"),
        pytest.param("x = True", "True → False", id="yes becomes no"),
        pytest.param("x = 'a'", "'a' → 'mutant'", id="a text is another"),
        pytest.param("def f(): return x", "return x → return None", id="nothing is returned"),
        pytest.param("lambda: x", "lambda: x → lambda: None", id="nothing is returned by a lambda"),
        pytest.param("f()", "without f()", id="a statement is left out"),
        pytest.param("raise E", "without raise E", id="an error is not raised"),
        pytest.param("if a: b", "a → True", id="a condition always holds"),
        pytest.param("x if a else y", "a → False", id="a condition never holds"),
        pytest.param("[x for x in y if a]", "a → False", id="a filter lets nothing through"),
        pytest.param("def f(a=None): pass", "None → True", id="a default of nothing is something"),
        pytest.param("def f(*, a=1): pass", "1 → 2", id="a default is another"),
        pytest.param("min(a, b)", "min → max", id="the least becomes the most"),
        pytest.param("try: a\nexcept E: b", "except without E", id="an error is not caught"),
        pytest.param("try: a\nexcept (E, F): b", "except without F", id="one of two errors is not caught"),
        pytest.param("with suppress(E): a", "suppress(E) → suppress()", id="nothing is suppressed"),
        pytest.param("for a in b: break", "break → continue", id="a loop goes on"),
        pytest.param("f(a, b=c)", "f(…) without b=c", id="a keyword is left out"),
        pytest.param("f(**a)", "f(…) without **a", id="all keywords are left out"),
    ],
)
def test_what_is_changed(source: str, change: str) -> None:
    """Each row is a change that is made, and the mutant compiles and differs."""
    mutant = next(mutant for mutant in mutants("sample", source) if mutant.change == change)
    compile(mutant.source, "sample", "exec")
    assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("'''A docstring.'''", id="docstrings"),
        pytest.param("import a", id="imports"),
        pytest.param("x: Literal['a']", id="annotations"),
        pytest.param("def f(a: Literal['a']) -> Literal['b']: pass", id="the types of a function"),
        pytest.param("if TYPE_CHECKING:\n    x = 1", id="what is for the type checker"),
        pytest.param("Sessions = tuple[Session, ...]", id="the name of a type"),
    ],
)
def test_what_is_left_alone(source: str) -> None:
    """What says nothing of behaviour has no mutants."""
    assert made(source) == []


def test_the_sentence_of_an_error_is_left_alone() -> None:
    """It is for a person; only that the error is raised is changed."""
    assert made("raise ValueError('no time')") == ["without raise ValueError('no time')"]


def test_every_operator_has_its_change() -> None:
    """No comparison and no join of conditions goes without one."""
    assert set(COMPARED) == set(ast.cmpop.__subclasses__())
    assert set(ast.boolop.__subclasses__()) <= set(SWAPPED)


def test_a_change_made_twice_is_told_apart() -> None:
    """A survivor is known by its function and its change, also when lines move."""
    twice = "class C:\n    def f(self): return a or a or b\n    def g(self): return 1 + 1"
    keys = [mutant.key for mutant in mutants("sample", twice)]
    assert ("sample", "C.g", "1 → 2") in keys
    assert ("sample", "C.g", "1 → 2 (2)") in keys
    assert len(set(keys)) == len(keys)


TINY = """
from tests.campaigns.mutation.become import source_of
from tests.campaigns.mutation.mutants import mutants
from tests.campaigns.mutation.run import try_all

wanted = {"'prefetch' → 'mutant'", "'websocket' → 'mutant'", "parts.port is None → True"}
chosen = [one for one in mutants("web.origin", source_of("web.origin").read_text()) if one.change in wanted]
tests = ["tests/unit/web/test_origin.py::test_what_is_only_fetched_ahead"]
try_all(chosen, tests, 2, lambda mutant, killed: print(mutant.change, "killed" if killed else "survived"))
"""


def test_a_mutant_is_killed_by_the_test_that_notices_it() -> None:
    """In a process of its own; a test that is about something else lets the mutant live."""
    ran = subprocess.run([sys.executable, "-c", TINY], capture_output=True, text=True, check=True, cwd=ROOT)
    assert sorted(ran.stdout.splitlines()) == [
        "'prefetch' → 'mutant' killed",
        "'websocket' → 'mutant' survived",
        "parts.port is None → True survived",
    ]


ONE = Mutant("web.origin", 3, "f", True, "a | b → a & b", "")
REASON = {ONE.key: "it is the same"}


@pytest.mark.parametrize(
    ("reasons", "killed", "survived", "fault"),
    [
        pytest.param({}, 94, 6, "94 of 100 mutants were killed, less than 95%", id="too few are killed"),
        pytest.param(REASON, 9, 0, "is killed, or not made any more", id="a listed survivor is killed"),
        pytest.param({}, 95, 5, "", id="just enough are killed"),
        pytest.param(REASON, 99, 1, "", id="a survivor is listed"),
        pytest.param(
            {("lifecycle.rotation", "f", "x"): "so"}, 1, 0, "", id="what was not tried is not judged"
        ),
    ],
)
def test_what_is_wrong_with_a_run(
    reasons: dict[tuple[str, str, str], str], killed: int, survived: int, fault: str
) -> None:
    """Each row is a run and what has to be mended after it."""
    score = Score(reasons)
    for number in range(killed + survived):
        score.enter(ONE if number < survived else replace(ONE, line=number), number >= survived)
    told = "\n".join(score.faults(0.95))
    assert fault in told
    assert bool(told) == bool(fault)


def test_the_page_gives_each_survivor_its_reason() -> None:
    """A bar in a change does not break the table."""
    score = Score(REASON)
    score.enter(ONE, killed=False)
    assert parts(score)["web.origin"].splitlines()[-1] == "| `f` | `a \\| b → a & b` | it is the same |"


def test_the_plan_names_modules_and_tests_that_there_are() -> None:
    """A module or a test that has moved is no less mutated or run for that."""
    for module, tests in TESTS.items():
        assert source_of(module).is_file(), module
        assert [test for test in tests if not (ROOT / test).is_file()] == []
    assert {module for module, _, _ in reasons()} <= TESTS.keys()


def test_the_page_has_a_part_for_every_module_of_the_plan() -> None:
    """A run with ``--write`` has somewhere to write what came of each module."""
    page = (DOCS / "mutation.md").read_text()
    for module in TESTS:
        assert path_of(module) in part(page, module)
