"""A short run of what ``python -m tests.campaigns.fuzz`` does at length, and a proof that it would notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.campaigns.fuzz import run
from tests.campaigns.fuzz.findings import Findings
from tests.campaigns.fuzz.raw import throw
from tests.campaigns.fuzz.run import fuzz, served

from ...support.server.stage import Stage

pytestmark = pytest.mark.long

CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
}
REACHED = {
    "POST /auth/login": {200, 400, 401, 405, 415},
    "POST /auth/refresh": {200, 400, 405, 415},
    "POST /auth/logout": {204, 400},
    "GET /auth/me": {200, 401, 405},
    "POST /auth/sessions": {201, 400, 401},
    "DELETE /auth/sessions/{session_id}": {404, 401},
    "POST /auth/token": {200, 400, 415},
    "POST /auth/revoke": {200, 400, 415},
    "POST /auth/introspect": {200, 400, 401},
    "POST /auth/continue": {307, 405},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The served site."""
    with served("sqlite", tmp_path_factory.mktemp("fuzz")) as stage:
        yield stage


@pytest.fixture(scope="module")
def findings(stage: Stage) -> Findings:
    """What a short run found."""
    found = Findings()
    throw(stage.base_url, 300, 1, found)
    fuzz(stage, found, examples=2, seed=1)
    return found


def test_every_reply_is_as_described(findings: Findings) -> None:
    """No request, well-formed or not, gets a reply that the OpenAPI document does not have."""
    assert (findings.failures, findings.errors) == ({}, [])


def test_every_check_was_made(findings: Findings) -> None:
    """None was left out."""
    assert {name for name in CHECKS if findings.checks[name] > 100} == CHECKS


def test_every_route_was_really_reached(findings: Findings) -> None:
    """With a live session, and without one: successes and refusals."""
    assert {label: findings.reached[label] & statuses for label, statuses in REACHED.items()} == REACHED


def test_a_reply_that_is_not_as_described_is_noticed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another status is expected, the run fails and says where."""
    monkeypatch.setitem(run.EXPECTED, "positive_data_acceptance", [418])
    found = Findings()
    fuzz(stage, found, examples=1, seed=2, paths="/auth/revoke$")
    assert not found.kept
    assert "POST /auth/revoke" in {failure.partition(":")[0] for failure in found.failures}
