"""Secrets that are made to be found again: in every form they could be written down in, wherever that is."""

from __future__ import annotations

import base64
import json
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from flask import Flask
from sqlalchemy import inspect, text

from app.db import db

from ..browser import ACCESS_COOKIE, REFRESH_COOKIE
from ..forgery import claims_of
from ..peers.caller import Client, Reply
from ..server.servers import SECRET
from ..server.stage import Stage

TOKENS = ("access_token", "refresh_token")


def canary(kind: str) -> str:
    """A password that is nowhere else, and that Unicode's compatibility form changes (NFKC)."""
    return f"{kind} \ufb01nch \uff30 {secrets.token_hex(8)}"


def parts(token: str) -> list[str]:
    """What of a token or cookie could be written down: all of it, and each part that only this one has."""
    return [token, *(part for part in token.split(".")[1:] if len(part) > 20)]


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which a secret could stand in a log, a reply or a database."""
    for spelling in (secret, unicodedata.normalize("NFKC", secret)):
        raw = spelling.encode()
        yield from (raw, quote(spelling).encode(), raw.hex().encode())
        yield from (json.dumps(spelling)[1:-1].encode(), spelling.encode("unicode_escape"))
        for before in range(3):
            yield from _base64(raw, before)


def _base64(raw: bytes, before: int) -> Iterator[bytes]:
    """The characters that any base64 of a text with ``raw`` in it has, that many bytes from a third one."""
    shifted = base64.b64encode(b"\0" * before + raw)[4 if before else 0 : -4]
    yield from (shifted, shifted.replace(b"+", b"-").replace(b"/", b"_"))


def found(haystacks: Mapping[str, bytes], needles: Iterable[str]) -> list[tuple[str, str]]:
    """Which secret stands where, in whatever form."""
    sought = [(needle, set(forms(needle))) for needle in needles]
    return [
        (where, needle)
        for where, content in haystacks.items()
        for needle, spellings in sought
        if any(spelling in content for spelling in spellings)
    ]


class Witness(Client):
    """A client that remembers every reply, and every token that was handed out to it."""

    def __init__(self, base_url: str, replies: list[Reply], tokens: list[str]) -> None:
        super().__init__(base_url)
        self._replies, self._tokens = replies, tokens

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a request as any client does."""
        reply = super().request(method, path, body, headers)
        self._replies.append(reply)
        self._tokens.extend(tokens_in(reply))
        return reply


def tokens_in(reply: Reply) -> Iterator[str]:
    """The tokens in a reply: in its cookies, and in a body that holds some."""
    yield from (
        morsel.value
        for name, morsel in reply.cookies.items()
        if name in (REFRESH_COOKIE, ACCESS_COOKIE) and morsel.value
    )
    if reply.headers.get_content_type() == "application/json" and reply.status in (200, 201):
        yield from (reply.json[name] for name in TOKENS if name in reply.json)


@dataclass
class Story:
    """What was driven through a site, and everything that was written down meanwhile."""

    stage: Stage
    folder: Path
    passwords: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    def visitor(self) -> Witness:
        """Somebody with an empty cookie jar."""
        return Witness(self.stage.base_url, self.replies, self.tokens)

    def password(self, kind: str) -> str:
        """A password that is looked for later."""
        self.passwords.append(canary(kind))
        return self.passwords[-1]

    def junk(self) -> str:
        """Something like a token that is looked for later."""
        self.garbage.append(canary("junk").rpartition(" ")[2] + ".e30." + "A" * 30)
        return self.garbage[-1]

    @property
    def logs(self) -> dict[str, bytes]:
        """What the site wrote: its own output, and the audit trail."""
        return {name: (self.folder / name).read_bytes() for name in ("output.log", "audit.log")}

    @property
    def errors(self) -> dict[str, bytes]:
        """Every refusal and error, with all its headers."""
        refused = [reply for reply in self.replies if reply.status >= 400]
        return {
            f"reply {number}: {reply.status}": bytes(reply.headers) + reply.body
            for number, reply in enumerate(refused)
        }

    @property
    def of_the_row(self) -> list[str]:
        """What only the row may know: hashes of passwords, ids of tokens."""
        return [*self.hashes, *{token_id for token in self.tokens for token_id in ids_in(token)}]

    @property
    def secrets(self) -> list[str]:
        """Everything that must be nowhere."""
        tokens = [part for token in self.tokens for part in parts(token)]
        return [SECRET, *self.passwords, *self.garbage, *dict.fromkeys(tokens)]


def ids_in(token: str) -> Iterator[str]:
    """The id that a refresh token, in a cookie or by itself, has on the row."""
    claims = claims_of(token)
    yield from ([claims["jti"]] if "jti" in claims else [])


def all_rows(site: Flask) -> bytes:
    """Everything that stands in any column of any table, as text."""
    with site.app_context(), db.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        assert "users" in tables
        contents = [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]
    return repr(contents).encode()
