"""What the doctor finds in the database: its clock, its columns, and rows whose users cannot sign in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Unavailable
from ..passwords import hashing
from ..passwords.formats import name_of
from ..storage import inspection
from ..storage.faults import in_short
from ..user import is_well_spelt
from . import host
from .findings import CheckContext, Finding

MAX_CLOCK_DIFFERENCE = 5
"""Seconds by which the clocks of this host and the database may differ."""


ADOPTING = "see docs/adopting.md"

MAX_FORMATS = 5
"""Unknown formats of password hashes that are named, those of most users."""


def database(context: CheckContext) -> Iterator[Finding]:
    """A database that answers, has the columns, agrees on the time and can serve the number of nodes."""
    ask = context.store.database.inspect
    try:
        difference = ask(partial(inspection.clock_difference, now=context.clock()))
        missing = ask(inspection.missing_columns)
    except Unavailable as error:
        yield Finding(
            f"The database does not answer: {in_short(error.__cause__)}", "Start it, or fix its URL."
        )
        return
    if abs(difference) > MAX_CLOCK_DIFFERENCE:
        yield Finding(
            f"The clock of this host is {difference:+.0f} s off the database's.", "Run NTP on both."
        )
    if missing:
        yield Finding(f"The user table lacks {', '.join(missing)}.", host.migrate(context.app))
    else:
        yield from columns(context)
        yield from hashes(context)
        yield from rows(context)
    if context.store.database.dialect.name == "sqlite":
        yield Finding(
            "SQLite serves one host.", "With several nodes use PostgreSQL or MariaDB.", is_error=False
        )


def cluster(context: CheckContext) -> Iterator[Finding]:
    """A node of a Galera cluster that reads what the other nodes have committed."""
    with suppress(Unavailable):  # database() says so
        if context.store.database.inspect(inspection.reads_old_rows):
            yield Finding(
                "This node of a Galera cluster may read a row older than a commit on another node: somebody "
                "who has just signed in can be signed out, and a sign-out can miss a session.",
                "Set wsrep_sync_wait = 1 in the configuration of every node; see docs/scaling.md.",
            )


def pooler(context: CheckContext) -> Iterator[Finding]:
    """No statement is prepared on a connection that the next transaction may not have."""
    with suppress(Unavailable):  # database() says so
        if context.store.database.inspect(inspection.prepares_behind_pooler):
            yield Finding(
                "A pooler is between this site and PostgreSQL, and psycopg prepares statements. If it pools "
                "transactions, the site gets the errors, or the rows, of other statements.",
                'Set "prepare_threshold": None in the connect_args of SQLALCHEMY_ENGINE_OPTIONS '
                "(DATABASE_POOLER in the reference site), unless it pools whole sessions; see "
                "docs/deploying.md.",
                is_error=False,
            )


def tenants(context: CheckContext) -> Iterator[Finding]:
    """No schema for each tenant: ids coincide there, and a token does not say which schema it is for."""
    if context.store.database.translates_schemas:
        yield Finding(
            "The engine has a schema_translate_map, so a token of one schema is valid in the others.",
            "Use one table with a tenant column, or an app with a SECRET_KEY of its own for each schema.",
        )


def columns(context: CheckContext) -> Iterator[Finding]:
    """Columns can store what Ratchet writes and treat different names as different."""
    own, ask = context.store.rows.own_columns, context.store.database.inspect
    for what in ask(partial(inspection.unfit_columns, own=own)):
        yield Finding(what, f"Change its type in a migration; {ADOPTING}.")
    for name, collation in ask(partial(inspection.loose_columns, own=own)):
        yield Finding(
            f"The column {name} has the collation {collation}: of two people whose names differ in an "
            "accent, only one can have an account.",
            f"Change its type in a migration to that of the model; {ADOPTING}.",
            is_error=False,
        )


def rows(context: CheckContext) -> Iterator[Finding]:
    """Rows whose users cannot sign in. A table from before Ratchet can have such rows."""
    counts = Counter[str]()
    formats = Counter[str]()

    def look(row: Mapping[str, Any]) -> None:
        counts.update(_problems_of(row))
        stored = row["password_hash"]
        if stored and context.formats.is_unknown(stored):
            formats[name_of(stored)] += 1

    context.store.rows.scan(look)
    for problem, (what, remedy) in ROW_PROBLEMS.items():
        if counts[problem]:
            yield Finding(what.format(counts[problem]), remedy)
    if formats:
        yield unknown_formats(formats)


def unknown_formats(formats: Counter[str]) -> Finding:
    """How many users cannot sign in because of their hash, by what the hashes say about their format."""
    most = ", ".join(f"{name} {number}" for name, number in formats.most_common(MAX_FORMATS))
    return Finding(
        f"{formats.total()} users cannot sign in: the format of their password hash is not known here "
        f"({most}).",
        f"Name a verifier for it in password_verifiers, or let these people set a new password; {ADOPTING}.",
    )


ROW_PROBLEMS = {
    "email": (
        "{} users may be unable to sign in: their e-mail address is not stored in canonical form.",
        f"Write user.email = canonical(user.email) for them; {ADOPTING}.",
    ),
    "username": (
        "{} user names may not work for signing in: they contain an @ or are not stored in canonical form.",
        f"Write user.username = canonical(user.username) for them, or another name; {ADOPTING}.",
    ),
    "sessions_version": (
        "{} users cannot sign in: their sessions_version is NULL.",
        "Set it to 0 where it is NULL, and make the column NOT NULL DEFAULT 0.",
    ),
}
"""What can be wrong with a row, and what to do about it."""


def _problems_of(row: Mapping[str, Any]) -> Iterator[str]:
    email, username = row.get("email"), row.get("username")
    if isinstance(email, str) and not is_well_spelt(email):
        yield "email"
    if isinstance(username, str) and ("@" in username or not is_well_spelt(username)):
        yield "username"
    if row["sessions_version"] is None:
        yield "sessions_version"


def hashes(context: CheckContext) -> Iterator[Finding]:
    """No password hash costs more than the setting; otherwise the response time shows who has an account."""
    rounds = context.settings.bcrypt_rounds
    if costly := context.store.rows.count_hashes(hashing.patterns_above(rounds)):
        yield Finding(
            f"{costly} password hashes cost more than RATCHET_BCRYPT_ROUNDS, now {rounds}: a wrong password "
            "for such a user takes longer to refuse than one for an unknown user.",
            "Set RATCHET_BCRYPT_ROUNDS to the highest cost that is stored.",
            is_error=False,
        )


def migrations(context: CheckContext) -> Iterator[Finding]:
    """Every migration has been run, where the site keeps them with Flask-Migrate."""
    site = context.app.extensions.get("migrate")
    if site is None or not Path(site.directory, "env.py").is_file():
        return
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # comes with Flask-Migrate only

    with suppress(Unavailable):  # database() says so
        done = context.store.database.inspect(partial(inspection.run_migrations, options=site.configure_args))
        newest = frozenset(ScriptDirectory(str(site.directory)).get_heads())
        if done and newest - done:
            yield Finding(
                f"The database has not seen migration {', '.join(sorted(newest - done))}.",
                host.migrate(context.app),
            )
