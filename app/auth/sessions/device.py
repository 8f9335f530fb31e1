"""Names a device so that its owner recognizes it in a list."""

from __future__ import annotations

from ..lifecycle.rotation import MAX_LABEL_LENGTH

MAX_LOOKED_AT = 1024
"""Characters of a sent label that are read; the rest is ignored."""

# The first match counts: Edge and Opera also send the name Chrome, and Chrome sends Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("OPX/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
MAC = "Mac"
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", MAC),
    ("Linux", "Linux"),
)
MOBILE_ONLY = ("EdgiOS/", "OPX/", "OPT/", "FxiOS/", "CriOS/")
"""The names of browsers that exist only for iPhone and iPad; on an iPad they say that it is a Mac."""

UNKNOWN = "Unknown device"


def label_of(user_agent: str) -> str:
    """``Firefox on Windows`` for the User-Agent of one, at most MAX_LABEL_LENGTH characters."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if system == MAC:
        system = _mac_or_ipad(browser, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or tidy(user_agent.partition("/")[0]) or UNKNOWN


def _mac_or_ipad(browser: str, user_agent: str) -> str:
    """Safari sends the same User-Agent on an iPad and on a Mac, and no client hints."""
    if any(mark in user_agent for mark in MOBILE_ONLY):
        return "iPad"
    return f"{MAC} or iPad" if browser == "Safari" else MAC


def tidy(label: str) -> str:
    """A label without control characters and surplus space, cut to MAX_LABEL_LENGTH characters."""
    printable = "".join(character if character.isprintable() else " " for character in label[:MAX_LOOKED_AT])
    return " ".join(printable.split())[:MAX_LABEL_LENGTH]


def _first(marks: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in marks if mark in user_agent), "")
