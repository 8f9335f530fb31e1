"""The tables of a run, in Markdown, as docs/speed.md shows them."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from docs.generator import ROOT
from docs.generator.parts import markdown

from . import guard, refresh
from .results import Results, targets
from .served.at_once import TABS, Round
from .served.renewing import Kept
from .served.sign_in import SignIn, p99
from .served.stage import Figures
from .served.starting import Start
from .served.subjects import AT_ONCE, RATCHET, SHORT, VIEWS

PACKAGES = ("Flask", "SQLAlchemy", "PyJWT", "gunicorn", "psycopg")
PEERS = ("Flask-JWT-Extended", "Flask-Security", "djangorestframework_simplejwt", "Django")
PINS = ROOT / "bench" / "peers" / "requirements.txt"


HASTY = "This was a quick run: it has too few rounds for figures that can be relied on."


def parts(results: Results, databases: dict[str, str], *, hasty: bool = False) -> dict[str, str]:
    """Each part of the page that was measured, by its name there; ``hasty`` is a run with few rounds."""
    told = machine(databases)
    made = {"machine": f"{told}\n{HASTY}" if hasty else told}
    if found := targets(results):
        made["targets"] = markdown(
            ("target", "limit", "measured", "met"),
            [(one.claim, one.limit, one.measured, "yes" if one.met else "**no**") for one in found],
        )
    if results.guard:
        made["guard"] = guard.report(results.guard)
    if results.refresh:
        made["refresh"] = refresh.report(results.refresh)
    if results.guarded:
        made["guarded-served"] = views(results.guarded)
    if results.refreshes:
        made["refresh-served"] = refreshes(results)
    if results.at_once:
        made["at-once"] = tabs(results)
    if results.sign_in:
        made["sign-in"] = sign_in(results.sign_in)
    if results.starts:
        made["starts"] = starts(results.starts)
    return made


def machine(databases: dict[str, str]) -> str:
    """When and where this was measured, in one paragraph."""
    ours = [f"{name} {version(name)}" for name in PACKAGES]
    pins = pinned(PINS.read_text())
    theirs = [f"{name} {pins[name]}" for name in PEERS]
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {processor()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f} at the end; Python {platform.python_version()}, "
        f"{', '.join([*databases.values(), *ours])}; beside them {', '.join(theirs)}."
    )


def pinned(requirements: str) -> dict[str, str]:
    """The versions of packages, by name, that a file of requirements pins."""
    lines = [line.partition("==") for line in requirements.splitlines() if "==" in line]
    return {name: number for name, _, number in lines}


def processor() -> str:
    """The name of the processor, as Linux has it."""
    named = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return named[0].partition(": ")[2] if named else platform.machine()


def views(figures: dict[str, Figures]) -> str:
    """The guarded views, each beside the bare view of its framework."""
    rows = []
    for view in VIEWS:
        one, base = figures[view.name], figures[view.base]
        over = one.processor.middle - base.processor.middle
        shown = "" if view.name == view.base else f"{over:.0f}"
        rows.append((view.name, *_spent(one), shown))
    return markdown(("view", "µs of processor", "noise", "µs of wall time", "µs over the bare view"), rows)


def refreshes(results: Results) -> str:
    """The refreshes on each database, and their part of the floor's speed."""
    rows = [
        (kind, name, *_spent(one), f"{results.share(kind, name):.2f}")
        for kind, figures in results.refreshes.items()
        for name, one in figures.items()
    ]
    head = ("database", "refresh", "µs of processor", "noise", "µs of wall time", "part of the floor's speed")
    return markdown(head, rows)


def _spent(figures: Figures) -> tuple[str, str, str]:
    processor, wall = figures.processor, figures.wall
    return f"{processor.middle:.0f}", f"{processor.noise:.0f}", f"{wall.middle:.0f}"


def tabs(results: Results) -> str:
    """Six at once on each database, and the bytes that a refresh leaves."""
    rows = []
    for kind, by_name in results.at_once.items():
        for one in AT_ONCE:
            site = SHORT if one.site is RATCHET else one.site
            rows.append((kind, one.name, *_rounds(by_name[one.name]), _kept(results.kept[kind].get(site))))
    head = (
        "database",
        "site",
        f"succeed of {TABS}",
        "in all",
        "errors of the server",
        "last token works",
        "tokens that work",
        "bytes kept per refresh",
    )
    return markdown(head, rows)


def _rounds(rounds: Sequence[Round]) -> tuple[str, ...]:
    succeeded, sent = [one.succeeded for one in rounds], TABS * len(rounds)
    return (
        _span(succeeded),
        f"{sum(succeeded)} of {sent}",
        str(sum(one.broken for one in rounds)),
        f"{sum(one.alive for one in rounds)} of {len(rounds)}",
        _span([one.branches for one in rounds]),
    )


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def _kept(kept: Kept | None) -> str:
    return f"{kept.per_refresh:.0f}" if kept else "not measured"


def sign_in(measured: SignIn) -> str:
    """Sign-ins beside bcrypt, and refreshes beside sign-ins."""
    rows = [
        ("raw bcrypt", f"{median(measured.hashes):.2f} a second"),
        ("sign-ins", f"{median(measured.sign_ins):.2f} a second"),
        ("part of the speed of bcrypt", f"{measured.share:.3f}"),
        ("refresh, idle: median, p99", _latency(measured.idle)),
        ("refresh, while others sign in: median, p99", _latency(measured.busy)),
    ]
    return markdown(("what", "measured"), rows)


def _latency(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.1f} ms, {p99(seconds) * 1000:.1f} ms"


def starts(measured: dict[str, Start]) -> str:
    """Memory and cold start of each site."""
    rows = [(name, f"{one.memory:.0f} MB", f"{one.seconds:.2f} s") for name, one in measured.items()]
    return markdown(("site", "memory of a worker", "cold start"), rows)
