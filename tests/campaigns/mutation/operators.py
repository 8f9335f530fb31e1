"""What can be done to one node of a syntax tree: every operator takes a node and gives changed ones."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

STRANGE = "mutant"
"""What a text is replaced by."""

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""To the other side of the boundary, and to the opposite."""

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Break: ast.Continue,
    ast.Continue: ast.Break,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
REMOVABLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Raise, ast.Delete)

Changes = Iterator[tuple[ast.AST, str]]
"""Changed nodes, each with the words for the change."""


def changes(node: Any, field: str) -> Changes:
    """All that can be done to ``node``, which its parent has as ``field``."""
    for kinds, operator in OPERATORS:
        if isinstance(node, kinds):
            yield from operator(node)
    for constant in _in_place(node, field):
        yield to(node, ast.Constant(constant))


def to(node: ast.AST, changed: ast.AST) -> tuple[ast.AST, str]:
    """A changed node, and the words for it."""
    return changed, f"{ast.unparse(node)} → {ast.unparse(changed)}"


def _in_place(node: ast.AST, field: str) -> tuple[bool, ...]:
    """What a condition is held at, and a default of None replaced by."""
    if field in {"test", "ifs"}:
        return True, False
    no_default = isinstance(node, ast.Constant) and node.value is None
    return (True,) if no_default and field in {"defaults", "kw_defaults"} else ()


def _comparison(node: ast.Compare) -> Changes:
    for index, operator in enumerate(node.ops):
        for other in COMPARED[type(operator)]:
            ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
            yield to(node, ast.Compare(node.left, ops, node.comparators))


def _operation(node: ast.BoolOp | ast.BinOp) -> Changes:
    changed = copy(node)
    changed.op = SWAPPED[type(node.op)]()  # type: ignore[assignment]  # the table pairs like with like
    yield to(node, changed)


def _unary(node: ast.UnaryOp) -> Changes:
    yield to(node, node.operand)


def _name(node: ast.Name) -> Changes:
    if node.id in NAMES:
        yield to(node, ast.Name(NAMES[node.id], node.ctx))


def _constant(node: ast.Constant) -> Changes:
    value = node.value
    if isinstance(value, bool):
        yield to(node, ast.Constant(not value))
    elif isinstance(value, int | float):
        yield to(node, ast.Constant(value + 1))
        yield to(node, ast.Constant(value - 1))
    elif isinstance(value, str):
        yield to(node, ast.Constant(STRANGE))


def _return(node: ast.Return) -> Changes:
    if node.value and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield to(node, ast.Return(ast.Constant(None)))


def _lambda(node: ast.Lambda) -> Changes:
    yield to(node, ast.Lambda(node.args, ast.Constant(None)))


def _removed(node: ast.stmt) -> Changes:
    if not (isinstance(node, ast.AnnAssign) and node.value is None):
        yield ast.Pass(), f"without {ast.unparse(node)}"


def _leap(node: ast.Break | ast.Continue) -> Changes:
    yield to(node, SWAPPED[type(node)]())


def _handler(node: ast.ExceptHandler) -> Changes:
    """Catch each error less; where there is one only, catch nothing."""
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type] if node.type else []
    for error in caught:
        changed = copy(node)
        changed.type = ast.Tuple([other for other in caught if other is not error], ast.Load())
        yield changed, f"except without {ast.unparse(error)}"


def _call(node: ast.Call) -> Changes:
    name = ast.unparse(node.func)
    if name == "suppress":
        yield to(node, ast.Call(node.func, [], []))
    for dropped in node.keywords:
        keywords = [keyword for keyword in node.keywords if keyword is not dropped]
        yield ast.Call(node.func, node.args, keywords), f"{name}(…) without {ast.unparse(dropped)}"


OPERATORS: tuple[tuple[Any, Callable[[Any], Changes]], ...] = (
    (ast.Compare, _comparison),
    ((ast.BoolOp, ast.BinOp), _operation),
    (ast.UnaryOp, _unary),
    (ast.Name, _name),
    (ast.Constant, _constant),
    (ast.Return, _return),
    (ast.Lambda, _lambda),
    (REMOVABLE, _removed),
    ((ast.Break, ast.Continue), _leap),
    (ast.ExceptHandler, _handler),
    (ast.Call, _call),
)
