"""Cookie headers that no browser sends: nothing is read of them, and nothing fails."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .test_cookies import GOOD, TOKEN, read

NOTHING: list[Any] = [
    pytest.param("", id="nothing"),
    pytest.param(";;;", id="nothing but semicolons"),
    pytest.param(GOOD, id="a value without a name"),
    pytest.param(f"={GOOD}", id="an empty name"),
    pytest.param(f"=refreshToken={GOOD}", id="a nameless cookie that looks like ours"),
    pytest.param(f"refreshtoken={GOOD}", id="the name in another case"),
    pytest.param(f"refreshToken2={GOOD}", id="a longer name"),
    pytest.param(f"xrefreshToken={GOOD}", id="a name with a prefix"),
    pytest.param(f"__Host-refreshToken={GOOD}", id="a name of another kind"),
    pytest.param(f"$refreshToken={GOOD}", id="a name with a dollar"),
    pytest.param(f"$Version=1,refreshToken={GOOD}", id="$Version, comma-joined"),
    pytest.param(f"other=1, refreshToken={GOOD}", id="comma-joined behind another"),
    pytest.param(f'other="; refreshToken={GOOD}"', id="within the quotes of another, closed"),
    pytest.param("refreshToken=", id="an empty value"),
    pytest.param("refreshToken=.", id="a dot"),
    pytest.param('refreshToken=""', id="empty quotes"),
    pytest.param(f"refreshToken={TOKEN}", id="a token without a signature"),
    pytest.param(f"refreshToken={TOKEN}.", id="an empty signature"),
    pytest.param(f"refreshToken={GOOD[:-1]}", id="a signature cut short"),
    pytest.param(f"refreshToken=x{GOOD}", id="another token under the signature"),
    pytest.param(f"refreshToken={GOOD}, refreshToken={GOOD}", id="comma-joined with itself"),
    pytest.param(f"refreshToken={GOOD},", id="a comma behind"),
    pytest.param(f"refreshToken={GOOD} {GOOD}", id="twice in one value"),
    pytest.param(f"refreshToken='{GOOD}'", id="single quotes"),
    pytest.param(f'refreshToken="{GOOD}"', id="quotes"),
    pytest.param(f'refreshToken="{GOOD[:9]}\\{GOOD[9:]}"', id="quotes and a backslash"),
    pytest.param(f'refreshToken="{GOOD}', id="a quote that is not closed"),
    pytest.param(f'refreshToken="{GOOD}"x', id="something behind the quotes"),
    pytest.param(f"refreshToken=%22{GOOD}%22", id="quoted for an address"),
    pytest.param('refreshToken="\\351\\377"', id="octal escapes"),
    pytest.param(f"refreshToken=\xff\xfe{GOOD}", id="bytes that no UTF-8 has"),
    pytest.param(f"refreshToken=Ã©{GOOD}", id="an accent in UTF-8"),
    pytest.param(f"refreshToken={GOOD}\0", id="a NUL"),
    pytest.param("refreshToken=" + "a." * 4500, id="9 kB"),
]


@pytest.mark.parametrize("header", NOTHING)
def test_holds_no_refresh_token(header: str) -> None:
    """There is no cookie of that name, or its signature does not hold."""
    assert not read(header)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f" refreshToken={GOOD} ", id="space around"),
        pytest.param(f"theme=dark; refreshToken={GOOD}; lang=en", id="among others"),
        pytest.param(f"\xff=\xfe; refreshToken={GOOD}", id="behind one that is not ASCII"),
        pytest.param(
            f"$Version=1; refreshToken={GOOD}; $Path=/", id="beside $Version, a cookie like any other"
        ),
        pytest.param(f"refreshToken={GOOD}=", id="with padding behind the signature"),
    ],
)
def test_is_read_as_the_very_token(header: str) -> None:
    """A mangled copy is at worst the same token.

    RFC 6265 knows no $Version: whoever can set a cookie of that name, a sibling host, signs nobody out by it.
    """
    assert read(header) == [TOKEN]


latin = st.text(st.sampled_from(GOOD + ' ;,="\\$\t\0\x7f\x80\xe9\xff'), max_size=40)


@given(latin, latin)
def test_no_header_makes_the_reader_fail(before: str, behind: str) -> None:
    """Whatever bytes come, they are read as the token that was signed, or as none."""
    assert set(read(f"{before}refreshToken={GOOD}{behind}") or ()) <= {TOKEN}
