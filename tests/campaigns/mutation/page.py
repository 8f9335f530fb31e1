"""docs/mutation.md: the part of each module is written by a run of that module, the rest by hand."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generator.parts import markdown

from .become import path_of
from .score import Score

COUNTS = ("module", "mutants", "killed", "survivors")
SURVIVORS = ("where", "change", "why it is left")


def parts(score: Score) -> dict[str, str]:
    """What a run writes on the page: by module, what became of its mutants, and its survivors."""
    return {name: "\n\n".join(_part(score, name)) for name in score.counts}


def counts(score: Score) -> str:
    """The table of the modules."""
    return markdown(COUNTS, [_row(score, name) for name in score.counts])


def _part(score: Score, module: str) -> Iterable[str]:
    yield markdown(COUNTS, [_row(score, module)])
    left = [
        (f"`{mutant.where or 'the module'}`", f"`{mutant.change}`", score.reason(mutant))
        for mutant in score.survivors
        if mutant.module == module
    ]
    if left:
        yield markdown(SURVIVORS, left)


def _row(score: Score, module: str) -> list[str]:
    return [f"`{path_of(module)}`", *map(str, score.counts[module])]
