"""Measure the engines, and write the table in docs/client.md."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from docs.generator.parts import with_parts

from .behind_tls import Served, serve_by_tls
from .engines import ENGINES
from .facts import PAGE, PART, measured, table


def main() -> None:
    """Start one engine after the other."""
    with TemporaryDirectory() as folder, serve_by_tls(Path(folder)) as served:
        served.house.add_user("ada")
        facts = {engine: _measured(engine, served) for engine in ENGINES}
    PAGE.write_text(with_parts(PAGE.read_text(), {PART: table(facts)}))


def _measured(engine: str, served: Served) -> dict[str, str]:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, ENGINES[engine](Path(folder)) as driver:
        return measured(served.browser(driver, "ada"), served, "ada")


if __name__ == "__main__":
    main()
