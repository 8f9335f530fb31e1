"""docs/mutation.md: the part of each module is written by a run of that module, the rest by hand."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generator.parts import markdown

from .ledger import Ledger

COUNTS = ("module", "mutants", "killed", "survivors")
SURVIVORS = ("where", "change", "why it is left")


def parts(ledger: Ledger) -> dict[str, str]:
    """What a run writes on the page: by module, what became of its mutants, and its survivors."""
    return {name: "\n\n".join(_part(ledger, name)) for name in ledger.counts}


def counts(ledger: Ledger) -> str:
    """The table of the modules."""
    return markdown(COUNTS, [_row(ledger, name) for name in ledger.counts])


def _part(ledger: Ledger, module: str) -> Iterable[str]:
    yield markdown(COUNTS, [_row(ledger, module)])
    left = [
        (f"`{mutant.where or 'the module'}`", f"`{mutant.change}`", ledger.reason(mutant))
        for mutant in ledger.survivors
        if mutant.module == module
    ]
    if left:
        yield markdown(SURVIVORS, left)


def _row(ledger: Ledger, module: str) -> list[str]:
    return [f"`{module}.py`", *map(str, ledger.counts[module])]
