"""flask ratchet sessions | end-sessions: what an operator asks and does."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from . import replies
from .account import Account
from .state import state

commands = AppGroup("ratchet", help="Look after the sessions of this site's users.")


@commands.command("sessions")
@click.argument("user")
def list_sessions(user: str) -> None:
    """List the live sessions of USER (an e-mail address, user name or id)."""
    found = replies.sessions(_account(user), "")
    for item in found:
        times = f"last used {item['last_used_at']}  ends {item['expires_at']}"
        click.echo(f"{item['id']}  {times}  {item['label']}")
    click.echo(f"{len(found)} live session{'' if len(found) == 1 else 's'}.", err=True)


@commands.command("end-sessions")
@click.argument("user", required=False)
@click.option("--all", "everyone", is_flag=True, help="Sign every user out.")
def end_sessions(user: str | None, everyone: bool) -> None:
    """Sign USER out everywhere, or everybody with --all."""
    if everyone == (user is not None):
        raise click.UsageError("Name one user, or give --all.")
    now = state().clock()
    if user is not None:
        state().sessions.end_all(_account(user).subject, now, "ended")
        click.echo(f"{user} is signed out everywhere.")
        return
    subjects = list(state().store.subjects())
    with click.progressbar(subjects, label="Signing out") as progress:
        for subject in progress:
            state().sessions.end_all(subject, now, "ended")
    click.echo(f"{len(subjects)} users are signed out everywhere.")


def _account(name: str) -> Account:
    store = state().store
    account = store.find("email", name) or store.find("username", name) or store.load(name)
    if account is None:
        raise click.ClickException(f"There is no user {name!r}.")
    return account
