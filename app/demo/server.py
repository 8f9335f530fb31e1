"""The server of the demo: gunicorn on a free port, with a temporary database."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from app import create_app
from app.db import db
from app.models import User
from app.site import ratchet

ROOT = Path(__file__).parents[2]
EMAIL = "ada@example.org"
PASSWORD = secrets.token_urlsafe(12)


@contextmanager
def serving(leeway: float) -> Iterator[str]:
    """Serve the site with one user, ada, and give the host and port it answers on."""
    with tempfile.TemporaryDirectory(prefix="ratchet-demo-") as folder:
        settings = {
            "SECRET_KEY": secrets.token_hex(32),
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/demo.sqlite",
            "RATCHET_LEEWAY": f"{leeway}s",
        }
        _prepare(settings)
        log = Path(folder) / "gunicorn.log"
        with _gunicorn({f"FLASK_{key}": value for key, value in settings.items()}, log) as host:
            yield host


def _prepare(settings: Mapping[str, str]) -> None:
    with create_app(settings).app_context():
        db.create_all()
        db.session.add(User(email=EMAIL, password_hash=ratchet.hash_new_password(PASSWORD)))
        db.session.commit()
        db.engine.dispose()


@contextmanager
def _gunicorn(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Hand a listening socket to gunicorn: its port is free, and the first request waits for a worker."""
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"fd://{listener.fileno()}"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            pass_fds=[listener.fileno()],
        )
    with process:
        try:
            _await_answer(host, log)
            yield host
        finally:
            process.terminate()


def _await_answer(host: str, log: Path) -> None:
    try:
        urlopen(f"http://{host}/sign-in", timeout=30).close()
    except OSError as error:
        raise RuntimeError(f"gunicorn does not answer:\n{log.read_text()}") from error
