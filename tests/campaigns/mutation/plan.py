"""Which modules are mutated, the tests that have to notice, and the survivors that have a reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

FLOOR = 0.95
"""The part of its mutants that each module's tests have to kill."""

REASONS = Path(__file__).with_name("survivors.toml")

TESTS = {
    "rotation": (
        "tests/unit/test_rotation.py",
        "tests/unit/test_rotation_sessions.py",
        "tests/unit/test_turns.py",
        "tests/unit/test_turns_refresh.py",
        "tests/unit/test_values.py",
        "tests/unit/test_rotation_properties.py",
    ),
    "tokens": (
        "tests/unit/test_tokens.py",
        "tests/unit/test_tokens_hostile.py",
        "tests/unit/test_values.py",
        "tests/unit/test_grants.py",
    ),
    "cookies": (
        "tests/unit/test_cookies.py",
        "tests/unit/test_cookies_hostile.py",
        "tests/unit/test_values.py",
        "tests/integration/test_hostile_cookies.py",
    ),
    "sessions": (
        "tests/unit/test_verbs.py",
        "tests/unit/test_values.py",
        "tests/integration/test_login_over.py",
        "tests/integration/test_signals.py",
        "tests/integration/test_password.py",
    ),
    "origin": ("tests/unit/test_origin.py",),
}
"""The quickest first: a mutant is done with at the first test that fails."""


def reasons() -> dict[tuple[str, str, str], str]:
    """Why a survivor, by its key, is no fault of the tests."""
    listed = tomllib.loads(REASONS.read_text()).get("survivor", [])
    return {(row["module"], row["where"], row["change"]): row["reason"] for row in listed}
