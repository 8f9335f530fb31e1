"""The site as it is in production: gunicorn with several workers, migrated, on a free port."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.db import db
from tests.support import ROOT

from . import gunicorn
from .gunicorn import Server

SECRET = "the secret of a served site, forty characters"
DEFAULTS = {"FLASK_APP": "wsgi", "FLASK_SECRET_KEY": SECRET, "FLASK_RATCHET_BCRYPT_ROUNDS": "10"}


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
    options = ["--workers", str(workers), "--threads", str(threads)]
    with gunicorn.running("wsgi:app", environment_for(url, **environment), options, log=log) as running:
        yield running


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
