"""The least that a rotating refresh token can cost: bare Flask and the driver of the database.

A refresh is one ``UPDATE … RETURNING`` of the user's row, one token verified and two made. It has no leeway,
finds no theft, and signs out who loses a reply. A guarded view verifies a token and knows no ended sessions.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import jwt
from flask import Flask, Response, abort, jsonify, request

from . import ACCESS_SECONDS

DAY = 24 * 60 * 60
ID_BYTES = 16
TABLE = "CREATE TABLE floor (id INTEGER PRIMARY KEY, token VARCHAR(40), email VARCHAR(99), name VARCHAR(99))"
COLUMNS = "id, email, name"

Cursor = Any
"""A cursor of the Python Database API 2.0 (PEP 249), each statement a transaction of its own."""


class Floor:
    """The views, with a function that gives the cursor of the current thread; ``scheme`` is of its URL."""

    def __init__(self, cursor: Callable[[], Cursor], key: bytes, scheme: str) -> None:
        self._cursor, self._key, self._is_sqlite = cursor, key, scheme.startswith("sqlite")
        change = "UPDATE floor SET token = ? WHERE id = ? AND token = ?"
        self._ask = ""
        if scheme.startswith("mysql"):  # MariaDB has no UPDATE that returns the row, so there are two
            self._ask = self._sql(f"SELECT {COLUMNS} FROM floor WHERE id = ?")  # noqa: S608  # a constant
        else:
            change += f" RETURNING {COLUMNS}"
        self._change = self._sql(change)

    def app(self) -> Flask:
        """The site."""
        app = Flask("floor")
        app.add_url_rule("/bare", "bare", lambda: "Dear Ada,")
        app.add_url_rule("/guarded", "guarded", self.guarded)
        app.add_url_rule("/auth/refresh", "refresh", self.refresh, methods=["POST"])
        return app

    def fill(self, users: int) -> list[str]:
        """A table with so many users; their refresh tokens."""
        cursor = self._cursor()
        cursor.execute(TABLE)
        insert = self._sql("INSERT INTO floor VALUES (?, ?, 'ada@example.org', 'ada')")
        for number in range(1, users + 1):
            cursor.execute(insert, (number, "first"))
        return [self.refresh_token(number, "first") for number in range(1, users + 1)]

    def guarded(self) -> str:
        """A view for whoever has an access token."""
        self._read(request.headers["Authorization"].removeprefix("Bearer "))
        return "Dear Ada,"

    def refresh(self) -> Response:
        """Change the token of the user's row."""
        shown = self._read(request.cookies["refreshToken"])
        new, cursor = secrets.token_urlsafe(ID_BYTES), self._cursor()
        cursor.execute(self._change, (new, int(shown["sub"]), shown["jti"]))
        if self._ask and cursor.rowcount:
            cursor.execute(self._ask, (int(shown["sub"]),))
        row = cursor.fetchone()
        if row is None:
            abort(401)
        number, email, name = row
        user = {"id": number, "email": email, "name": name}
        access = self.access_token(number)
        reply = jsonify(access_token=access, token_type="Bearer", expires_in=ACCESS_SECONDS, user=user)
        token = self.refresh_token(number, new)
        reply.set_cookie("refreshToken", token, DAY, path="/auth", secure=True, httponly=True, samesite="Lax")
        return reply

    def access_token(self, user: int) -> str:
        """A token for guarded views."""
        now = int(time.time())
        return jwt.encode({"sub": str(user), "iat": now, "exp": now + ACCESS_SECONDS}, self._key)

    def refresh_token(self, user: int, token_id: str) -> str:
        """The token whose id is on the user's row."""
        return jwt.encode({"sub": str(user), "jti": token_id, "exp": int(time.time()) + DAY}, self._key)

    def _read(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(token, self._key, ["HS256"])
        except jwt.InvalidTokenError:
            abort(401)

    def _sql(self, statement: str) -> str:
        return statement if self._is_sqlite else statement.replace("?", "%s")


def connect(url: str) -> Cursor:
    """A cursor on the database at this URL, which is written as for SQLAlchemy."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        connection = sqlite3.connect(parts.path[1:] or ":memory:", timeout=5, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection.cursor()
    if parts.scheme.startswith("postgresql"):
        import psycopg  # noqa: PLC0415  # only the driver that is needed counts as memory

        return psycopg.connect(f"postgresql{url[url.index(':') :]}", autocommit=True).cursor()
    import pymysql  # noqa: PLC0415  # as above

    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=parts.password or "",
        database=parts.path[1:],
        autocommit=True,
        ssl_disabled="ssl_disabled=true" in parts.query,
    ).cursor()


class OwnCursor(threading.local):
    """A cursor for each thread, opened when it is first needed."""

    def __init__(self, url: str) -> None:
        self._url, self._open = url, None

    def __call__(self) -> Cursor:
        """The cursor of this thread."""
        if self._open is None:
            self._open = connect(self._url)
        return self._open


URL = os.environ.get("BENCH_URL", "sqlite://")
SITE = Floor(OwnCursor(URL), os.environ.get("BENCH_SECRET", "of no site").encode(), urlsplit(URL).scheme)
app = SITE.app()


def prepare(sessions: int, accesses: int) -> dict[str, list[str]]:
    """So many users with a refresh token each, and an access token that is given often enough."""
    return {"access": [SITE.access_token(1)] * accesses, "cookie": SITE.fill(sessions)}
