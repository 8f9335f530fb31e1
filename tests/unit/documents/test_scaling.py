"""The page about scaling has the places that ``make growth`` writes to; its estimate follows from them."""

from __future__ import annotations

import pytest

from bench.growth import estimate, report, server
from bench.growth.report import Column
from docs.generator import DOCS
from docs.generator.parts import part, with_parts

PAGE = (DOCS / "scaling.md").read_text()

PRINTED = """
Type                     N      (%)          Record size      (%)             FPI size      (%)
Heap/HOT_UPDATE        277 ( 39.12)                25256 ( 42.75)              1113268 ( 82.99)
Btree/INSERT_LEAF       88 ( 12.43)                 5204 (  8.81)                85604 (  6.38)
Total                  708                         59072 [4.22%]               1341524 [95.78%]
"""


@pytest.mark.parametrize("name", ["machine", "growth", "wear", "question", "estimate"])
def test_the_page_of_scaling_has_a_place_for_figures(name: str) -> None:
    """What a run writes there is all that changes, and a run has written there."""
    assert part(with_parts(PAGE, {name: "figures"}), name) == "figures"
    assert part(PAGE, name)


def test_the_estimate_follows_from_the_figures_of_the_page() -> None:
    """Whoever measures again has the estimate calculated again."""
    assert part(PAGE, "estimate") == estimate.words(PAGE)


def test_a_refresh_every_ten_minutes_makes_six_an_hour() -> None:
    """A hundred million devices, 16 hours, six refreshes an hour: 9.6 billion, 166,667 in each second."""
    figures = dict.fromkeys((estimate.SITE, estimate.SERVER, estimate.LOG, estimate.QUESTION), 1000.0)
    rows = dict(estimate.refreshes(figures | dict.fromkeys(estimate.SIZES, 500.0), 10))
    assert rows["refreshes a day"] == "9.6 billion"
    assert rows["refreshes a second, and as many writes"] == "166,667"
    assert rows["cores for the site"] == rows["cores for the database"] == "167"
    assert rows["log a day, without page images"] == "9.6 TB"
    assert rows["table and indexes"] == "100 GB"
    assert rows["the question of 1,000 processes, in cores of the database"] == "1.00"


def test_a_ratio_above_the_bound_is_in_bold() -> None:
    """1.2 is the most that is promised; what depends on the cache has no ratio."""
    few = Column(1, {"a": 100, "b": 100, "c, cache empty": 1}, "", (0, 0), "")
    many = few._replace(figures={"a": 120, "b": 121, "c, cache empty": 9})
    words = report.growth(few, many)
    assert "| a | 100 | 120 | 1.20 |" in words
    assert "| b | 100 | 121 | **1.21** |" in words
    assert "| c, cache empty | 1.00 | 9.00 |  |" in words


def test_records_of_the_log_are_read() -> None:
    """Each kind of record with its number, its bytes, and the bytes of its page images."""
    assert server.records_in(PRINTED) == {
        "Heap/HOT_UPDATE": (277, 25256, 1113268),
        "Btree/INSERT_LEAF": (88, 5204, 85604),
    }
