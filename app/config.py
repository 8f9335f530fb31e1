"""Settings of the reference site: defaults, then the environment (``FLASK_…``), then overrides."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import QueuePool
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from . import private
from .auth import check_secret

MAX_FORM_BYTES = 16 * 1024
"""Bytes: two passwords of the greatest length, percent-encoded. Parsing a form of 500 kB can take 200 ms."""

KEY_FILE = "secret_key"
DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"} | dict.fromkeys(
    ("mysql", "mariadb"), "mysql+pymysql"
)
_MARIADB = {
    "connect_args": {
        "connect_timeout": 3,
        "read_timeout": 10,
        "write_timeout": 10,
        "charset": "utf8mb4",
        "init_command": "SET SESSION innodb_lock_wait_timeout = 1",
    }
}
ENGINE_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"connect_args": {"timeout": 5}},
    "postgresql": {
        "connect_args": {
            "connect_timeout": 3,
            "tcp_user_timeout": 10_000,
            "options": "-c lock_timeout=1000",
        }
    },
    "mysql": _MARIADB,
    "mariadb": _MARIADB,
}
"""Per database: an exhausted pool or a lock fails within seconds, so that the reply is a 503 and no hang."""

POOLED = {"connect_timeout": 3, "tcp_user_timeout": 10_000, "prepare_threshold": None}
"""``connect_args`` for PostgreSQL behind a pooler that gives each transaction another connection.

A statement that is prepared on one connection is unknown, or is another one, on the next. PgBouncer refuses
``options``; the time limit for locks is then set in the database (docs/deploying.md).
"""

HIDDEN = {"hide_parameters": True}
"""For every database: an unexpected error goes to the log without the values of its row."""


def load(app: Flask, overrides: Mapping[str, Any]) -> None:
    """Configure ``app``; ValueError if the secret can be guessed or the database has no valid URL."""
    app.config.from_mapping(
        PROXY_HOPS=0, DATABASE_POOLER=False, RATCHET_LOGIN_URL="/sign-in", MAX_CONTENT_LENGTH=MAX_FORM_BYTES
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(overrides)
    instance = Path(app.instance_path)
    if not app.config.get("SECRET_KEY") and (instance / KEY_FILE).is_file():
        app.config["SECRET_KEY"] = (instance / KEY_FILE).read_text().strip()
    _check_secret(app)
    private.folder(instance)
    url = app.config.get("SQLALCHEMY_DATABASE_URI") or os.environ.get("DATABASE_URL")
    url = _with_driver(url or f"sqlite:///{instance / 'ratchet.sqlite'}")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    options = _engine_options(_parse(url), pooler=bool(app.config["DATABASE_POOLER"]))
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)


def _check_secret(app: Flask) -> None:
    """Refuse a secret that is not random; Ratchet itself refuses a missing one."""
    secret = app.config.get("SECRET_KEY")
    if isinstance(secret, str | bytes) and not app.debug and not app.testing:
        check_secret(secret)


class ImpatientPool(QueuePool):
    """A pool that fails after half a second if it is exhausted (a setting allows only whole seconds)."""

    def __init__(self, creator: Any, **options: Any) -> None:
        super().__init__(creator, **{"timeout": 0.5, **options})


def _engine_options(url: URL, *, pooler: bool) -> dict[str, Any]:
    options = HIDDEN | ENGINE_OPTIONS.get(url.get_backend_name(), {})
    if pooler and url.get_backend_name() == "postgresql":
        options |= {"connect_args": POOLED}
    in_memory = url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
    return options if in_memory else {"poolclass": ImpatientPool, **options}


def _parse(url: str) -> URL:
    """The URL of a database; the parser's own message is dropped, as it can hold a part of the password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(
            "SQLALCHEMY_DATABASE_URI (or DATABASE_URL) is no URL of a database. "
            "Write special characters of its password as %40 and the like."
        ) from None


def _with_driver(url: str) -> str:
    """The URL with the driver that requirements.txt installs, if it names none."""
    scheme, separator, rest = url.partition("://")
    return f"{DRIVERS.get(scheme, scheme)}{separator}{rest}"
