"""The way of a refresh token in docs/how-it-works.md is the way that a refresh takes."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from docs.generator import DOCS
from tests.support.browser import Browser
from tests.support.clock import Clock

STOP = re.compile(r"^\d\. \[`([a-z_.]+)\.((?:[A-Z]\w+\.)?\w+)`\]\((\S+)\)", re.MULTILINE)
MAX_STOPS = 8


def stops() -> list[tuple[str, str, str]]:
    """Module, function and link of each numbered stop in the page."""
    page = (DOCS / "how-it-works.md").read_text()
    way = page.partition("## The way of a refresh token\n")[2].partition("\n## ")[0]
    found = STOP.findall(way)
    assert len(found) == len(re.findall(r"^\d+\. ", way, re.MULTILINE))
    return found


def called(browser: Browser) -> list[tuple[str, str]]:
    """The functions of the product that a refresh calls, in the order of their first call."""
    seen: dict[tuple[str, str], None] = {}

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            seen.setdefault((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname))

    sys.setprofile(note)
    try:
        assert browser.refresh().status_code == 200
    finally:
        sys.setprofile(None)
    return list(seen)


def test_the_way_has_at_most_eight_stops() -> None:
    """A new reader goes from the socket to the row and back in eight named stops."""
    assert 0 < len(stops()) <= MAX_STOPS


@pytest.mark.parametrize(("module", "function", "link"), stops())
def test_each_stop_is_in_the_code(module: str, function: str, link: str) -> None:
    """The page names a function that exists, and links to the file that it is in."""
    found: Any = import_module(f"app.auth.{module}")
    assert (DOCS / link).resolve() == Path(found.__file__)
    for name in function.split("."):
        found = getattr(found, name)
    assert callable(found)


def test_a_refresh_passes_the_stops_in_their_order(signed_in: Browser, clock: Clock) -> None:
    """A real refresh calls each named function, in the order of the page."""
    clock.advance(60)
    order = called(signed_in)
    places = [order.index((f"app.auth.{module}", function)) for module, function, _ in stops()]
    assert places == sorted(places)
