"""What the host's own commands and server are called, so that a remedy can be copied into a terminal."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

TIMEOUT = 30
"""Seconds that gunicorn may take to read its configuration."""

PROGRAM = """\
import os
from gunicorn.app.base import Application
from gunicorn.config import Workers

if "WEB_CONCURRENCY" not in os.environ:
    Workers.default = 0


class Server(Application):
    def init(self, *_):
        return None

    def load(self):
        return None


print(Server().cfg.workers)
"""
"""Lets gunicorn read what it would read at its start; 0 where nothing says how many workers it has."""


def flask(command: str) -> str:
    """The command line of a command of the app, by the program and ``--app`` that this one was called by."""
    context = click.get_current_context(silent=True)
    if context is None:
        return f"flask {command}"
    root, info = context.find_root(), context.find_object(ScriptInfo)
    program = root.info_name if isinstance(root.command, FlaskGroup) and root.info_name else "flask"
    path = info.app_import_path if info else None
    if path is None or path == os.environ.get("FLASK_APP"):
        return f"{program} {command}"
    return f"{program} --app {shlex.quote(path)} {command}"


def migrate(app: Flask) -> str:
    """The remedy for a database that is behind the models: the command of the host's migration tool."""
    groups = {"db"} if "migrate" in app.extensions else set()
    groups |= {name for name, group in app.cli.commands.items() if _has_upgrade(group)}
    if groups:
        return f"Run the pending migrations: {flask(f'{min(groups)} upgrade')}."
    if Path("alembic.ini").is_file():
        return "Run the pending migrations: alembic upgrade head."
    return "Add the columns in a migration, or create the table if there is none; see docs/adopting.md."


def workers() -> int | None:
    """How many workers the server starts, or None where nothing here says that.

    gunicorn is asked: it reads gunicorn.conf.py, GUNICORN_CMD_ARGS and WEB_CONCURRENCY. Without gunicorn,
    WEB_CONCURRENCY counts, which other servers read too. What a command line of the server says is not known.
    """
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        asked = subprocess.run(  # noqa: S603  # our own program, and the configuration that is loaded anyway
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        told = os.environ.get("WEB_CONCURRENCY", "") if asked.returncode else asked.stdout.split()[-1]
        return int(told) or None
    return None


def _has_upgrade(group: click.Command) -> bool:
    return isinstance(group, click.Group) and "upgrade" in group.commands
