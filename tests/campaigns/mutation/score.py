"""What became of the mutants, and what is wrong with that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .mutants import Mutant

Key = tuple[str, str, str]


@dataclass
class Score:
    """The mutants that were tried, against the ``reasons`` of the survivors that are listed."""

    reasons: Mapping[Key, str]
    tried: Counter[str] = field(default_factory=Counter)
    survivors: list[Mutant] = field(default_factory=list)

    def enter(self, mutant: Mutant, killed: bool) -> None:
        """Note how a mutant ended; survivors stay in the order of their lines."""
        self.tried[mutant.module] += 1
        if not killed:
            self.survivors.append(mutant)
            self.survivors.sort(key=lambda one: (list(self.tried).index(one.module), one.line))

    @property
    def counts(self) -> dict[str, tuple[int, int, int]]:
        """By module: mutants, killed, survivors."""
        left = Counter(mutant.module for mutant in self.survivors)
        return {name: (tried, tried - left[name], left[name]) for name, tried in self.tried.items()}

    def reason(self, mutant: Mutant) -> str:
        """Why a survivor is left; empty where nobody said."""
        return self.reasons.get(mutant.key, "")

    def faults(self, floor: float) -> Iterator[str]:
        """What has to be mended: too few killed, or a list of survivors that is out of date."""
        for name, (tried, killed, _) in self.counts.items():
            if killed < floor * tried:
                yield f"{name}: {killed} of {tried} mutants were killed, less than {floor:.0%}"
        survived = {mutant.key for mutant in self.survivors}
        for module, where, change in self.reasons.keys() - survived:
            if module in self.tried:
                yield f"survivors.toml: {module}, {where}: {change}: is killed, or not made any more"
