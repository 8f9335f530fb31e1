"""What a device is called in its owner's list."""

from __future__ import annotations

import pytest

from app.auth.lifecycle.rotation import MAX_LABEL_LENGTH
from app.auth.sessions.device import label_of, tidy

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
        "Firefox on Windows",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox on Linux"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on Mac"),
    (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on ChromeOS"),
    (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
    (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0 Safari/537.36 OPR/120.0", "Opera on Windows"),
    (
        f"Mozilla/5.0 (Linux; Android 10) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Safari/537.36",
        "Samsung Internet on Android",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Safari/604.1",
        "Safari on iPhone",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Safari/604.1",
        "Chrome on iPad",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) FxiOS/142.0 Safari/605.1.15",
        "Firefox on iPhone",
    ),
    (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.6 Safari/605.1",
        "Safari on Mac or iPad",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:142.0) Gecko/20100101 Firefox/142.0",
        "Firefox on Mac",
    ),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} CriOS/140.0 Safari/604.1", "Chrome on iPad"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} FxiOS/142.0 Safari/605.1", "Firefox on iPad"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} EdgiOS/140.0 Safari/604.1", "Edge on iPad"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/140.0 Edg/140.0", "Edge on Mac"),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Safari/604.1 OPT/5.0",
        "Opera on iPhone",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Safari/604.1 OPX/2.0",
        "Opera on iPhone",
    ),
    ("curl/8.5.0", "curl"),
    ("Mozilla/5.0 (Linux; U) Unheard/1.0", "Linux"),
    ("python-requests/2.32", "python-requests"),
    ("", "Unknown device"),
    ("\0\n", "Unknown device"),
    ("/1.0", "Unknown device"),
    ("x" * 5000, "x" * MAX_LABEL_LENGTH),
]


@pytest.mark.parametrize(("user_agent", "label"), AGENTS, ids=[label for _, label in AGENTS])
def test_a_device_is_called_by_browser_and_system(user_agent: str, label: str) -> None:
    """Browsers claim to be one another; the one that is meant is named."""
    assert label_of(user_agent) == label


@pytest.mark.parametrize(
    ("label", "tidied"),
    [
        pytest.param("Ada's laptop", "Ada's laptop", id="a plain name stays"),
        pytest.param("  my \t phone  ", "my phone", id="surplus space goes"),
        pytest.param("one\r\nSet-Cookie: two", "one Set-Cookie: two", id="a line's end becomes a space"),
        pytest.param("\x1b[31mred\x07", "[31mred", id="control characters go"),
        pytest.param("a\u202eb\u200bc", "a b c", id="invisible characters become space"),
        pytest.param("\ud800phone", "phone", id="half a surrogate pair goes"),
        pytest.param("Büro \N{OWL}", "Büro \N{OWL}", id="letters and pictures of any script stay"),
        pytest.param("x" * 65, "x" * 64, id="a long name is cut"),
        pytest.param("\N{OWL}" * 65, "\N{OWL}" * 64, id="characters are counted, not bytes"),
        pytest.param(" \n ", "", id="nothing is left of nothing"),
    ],
)
def test_a_label_is_tidied(label: str, tidied: str) -> None:
    """What a person or a program calls a device can be shown and logged."""
    assert tidy(label) == tidied
