"""What an engine has and does that concerns the client and the pages: the table in docs/client.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docs.generator import DOCS
from docs.generator.parts import markdown, part

from .behind_tls import Served
from .window import EngineBrowser

PAGE = DOCS / "client.md"
PART = "browsers"
REWRITE = "write it anew: python -m tests.support.engines"

HAS = {
    "Web Locks: tabs take turns to refresh": "Boolean(navigator.locks)",
    "BroadcastChannel: tabs hand each other what they got": "Boolean(window.BroadcastChannel)",
    "Cookie Store: a sign-out without script is noticed at once": "Boolean(window.cookieStore)",
    "`keepalive`: a refresh outlives its page": "'keepalive' in Request.prototype",
}
"""By a row of the table, the expression that says whether it holds, on a page by https."""

ON_LOCALHOST = {
    "`http://localhost` is a secure context": "window.isSecureContext",
    "`http://localhost` keeps `Secure` cookies": "document.cookie.includes('signedIn')",
}
"""The same, on a page by plain http that has set cookies."""

SENDS = "`Sec-Fetch-Site`: the server knows which site a request came from"
BACK = "the back button to a page that redirects shows the new address"


def measured(browser: EngineBrowser, served: Served, name: str) -> dict[str, str]:
    """By row, what holds in that browser: ``yes`` or ``no``."""
    window = browser.enter(name)
    facts = {row: window.says(script) for row, script in HAS.items()}
    facts[SENDS] = b"sec-fetch-site: same-origin" in browser.asked("GET /panel")[0].lower()
    window.open(f"/let-in?name={name}", f"http://localhost:{served.house.port}")
    facts |= {row: window.says(script) for row, script in ON_LOCALHOST.items()}
    window.open("/account")
    window.sign_out_and_go_back()
    facts[BACK] = window.path.startswith("/sign-in")
    return {row: "yes" if holds else "no" for row, holds in facts.items()}


def written_about(engine: str) -> dict[str, str]:
    """By row, what the page says of an engine."""
    head, _, *rows = map(_cells, part(PAGE.read_text(), PART).splitlines())
    return {row[0]: row[head.index(engine)] for row in rows}


def table(facts: Mapping[str, Mapping[str, str]]) -> str:
    """The table, by engine and row."""
    rows = [(row, *(facts[engine][row] for engine in facts)) for row in next(iter(facts.values()))]
    return markdown(("", *facts), rows)


def _cells(line: str) -> Sequence[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
