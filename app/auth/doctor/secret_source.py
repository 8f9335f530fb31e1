"""Whether the app has the same secret each time it is loaded.

A secret that is generated when the app starts is different in each worker. A token that one worker signs is
then refused by the others, and people are signed out at random.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from contextlib import suppress

import click
from flask import Flask
from flask.cli import ScriptInfo

TIMEOUT = 60
"""Seconds that loading the app may take."""

PROGRAM = """\
import hashlib, sys
from flask.cli import ScriptInfo
secret = ScriptInfo(sys.argv[1] or None).load_app().config["SECRET_KEY"]
print(hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest())
"""
"""Loads the app, and tells this process the hash of its secret; nobody else reads it."""


def is_drawn_anew(app: Flask) -> bool:
    """Whether another process that loads the app has another secret; False where that cannot be tried.

    The app is loaded as the command line of Flask found it. If the app was passed as an
    object, as in a test, it cannot be loaded again.
    """
    context = click.get_current_context(silent=True)
    info = context.find_object(ScriptInfo) if context else None
    if info is None or info.create_app is not None:
        return False
    with suppress(OSError, subprocess.SubprocessError):
        other = subprocess.run(  # noqa: S603  # our own program, and the app that is loaded anyway
            [sys.executable, "-c", PROGRAM, info.app_import_path or ""],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=True,
        )
        return _hash(app.config["SECRET_KEY"]) not in other.stdout.splitlines()
    return False


def _hash(secret: str | bytes) -> str:
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()
