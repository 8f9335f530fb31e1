"""flask ratchet import-users: users of a file, a batch at a time, and why a row is refused."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from itertools import islice
from os import fstat
from pathlib import Path
from typing import Any, NamedTuple

import click
from flask.cli import with_appcontext

from ..storage.user_rows import UserRows
from ..web.services import services
from .user_files import UserFile, UserRow, read_users
from .user_values import NAMES, Refused, RowReader

SECRET = ("password", "password_hash")

BATCH = 500
"""Rows that are looked up and inserted together."""


class NewUser(NamedTuple):
    """A row that can be inserted."""

    line: int
    values: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """What the user will sign in by."""
        return [self.values[name] for name in NAMES if name in self.values]


@click.command("import-users")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check every row, and insert none.")
@with_appcontext
def import_users(file: Path, *, dry_run: bool) -> None:
    """Insert the users of FILE: CSV with a header, or the users of Strapi as JSON.

    A row that is refused is reported with its line, and the others are inserted; exit with status 1 if there
    is one. A user who exists already is skipped, so the command can be run again.
    """
    parts = services()
    reader = RowReader(parts.store.rows.columns, parts.authenticator, hashing=not dry_run)
    importing = Import(reader, parts.store.rows, is_dry=dry_run)
    with file.open("rb") as binary, _progress(fstat(binary.fileno()).st_size) as bar:
        users = _opened(binary, reader)
        try:
            while batch := list(islice(users.rows, BATCH)):
                importing.take(batch)
                bar.update(binary.tell() - bar.pos)
        finally:
            importing.tell()
    if importing.counts["refused"]:
        raise click.exceptions.Exit(1)


class Import:
    """One run over a file."""

    def __init__(self, reader: RowReader, rows: UserRows, *, is_dry: bool) -> None:
        self._reader, self._rows, self._is_dry = reader, rows, is_dry
        self._seen = set[int]()
        self.counts = Counter[str]()

    def take(self, batch: list[UserRow]) -> None:
        """Insert the users of some rows, and report the others."""
        found = [user for row in batch if (user := self._read(row))]
        taken = self._rows.taken(name for user in found for name in user.names)
        new = [user for user in found if self._is_new(user, taken)]
        if self._is_dry or not new or self._rows.add_all([user.values for user in new]):
            self.counts["new"] += len(new)
            return
        for user in new:
            self._add(user)

    def tell(self) -> None:
        """The last line of the report."""
        done = "would be imported" if self._is_dry else "imported"
        refused, skipped = self.counts["refused"], self.counts["skipped"]
        click.echo(
            f"{self.counts['new']} users {done}, {skipped} skipped because they exist, {refused} refused."
        )

    def _read(self, row: UserRow) -> NewUser | None:
        values: dict[str, Any] = {}
        try:
            if row.problem:
                raise Refused(row.problem)
            values = self._reader.read(row.fields)
            self._rows.check(values)
        except ValueError as error:  # also of a validator of the model
            self._refuse(row.line, error, {**row.fields, **values})
            return None
        return NewUser(row.line, values)

    def _is_new(self, user: NewUser, taken: frozenset[str]) -> bool:
        marks = {hash(name) for name in user.names}
        if not taken.isdisjoint(user.names):
            self.counts["skipped"] += 1
            click.echo(f"line {user.line}: skipped, a user has this name already")
            return False
        if not self._seen.isdisjoint(marks):
            self._refuse(user.line, Refused("its name is on an earlier line, too"), {})
            return False
        self._seen |= marks
        return True

    def _add(self, user: NewUser) -> None:
        try:
            self._rows.add(user.values)
        except ValueError as error:
            self._refuse(user.line, error, user.values)
        else:
            self.counts["new"] += 1

    def _refuse(self, line: int, error: ValueError, fields: Mapping[str, Any]) -> None:
        """Report a row, without what a terminal takes for a command.

        A sentence of the host's model or of the database shows no password and no hash.
        """
        self.counts["refused"] += 1
        secrets = (str(fields[name]) for name in SECRET if fields.get(name))
        told = str(error) or "the database cannot hold its text"
        shown = "the model or the database refuses it" if any(one in told for one in secrets) else told
        click.echo(f"line {line}: refused, {shown if shown.isprintable() else ascii(shown)}")


def _opened(binary: BufferedReader, reader: RowReader) -> UserFile:
    try:
        users = read_users(binary)
    except ValueError as error:
        raise click.ClickException(f"The file cannot be read: {error}.") from None
    if unknown := reader.unreadable(users.columns):
        raise click.ClickException(
            f"The user model has no column {', '.join(map(ascii, unknown))} that a file can fill: give it "
            "the name of a column of the model, or leave it out."
        )
    return users


@contextmanager
def _progress(size: int) -> Iterator[Any]:
    """A bar on standard error, if that is a terminal."""
    screen = sys.stderr if sys.stderr.isatty() else io.StringIO()
    with click.progressbar(length=size, label="Importing", file=screen) as bar:
        yield bar
