"""The shop, open: gunicorn with two workers on SQLite, and the ways to steer it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from sqlalchemy import URL, create_engine, text

from tests.conftest import HASH
from tests.support import ROOT

from .shop import db

KEEP_ALIVE_SECONDS = 90
"""Longer than a wire holds a request: Chromium sends one again whose connection was closed for idleness."""

BOOT_SECONDS = 60
STOP_SECONDS = 20


@dataclass(frozen=True)
class Shop:
    """A shop that is open: its port on loopback, and the folder that steers it."""

    port: int
    folder: Path

    def turn_clock(self, seconds: float) -> None:
        """Turn the clock of the server ahead."""
        ahead = float((self.folder / "clock").read_text()) + seconds
        _write(self.folder / "clock", str(ahead))

    @contextmanager
    def refusing(self, status: int, body: str = "", **headers: str) -> Iterator[None]:
        """Answer every refresh like this; ``Retry_After="1"`` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        _write(self.folder / "refused", "")
        _write(self.folder / "refusal", json.dumps([status, named, body]))
        try:
            yield
        finally:
            (self.folder / "refusal").unlink()

    @property
    def refusals(self) -> int:
        """How often it was answered like that."""
        return len((self.folder / "refused").read_text())

    def execute(self, statement: str, **values: object) -> None:
        """Change the shop's database."""
        engine = create_engine(database_of(self.folder))
        with engine.begin() as connection:
            connection.execute(text(statement), values)
        engine.dispose()


@contextmanager
def open_shop(folder: Path, **environment: str) -> Iterator[Shop]:
    """Open a shop whose customers are ada and bob; ``environment`` is added to that of the server."""
    _write(folder / "clock", "0")
    _add_customers(folder)
    outer = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    settings = {
        "FLASK_SECRET_KEY": "the secret of the shop, also forty characters",
        "FLASK_RATCHET_BCRYPT_ROUNDS": "10",
        "SHOP_FOLDER": str(folder),
    }
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        process = _start(listener.fileno(), folder, {**outer, **settings, **environment})
    with process:
        try:
            # The socket already listens: the first request waits until a worker takes it.
            urlopen(f"http://127.0.0.1:{port}/plain", timeout=BOOT_SECONDS).close()
            yield Shop(port, folder)
        finally:
            _stop(process)


def _start(listener: int, folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    options = ["--bind", f"fd://{listener}", "--workers", "2", "--threads", "4", "--pythonpath", str(ROOT)]
    options += ["--keep-alive", str(KEEP_ALIVE_SECONDS)]
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, f"{__package__}.shop:create_app()"],
        cwd=folder,  # not the settings of the reference site
        env=environment,
        pass_fds=[listener],
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def database_of(folder: Path) -> URL:
    """Where the shop's database is."""
    return URL.create("sqlite", database=str(folder / "shop.sqlite"))


def _add_customers(folder: Path) -> None:
    engine = create_engine(database_of(folder))
    db.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("PRAGMA journal_mode = WAL"))
        for name in ("ada", "bob"):
            connection.execute(
                text("INSERT INTO customers (email, username, password_hash) VALUES (:email, :name, :hash)"),
                {"email": f"{name}@example.org", "name": name, "hash": HASH},
            )
    engine.dispose()


def _write(path: Path, content: str) -> None:
    """Write a file that is never seen half written."""
    draft = path.with_suffix(".draft")
    draft.write_text(content)
    draft.replace(path)
