"""The story in the terminal is true, checks itself, and looks plain where nobody sees colours."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import redirect_stdout

import click
import pytest

from app.demo.__main__ import say
from app.demo.story import STORY
from tests.support import ROOT

ROW = re.compile(
    r"^ *\d+\.\d s  (\w+(?: \d)?) +(login|refresh|logout) +(\w+) +(200 \w|204|401 \w+)(?: |$)", re.MULTILINE
)
ESCAPE = "\x1b["


@pytest.mark.long
def test_the_story_comes_out_as_the_rule_says() -> None:
    """Two tabs share a token, a lost reply is recovered, thieves are found, and the end is the end."""
    finished = run()
    assert finished.returncode == 0, finished.stderr
    assert ROW.findall(finished.stdout) == [
        ("Ada", "login", "password", "200 A"),
        ("Ada", "refresh", "A", "200 B"),
        ("tab 1", "refresh", "B", "200 C"),
        ("tab 2", "refresh", "B", "200 C"),
        ("Ada", "refresh", "C", "200 D"),
        ("Ada", "refresh", "C", "200 E"),
        ("thief", "refresh", "E", "200 F"),
        ("Ada", "refresh", "E", "200 G"),
        ("thief", "refresh", "F", "401 refresh_token_reused"),
        ("Ada", "refresh", "G", "401 refresh_token_invalid"),
        ("Ada", "login", "password", "200 H"),
        ("Ada", "refresh", "H", "200 I"),
        ("thief", "refresh", "I", "200 I"),
        ("thief", "refresh", "I", "200 J"),
        ("thief", "refresh", "J", "200 J"),
        ("thief", "refresh", "J", "200 K"),
        ("Ada", "refresh", "I", "401 refresh_token_reused"),
        ("thief", "refresh", "K", "401 refresh_token_invalid"),
        ("Ada", "login", "password", "200 L"),
        ("Ada", "logout", "L", "204"),
        ("thief", "refresh", "L", "401 refresh_token_invalid"),
    ]
    assert ESCAPE not in finished.stdout
    assert max(len(line) for line in finished.stdout.splitlines()) <= 80


@pytest.mark.long
def test_a_step_that_comes_out_otherwise_ends_the_story_with_a_failure() -> None:
    """On a strict site two tabs are taken for a theft: the demo says so and exits with 1."""
    finished = run(FLASK_RATCHET_STRICT="true")
    assert finished.returncode == 1
    assert "should have got 200 C, not 401 refresh_token_reused" in finished.stderr
    assert "as told" not in finished.stdout


@pytest.mark.parametrize(
    ("no_color", "coloured"),
    [
        pytest.param("", True, id="a terminal is shown colours"),
        pytest.param("1", False, id="NO_COLOR keeps a terminal plain"),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a terminal is shown has colours unless it asked for none."""
    monkeypatch.setenv("NO_COLOR", no_color)
    screen, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stdout, redirect_stdout(stdout):
        say(click.style("A token", fg="green"))
        shown = os.read(screen, 100).decode()
    os.close(screen)
    assert "A token" in shown
    assert (ESCAPE in shown) is coloured


def test_every_step_presents_what_somebody_was_handed_before() -> None:
    """The table of the story never names a token before its birth."""
    handed_out = {"password"}
    for step in (step for scene in STORY for step in scene.steps):
        assert step.presents in handed_out
        handed_out.add(step.outcome.removeprefix("200 "))


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    """Tell the story with a short leeway."""
    return subprocess.run(
        [sys.executable, "-m", "app.demo", "--leeway", "1"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
