"""Which modules are mutated, the tests that have to notice, and the survivors that have a reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

FLOOR = 0.95
"""The part of its mutants that each module's tests have to kill."""

REASONS = Path(__file__).with_name("survivors.toml")

TESTS = {
    "lifecycle.rotation": (
        "tests/unit/lifecycle/test_rotation.py",
        "tests/unit/lifecycle/test_rotation_sessions.py",
        "tests/unit/lifecycle/test_transitions.py",
        "tests/unit/lifecycle/test_refreshing.py",
        "tests/unit/lifecycle/test_values.py",
        "tests/unit/lifecycle/test_rotation_properties.py",
        "tests/unit/sessions/test_device.py",
    ),
    "lifecycle.binding": (
        "tests/unit/lifecycle/test_binding.py",
        "tests/unit/lifecycle/test_binding_properties.py",
    ),
    "lifecycle.refreshing": (
        "tests/unit/lifecycle/test_refreshing.py",
        "tests/unit/sessions/test_refresher.py",
    ),
    "tokens.claims": (
        "tests/unit/tokens/test_claims.py",
        "tests/unit/tokens/test_claims_hostile.py",
        "tests/unit/lifecycle/test_values.py",
        "tests/unit/sessions/test_issuer.py",
        "tests/integration/access/test_claims.py",
    ),
    "web.cookies": (
        "tests/unit/web/test_cookies.py",
        "tests/unit/web/test_cookies_hostile.py",
        "tests/unit/settings/test_settings_sources.py",
        "tests/unit/lifecycle/test_values.py",
        "tests/integration/requests/test_hostile_cookies.py",
    ),
    "sessions.service": (
        "tests/unit/sessions/test_service.py",
        "tests/unit/lifecycle/test_values.py",
        "tests/integration/sign_in/test_login_over.py",
        "tests/integration/embedding/test_signals.py",
        "tests/integration/sign_in/test_password.py",
        "tests/integration/sign_out/test_logout.py",
        "tests/integration/requests/test_hostile_cookies.py",
        "tests/integration/hosts/test_hidden_rows.py",
        "tests/integration/embedding/test_host_writes.py",
        "tests/integration/hosts/test_may_sign_in.py",
    ),
    "sessions.refresher": (
        "tests/unit/sessions/test_refresher.py",
        "tests/unit/sessions/test_service.py",
        "tests/integration/sign_in/test_login_over.py",
        "tests/integration/embedding/test_signals.py",
        "tests/integration/requests/test_hostile_cookies.py",
        "tests/integration/hosts/test_may_sign_in.py",
    ),
    "sessions.writer": (
        "tests/unit/sessions/test_service.py",
        "tests/integration/embedding/test_signals.py",
        "tests/integration/sign_in/test_password.py",
        "tests/integration/hosts/test_hidden_rows.py",
    ),
    "sessions.reader": (
        "tests/unit/sessions/test_service.py",
        "tests/integration/sign_out/test_sessions.py",
        "tests/integration/requests/test_hostile_cookies.py",
        "tests/integration/access/test_oauth.py",
        "tests/integration/sign_in/test_login_over.py",
        "tests/integration/sign_out/test_revocation.py",
    ),
    "web.origin": ("tests/unit/web/test_origin.py",),
}
"""By module of app/auth, the quickest tests first: a mutant is done with at the first that fails."""


def reasons() -> dict[tuple[str, str, str], str]:
    """Why a survivor, by its key, is no fault of the tests."""
    listed = tomllib.loads(REASONS.read_text()).get("survivor", [])
    return {(row["module"], row["where"], row["change"]): row["reason"] for row in listed}
