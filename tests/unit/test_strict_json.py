"""JSON that two parsers cannot read in two ways, and its one spelling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.strict_json import dumps, loads

GOOD: list[Any] = [
    pytest.param(b'{"a": [1, -2.5, true, null, "x"]}', {"a": [1, -2.5, True, None, "x"]}, id="every kind"),
    pytest.param(b" [ ] ", [], id="space around"),
    pytest.param(b'"\xc3\xa9"', "é", id="UTF-8"),
    pytest.param(rb'"\u00e9"', "é", id="an escaped character"),
    pytest.param(rb'"\ud83d\ude00"', "\N{GRINNING FACE}", id="a whole surrogate pair"),
    pytest.param(rb'"\\ud800"', r"\ud800", id="an escaped backslash"),
    pytest.param(b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}], id="one key in two objects"),
    pytest.param(b"1e300", 1e300, id="a large number"),
]
BAD: list[Any] = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"{", id="cut short"),
    pytest.param(b"{} {}", id="two values"),
    pytest.param(b"{'a': 1}", id="single quotes"),
    pytest.param(b'{"a": 1,}', id="a comma too many"),
    pytest.param(b'{"a": 1, "a": 1}', id="a key twice"),
    pytest.param(rb'{"a": 1, "\u0061": 2}', id="a key twice, once escaped"),
    pytest.param(b'{"b": {"a": 1, "a": 2}}', id="a key twice further in"),
    pytest.param(b"NaN", id="NaN"),
    pytest.param(b'{"a": Infinity}', id="Infinity"),
    pytest.param(b"[-Infinity]", id="minus Infinity"),
    pytest.param(b"[1e400]", id="a number beyond all floats"),
    pytest.param(b"-1e999", id="a number below all floats"),
    pytest.param(b"1" * 5000, id="5,000 digits"),
    pytest.param(rb'"\ud800"', id="half a surrogate pair"),
    pytest.param(rb'{"\udfff": 1}', id="half a surrogate pair as a key"),
    pytest.param(rb'["\ude00\ud83d"]', id="a surrogate pair the wrong way round"),
    pytest.param(b'\xef\xbb\xbf{"a": 1}', id="a byte order mark"),
    pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
    pytest.param('{"a": 1}'.encode("utf-16-le"), id="UTF-16 without a mark"),
    pytest.param('{"a": 1}'.encode("utf-32-be"), id="UTF-32"),
    pytest.param(b'"\xff"', id="a byte that no UTF-8 has"),
    pytest.param(b'"\xed\xa0\x80"', id="a surrogate in UTF-8"),
    pytest.param(b'"\xc0\xaf"', id="a character in too many bytes"),
    pytest.param(b'"\x00"', id="a bare control character"),
    pytest.param(b"[" * 1000 + b"]" * 1000, id="1,000 lists in one another"),
    pytest.param(b"[" * 100_000, id="100 kB of brackets"),
    pytest.param(b'{"a":' * 1000 + b"1" + b"}" * 1000, id="1,000 objects in one another"),
]


@pytest.mark.parametrize(("raw", "value"), GOOD)
def test_plain_json_is_read(raw: bytes, value: object) -> None:
    """What one parser reads as every other does is taken."""
    assert loads(raw) == value


@pytest.mark.parametrize("raw", BAD)
def test_doubtful_json_is_refused(raw: bytes) -> None:
    """Each of these is a ValueError, and nothing else."""
    with pytest.raises(ValueError, match=r"\S"):
        loads(raw)


@pytest.mark.parametrize("beside", [b"", b"[]," * 20], ids=["alone", "beside others"])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
def test_nesting_ends_at_the_limit(start: bytes, end: bytes, beside: bytes) -> None:
    """Sixteen levels are read, one more is not."""
    deep = [b"[" + beside + start * levels + b"1" + end * levels + b"]" for levels in (15, 16)]
    assert loads(deep[0])
    with pytest.raises(ValueError, match="deep"):
        loads(deep[1])


def test_a_wide_value_is_not_a_deep_one() -> None:
    """Many brackets side by side are no nesting."""
    assert loads(b"[" + b",".join([b"[]"] * 100) + b"]") == [[]] * 100


def test_a_value_has_one_spelling() -> None:
    """Sorted keys, no space, ASCII: what is signed does not depend on how it was put together."""
    assert dumps({"b": 1, "a": "é"}) == dumps({"a": "é", "b": 1}) == rb'{"a":"\u00e9","b":1}'


scalars = (
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.sampled_from(["", "a", "é", "\N{OWL}"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@given(values)
def test_what_is_written_can_be_read(value: object) -> None:
    """The strict reader takes everything that its own writer makes."""
    assert loads(dumps(value)) == value
