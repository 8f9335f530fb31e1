"""The house, open: gunicorn in front of it, and the ways to steer it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from flask import Flask

from app.db import db
from app.models import User
from tests.conftest import add_user
from tests.support import ROOT
from tests.support.server.servers import BOOT_SECONDS, environment_for, site_on

from .house import __name__ as house


@dataclass(frozen=True)
class House:
    """A house that is open: its port on loopback, and the folder that steers it."""

    port: int
    folder: Path
    site: Flask

    def turn_clock(self, seconds: float) -> None:
        """Turn the clock of the server ahead."""
        _write(self.folder / "clock", str(self.ahead + seconds))

    @property
    def ahead(self) -> float:
        """How far ahead the clock of the server is, in seconds."""
        return float((self.folder / "clock").read_text())

    def add_user(self, name: str, **columns: object) -> None:
        """Let somebody move in, with the usual password."""
        add_user(self.site, f"{name}@example.org", name, **columns)

    def writes(self, name: str) -> int:
        """How often Ratchet has written the row of somebody who lives here."""
        with self.site.app_context():
            version = db.select(User.sessions_version).where(User.username == name)
            return int(db.session.execute(version).scalar_one())


@contextmanager
def open_house(url: str, folder: Path, seen_as: str | None = None, **settings: str) -> Iterator[House]:
    """Open a house on the database at ``url``, where the server sees it as ``seen_as``.

    ``settings`` are added to the environment of the server.
    """
    _write(folder / "clock", "0")
    environment = environment_for(seen_as or url, HOUSE_FOLDER=str(folder), **settings)
    with site_on(url) as site:
        pass
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        process = _start(listener.fileno(), environment)
    with process:
        try:
            # The socket already listens: the first request waits until a worker takes it.
            urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=BOOT_SECONDS).close()
            yield House(port, folder, site)
        finally:
            process.terminate()
            _let_go(site)


def _start(listener: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    options = ["--bind", f"fd://{listener}", "--workers", "1", "--threads", "8", "--graceful-timeout", "1"]
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, f"{house}:create_app()"],
        cwd=ROOT,
        env=environment,
        pass_fds=[listener],
    )


def _let_go(site: Flask) -> None:
    with site.app_context():
        db.engine.dispose()


def _write(path: Path, content: str) -> None:
    """Write a file that is never seen half written."""
    draft = path.with_suffix(".draft")
    draft.write_text(content)
    draft.replace(path)
