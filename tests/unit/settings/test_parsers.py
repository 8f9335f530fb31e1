"""What the value of a setting may be, where the table of settings does not show it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.auth.settings import parsers

Reader = Callable[[Any], Any]
APP_ORIGINS = (
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "app://localhost",
    "app://.",
    "app://obsidian.md",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc",
    "safari-web-extension://2C127FA4-62C7-7E4F-90E5-472B45EECFDC",
)
"""What the browser inside a program, and an extension of a browser, send as Origin."""

GOOD: list[Any] = [
    pytest.param(parsers.duration(), timedelta(days=2), 172_800, id="a timedelta"),
    pytest.param(parsers.duration(), 1, 1, id="one second, the shortest by default"),
    pytest.param(parsers.duration(0, 120), "0s", 0, id="the lower bound"),
    pytest.param(parsers.duration(0, 120), "2m", 120, id="the upper bound"),
    pytest.param(parsers.whole(1, 3), 1, 1, id="the smallest whole number"),
    pytest.param(parsers.whole(1, 3), 3, 3, id="the largest whole number"),
    pytest.param(parsers.flag, False, False, id="false"),
    pytest.param(parsers.text, " a ", " a ", id="text is kept as it is"),
    pytest.param(parsers.optional_text, None, None, id="no text"),
    pytest.param(parsers.prefix, "/", "/", id="the root"),
    pytest.param(parsers.prefix, "/api/v1_2/sign-in", "/api/v1_2/sign-in", id="a longer path"),
    pytest.param(parsers.cookie_name, "__Host-rt", "__Host-rt", id="a name with a prefix"),
    pytest.param(parsers.domain, ".example.org", ".example.org", id="a domain with a dot in front"),
    pytest.param(parsers.samesite, "Strict", "Strict", id="SameSite"),
    pytest.param(parsers.origins, "http://[::1]:8000", frozenset({"http://[::1]:8000"}), id="one origin"),
    pytest.param(parsers.origins, [], frozenset(), id="no origin"),
    pytest.param(parsers.page, "/sign-in?next=/", "/sign-in?next=/", id="a page"),
    pytest.param(parsers.page, None, None, id="no page"),
    pytest.param(parsers.page, "sign_in", "sign_in", id="an endpoint of the app"),
    pytest.param(
        parsers.page, "a-b.c.sign_in", "a-b.c.sign_in", id="an endpoint of a blueprint within another"
    ),
    *(pytest.param(parsers.origins, one, frozenset({one}), id=one) for one in APP_ORIGINS),
]
BAD: dict[str, tuple[Reader, tuple[Any, ...]]] = {
    "a duration": (parsers.duration(), (0, 0.999, -1, "0.5s", "soon", None, True, timedelta(0))),
    "a duration within bounds": (parsers.duration(1, 120), (0, 120.001, "3m")),
    "a whole number": (parsers.whole(1, 3), (0, 4, 1.0, "1", True, None, [1])),
    "a flag": (parsers.flag, (0, 1, "true", "", None, [])),
    "text": (parsers.text, ("", " \t", None, 5, b"a")),
    "text or none": (parsers.optional_text, ("", " ", 5, False)),
    "a path": (
        parsers.prefix,
        ("", "auth", "/auth/", "//auth", "/a//b", "/a/../b", "/a b", "/a?b", "/<x>", "/ä", "/a\n", 5),
    ),
    "the name of a cookie": (
        parsers.cookie_name,
        ("", "a b", "a=b", "a;b", "a,b", 'a"b', "é", "a\n", "accessToken", "signedIn", None),
    ),
    "a domain": (
        parsers.domain,
        ("", "https://a.example", "a.example:443", "a b", "a;b", "a,b", "a@b", "bü.de", "a\r\nb", 5),
    ),
    "SameSite": (parsers.samesite, ("lax", "NONE", "", None, True, ["Lax"])),
    "a page": (
        parsers.page,
        (
            "",
            "sign-in",
            ".sign_in",
            "a..b",
            "a.b/",
            "a:b",
            "ä",
            "a\n",
            "https://a.example/",
            "//a.example",
            "/\\a.example",
            "/ä",
            "/a\r\nb",
            5,
        ),
    ),
    "origins": (parsers.origins, (None, 5, [5], [None], [["https://a.example"]], [b"https://a.example"])),
    "an origin": (
        parsers.origins,
        (
            "",
            "null",
            "*",
            "a.example",
            "//a.example",
            "https://",
            "ftp://a.example",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?query",
            "https://a.example#fragment",
            "https://A.example",
            "HTTPS://a.example",
            "https://user@a.example",
            "https://*.a.example",
            "https://a.example:443",
            "http://a.example:80",
            "https://a.example:99999",
            "https://a.example:port",
            "https://münchen.example",
            "https://a b.example",
            "https://a.example ",
            "https://a.example\n",
            "https://[::1",
            "capacitor://",
            "capacitor://localhost/",
            "capacitor://localhost/index.html",
            "capacitor://user@localhost",
            "capacitor://localhost:99999",
            "capacitor://*",
            "capacitor://localhost\n",
            "CAPACITOR://localhost",
            "extension://a",
            "-extension://a",
            "chrome-extension://",
            "file://",
            "data://a",
            "about:blank",
        ),
    ),
}


@pytest.mark.parametrize(("reader", "value", "kept"), GOOD)
def test_a_good_value_is_kept(reader: Reader, value: object, kept: object) -> None:
    """Bounds are included."""
    assert reader(value) == kept


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        pytest.param(reader, value, id=f"{value!r} is not {name}")
        for name, (reader, values) in BAD.items()
        for value in values
    ],
)
def test_a_bad_value_is_refused(reader: Reader, value: object) -> None:
    """ValueError or TypeError, which the settings turn into a sentence."""
    with pytest.raises((ValueError, TypeError)):
        reader(value)
