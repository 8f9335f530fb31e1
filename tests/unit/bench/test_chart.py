"""The charts of the benchmark."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bench.chart import LEAST, OTHERS, OURS, Bar, chart
from bench.served.subjects import FLOOR

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*bars: Bar, limit: float | None = None) -> list[ET.Element]:
    """The rectangles of a chart but for its sheet."""
    root = ET.fromstring(chart("Title", "subtitle", bars, limit))  # noqa: S314  # our own text
    return root.findall(f"{SVG}rect")[1:]


def test_a_bar_is_as_long_as_its_figure() -> None:
    """Twice the figure is twice the width, and the longest one fills the chart."""
    half, whole = (float(bar.attrib["width"]) for bar in drawn(Bar("a", 5), Bar("b", 10)))
    assert whole == pytest.approx(2 * half)
    assert drawn(Bar("c", 1))[0].attrib["width"] == f"{whole}"


def test_a_limit_beyond_every_bar_is_in_the_chart() -> None:
    """Bars are shorter where the target is farther than all of them."""
    (bar,) = drawn(Bar("a", 5), limit=10)
    (alone,) = drawn(Bar("a", 5))
    assert float(bar.attrib["width"]) == pytest.approx(float(alone.attrib["width"]) / 2)


def test_a_headline_has_no_bar() -> None:
    """The name of a database stands above the bars of its refreshes."""
    assert len(drawn(Bar("sqlite"), Bar("a", 5))) == 1


def test_colours_tell_whose_a_bar_is() -> None:
    """Ratchet, the floor and other packages have a colour each."""
    bars = drawn(Bar("Ratchet, Rotate", 1), Bar(FLOOR.name, 1), Bar("SimpleJWT", 1))
    assert [bar.attrib["fill"] for bar in bars] == [OURS, LEAST, OTHERS]


def test_names_are_text() -> None:
    """A name with a sign of XML in it does not break the picture."""
    assert len(drawn(Bar("a < b & c", 1))) == 1
