"""A name for a device that its owner recognises in a list."""

from __future__ import annotations

from ..lifecycle.rotation import MAX_LABEL_LENGTH

MAX_LOOKED_AT = 1024
"""Characters of what is sent as a label; what stands behind them is not looked at."""

# The first match counts: Edge and Opera also call themselves Chrome, Chrome calls itself Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
UNKNOWN = "Unknown device"


def label_of(user_agent: str) -> str:
    """``Firefox on Windows`` for the User-Agent of one, at most MAX_LABEL_LENGTH characters."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or tidy(user_agent.partition("/")[0]) or UNKNOWN


def tidy(label: str) -> str:
    """A label without control characters and surplus space, cut to MAX_LABEL_LENGTH characters."""
    printable = "".join(character if character.isprintable() else " " for character in label[:MAX_LOOKED_AT])
    return " ".join(printable.split())[:MAX_LABEL_LENGTH]


def _first(marks: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in marks if mark in user_agent), "")
