"""flask ratchet sessions | end-sessions | doctor | keys, and what user_commands and user_import add."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app

from ..doctor import checks
from ..doctor.findings import CheckContext
from ..errors import UserNotFound
from ..tokens.jws import ASYMMETRIC_ALGORITHMS, JWKS_MAX_AGE
from ..web import responses
from ..web.services import services
from .group import RatchetGroup, account_of
from .user_commands import COMMANDS
from .user_import import import_users

if TYPE_CHECKING:
    from ..tokens.keys import KeyPair

ROTATION = f"""\
The first key of a site: set RATCHET_JWT_KEYS to the path of this file.
After another key, each step on every node:
  1. Put it last in RATCHET_JWT_KEYS, and wait {JWKS_MAX_AGE} seconds until other services have read it.
  2. Put it first: from now on it signs.
  3. Once RATCHET_ACCESS_TTL is over, take the old key out.
Nobody is signed out."""

commands = RatchetGroup("ratchet", help="Manage the users of this site and their sessions.")
for command in (*COMMANDS, import_users):
    commands.add_command(command)


@commands.command("sessions")
@click.argument("user")
def list_sessions(user: str) -> None:
    """List the live sessions of USER (an e-mail address, user name or id)."""
    with account_of(user) as account:
        found = [responses.session(item, "") for item in services().reader.live(account)]
    for item in found:
        times = f"last used {item['last_used_at']}  ends {item['expires_at']}"
        bound = "  device-bound" if item["device_bound"] else ""
        click.echo(f"{item['id']}  {times}  {item['label']}{bound}")
    click.echo(f"{len(found)} live session{'' if len(found) == 1 else 's'}.", err=True)


@commands.command("end-sessions")
@click.argument("user", required=False)
@click.option("--all", "everyone", is_flag=True, help="Sign every user out.")
def end_sessions(user: str | None, everyone: bool) -> None:
    """Sign USER out everywhere, or everybody with --all."""
    if everyone == (user is not None):
        raise click.UsageError("Name one user, or give --all.")
    if user is not None:
        with account_of(user) as account:
            services().sessions.end_all(account.subject, "ended")
        click.echo(f"{user} is signed out everywhere.")
        return
    subjects = list(services().store.rows.subjects())
    with click.progressbar(subjects, label="Signing out") as progress:
        for subject in progress:
            with suppress(UserNotFound):  # deleted meanwhile, so already signed out
                services().sessions.end_all(subject, "ended")
    click.echo(f"{len(subjects)} users are signed out everywhere.")


@commands.group("keys")
def key_commands() -> None:
    """Manage the keys that sign access tokens."""


@key_commands.command("generate")
@click.option(
    "--algorithm",
    type=click.Choice(ASYMMETRIC_ALGORITHMS),
    default=ASYMMETRIC_ALGORITHMS[0],
    show_default=True,
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="A new file for the key; the default is standard output."
)
def generate_key(algorithm: str, out: Path | None) -> None:
    """Make a private key for RATCHET_JWT_KEYS and print the next steps."""
    try:
        from ..tokens import keys  # noqa: PLC0415  # loads cryptography, for this command only
    except ImportError:
        raise click.ClickException("This needs another package: pip install 'flask-ratchet[keys]'") from None
    key = keys.generate(algorithm)
    if out is None:
        click.echo(key.pem(), nl=False)
    else:
        _write(key, out)
    click.echo(f"The key is called {key.kid}.\n{ROTATION}", err=out is None)


def _write(key: KeyPair, out: Path) -> None:
    try:
        key.write(out)
    except FileExistsError:
        raise click.ClickException(f"{out} already exists and is not changed.") from None
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from None


@commands.command("doctor")
def run_doctor() -> None:
    """Check the running configuration; exit with status 1 if there is a problem."""
    parts = services()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # Flask's documented way
    context = CheckContext(app, parts.settings, parts.store, parts.clock, parts.authenticator.formats)
    findings = checks.run_checks(context)
    for finding in findings:
        label, colour = ("error", "red") if finding.is_error else ("warning", "yellow")
        click.secho(f"{label}: ", fg=colour, nl=False)
        click.echo(f"{finding.what}\n    {finding.remedy}")
    if any(finding.is_error for finding in findings):
        raise click.exceptions.Exit(1)
    click.secho("ok: ", fg="green", nl=False)
    click.echo("No error found." if findings else "No problem found.")
