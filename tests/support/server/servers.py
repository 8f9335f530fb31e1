"""The site as it is in production: gunicorn with several workers, migrated, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.request import urlopen

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.db import db
from tests.support import ROOT

SECRET = "the secret of a served site, forty characters"
DEFAULTS = {"FLASK_APP": "wsgi", "FLASK_SECRET_KEY": SECRET, "FLASK_RATCHET_BCRYPT_ROUNDS": "10"}
BOOT_SECONDS = 60
STOP_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """A running site: where it answers, and gunicorn's master process."""

    base_url: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(url: str, workers: int = 2, threads: int = 4, **environment: str) -> Iterator[str]:
    """Serve the site on the database at ``url`` and give its address, such as ``http://127.0.0.1:4711``.

    ``environment`` is what to set beside the defaults of this module: ``FLASK_RATCHET_LEEWAY="2s"``.
    """
    with server(url, workers, threads, **environment) as running:
        yield running.base_url


@contextmanager
def server(url: str, workers: int = 2, threads: int = 4, **environment: str) -> Iterator[Server]:
    """As ``serving``, for a test that also wants the process."""
    with logged_server(url, None, workers, threads, environment) as running:
        yield running


@contextmanager
def logged_server(
    url: str, log: IO[bytes] | None, workers: int, threads: int, environment: Mapping[str, str]
) -> Iterator[Server]:
    """As ``server``; what the site prints goes to ``log``, where there is one."""
    with site_on(url):
        pass
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        process = _start(listener, workers, threads, environment_for(url, **environment), log)
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with process:
        try:
            # The listener is handed over already listening: the first request waits until a worker takes it.
            urlopen(f"{base_url}/sign-in", timeout=BOOT_SECONDS).close()  # noqa: S310  # our own address
            yield Server(base_url, process)
        finally:
            _stop(process)


@contextmanager
def site_on(url: str) -> Iterator[Flask]:
    """The site in this process, on the same database, migrated: to put users in and to look at rows."""
    site = create_app({"TESTING": True, "SECRET_KEY": SECRET, "SQLALCHEMY_DATABASE_URI": url})
    with site.app_context():
        try:
            upgrade(str(ROOT / "migrations"))
            yield site
        finally:
            db.session.remove()
            db.engine.dispose()


def environment_for(url: str, **environment: str) -> dict[str, str]:
    """The environment of a program of the site; what configures Flask outside the tests does not leak in."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    return {**outer, "DATABASE_URL": url, **DEFAULTS, **environment}


def _start(
    listener: socket.socket,
    workers: int,
    threads: int,
    environment: Mapping[str, str],
    log: IO[bytes] | None,
) -> subprocess.Popen[bytes]:
    port = listener.fileno()
    options = ["--bind", f"fd://{port}", "--workers", str(workers), "--threads", str(threads)]
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "wsgi:app"],
        cwd=ROOT,
        env=environment,
        pass_fds=[port],
        stdout=log,
        stderr=log,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
