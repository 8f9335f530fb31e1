"""axe-core, pinned, in a folder beside the other caches: what makes a page hard to use for somebody."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Frame

from tests.support.chromium.node import installed

PACKAGE = {"axe-core": "4.14.1"}


def flaws(frame: Frame, but: str | None = None) -> list[str]:
    """What axe-core says against the page, ``but`` for one rule: the rule, and where it is broken."""
    frame.evaluate(_source())
    rules = {but: {"enabled": False}} if but else {}
    found = frame.evaluate("rules => axe.run({ rules })", rules)
    return [f"{flaw['id']}: {flaw['nodes'][0]['html']}" for flaw in found["violations"]]


@cache
def _source() -> str:
    return (installed(PACKAGE) / "axe-core" / "axe.min.js").read_text()
