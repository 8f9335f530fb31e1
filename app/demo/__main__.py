"""Show the story, and check the outcome of every step: ``python -m app.demo``."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Mapping

import click

from .cast import Cast
from .server import serving
from .story import STORY, Scene

WIDTH = 80
COLUMNS = {"time": 7, "who": 5, "request": 7, "presents": 8, "outcome": 25, "verdict": 0}
HEADINGS = {"outcome": "comes back"}
COLOURS = {"2": "green", "4": "red", "5": "yellow"}


@click.command()
@click.option("--leeway", type=click.FloatRange(0.2, 60), default=1.5, help="Seconds (a site has 30).")
def tell(leeway: float) -> None:
    """Show the rule as a timeline of real requests to a server with two workers."""
    say(click.style("The rule, as it happens", bold=True))
    say(_wrapped(f"Real requests to a server of two workers. Its leeway is {leeway:g} s; a site has 30 s."))
    say("\n" + click.style(_row({name: HEADINGS.get(name, name) for name in COLUMNS}), dim=True))
    with serving(leeway) as host:
        cast, elapsed = Cast(host), _stopwatch()
        for scene in STORY:
            if scene.later:
                time.sleep(leeway)
            _play(scene, cast, elapsed)
    say(click.style("\nEvery step came out as told.", bold=True))


def _play(scene: Scene, cast: Cast, elapsed: Callable[[], float]) -> None:
    """Show a scene; a step with another outcome ends the demo."""
    say("\n" + click.style(scene.title, bold=True) + (", one leeway later" if scene.later else ""))
    say(_wrapped(scene.tale))
    surprises = []
    for step, outcome in zip(scene.steps, cast.play(scene), strict=True):
        say(_row({"time": f"{elapsed():.1f} s", **step._asdict(), "outcome": outcome}))
        if outcome != step.outcome:
            surprises.append(f"{step.who} should have got {step.outcome}, not {outcome}.")
    if surprises:
        raise click.ClickException(" ".join(surprises))


def _row(cells: Mapping[str, str]) -> str:
    padded = {name: cells[name].ljust(width) for name, width in COLUMNS.items()}
    padded["time"] = cells["time"].rjust(COLUMNS["time"])
    outcome = cells["outcome"]
    coloured = click.style(outcome, fg=COLOURS.get(outcome[0]))
    padded["outcome"] = padded["outcome"].replace(outcome, coloured)
    return "  ".join(padded.values()).rstrip()


def _stopwatch() -> Callable[[], float]:
    start = time.monotonic()
    return lambda: time.monotonic() - start


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH)


def say(text: str) -> None:
    """Print; in colour only on a terminal, and only if NO_COLOR is not set (https://no-color.org)."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


if __name__ == "__main__":
    tell()
