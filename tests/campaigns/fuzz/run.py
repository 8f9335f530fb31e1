"""One run: schemathesis in front of the served site with all its checks, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.support.server.servers import logged_server
from tests.support.server.stage import Stage, looking_on, own_database

from .findings import Findings
from .guests import SERVICE_SECRET, Guests

ENVIRONMENT = {"FLASK_PROXY_HOPS": "1", "FLASK_RATCHET_SERVICE_SECRETS": SERVICE_SECRET}

PATIENCE = 60
"""Seconds to wait for a reply: a machine may be busy with more than this."""

EXPECTED = {
    # 503 is what a busy site says; where the document does not say so, status_code_conformance finds it.
    "not_a_server_error": ["1xx", "2xx", "3xx", "4xx", 503],
    # A generated password is wrong, a user throttled, a site busy: the body was read all the same.
    "positive_data_acceptance": ["2xx", "3xx", 401, 403, 404, 429, 503],
}

PROOFS = "/dbsc/"
"""The paths to which a browser sends proofs: no generated text is one, so 400 is the answer to most."""


@contextmanager
def served(kind: str, folder: Path) -> Iterator[Stage]:
    """The site on a database of that kind; what it prints goes to ``server.log`` in the folder."""
    with (
        own_database(kind, "fuzz", folder) as url,
        (folder / "server.log").open("wb") as log,
        logged_server(url, log, 2, 4, ENVIRONMENT) as running,
        looking_on(url, folder) as site,
    ):
        yield Stage(url, running, site)


def fuzz(
    stage: Stage,
    findings: Findings,
    examples: int,
    seed: int,
    note: Callable[[], object] = lambda: None,
    *,
    paths: str = "",
) -> None:
    """Send so many generated cases to each route, and as many chains of them; ``note`` hears of progress.

    ``paths`` is an expression that the paths have to match.
    """
    config = _config(examples, seed)
    schema: Any = schemathesis.openapi.from_url(f"{stage.base_url}/auth/openapi.json", config=config)
    schema = schema.include(path_regex=paths) if paths else schema
    guests = Guests(stage.site, seed)
    schema.auth.providers.append(guests)

    @schemathesis.hook
    def before_call(_context: Any, case: Any, _options: Any) -> None:
        guests.arm(case)

    try:
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                findings.enter(event.recorder)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                findings.errors.append(str(event))
            note()
    finally:
        schemathesis.hooks.unregister(before_call)


def _config(examples: int, seed: int) -> SchemathesisConfig:
    checks = {name: {"expected-statuses": statuses} for name, statuses in EXPECTED.items()}
    of_proofs = {"positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, 429, 503]}}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "request-timeout": PATIENCE,
            "generation": {"max-examples": examples, "database": "none"},
            "checks": checks,
            "operations": [{"include-path-regex": PROOFS, "checks": of_proofs}],
        }
    )
