"""What a run sent, which replies it got, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from schemathesis.engine.recorder import ScenarioRecorder


@dataclass
class Findings:
    """The findings of a run: requests by status, checks by name, and each kind of failure with an example."""

    generated: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    reached: dict[str, set[int]] = field(default_factory=dict)
    checks: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether nothing is wrong."""
        return not self.failures and not self.errors

    def enter(self, recorder: ScenarioRecorder) -> None:
        """Take in a finished scenario."""
        for interaction in recorder.interactions.values():
            if interaction.response is not None:
                self.generated += 1
                self.note(recorder.label, interaction.response.status_code)
        for check in (check for checks in recorder.checks.values() for check in checks):
            self.checks[check.name] += 1
            if check.failure_info is not None:
                found = check.failure_info
                self.failures[f"{recorder.label}: {found.failure.title}"] = (
                    f"{found.failure.message}\n{found.code_sample}"
                )

    def note(self, label: str, status: int) -> None:
        """Take in one reply."""
        self.statuses[status] += 1
        self.reached.setdefault(label, set()).add(status)

    def line(self) -> str:
        """The findings in one line; what was not generated from the description is raw."""
        statuses = ", ".join(f"{number:,} x {status}" for status, number in sorted(self.statuses.items()))
        raw = self.statuses.total() - self.generated
        return f"{self.generated:,} cases and {raw:,} raw, {len(self.failures)} kinds of failures: {statuses}"
