"""flask ratchet create-user | set-password | list | block | unblock | delete: users, one by one."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any

import click
from flask.cli import with_appcontext

from ..sessions import deletion
from ..storage.user_rows import RowRefused
from ..user import canonical, check_identifier
from ..web.services import services
from .group import account_of, is_taken

REMEDY = (
    "Give the model a default for it, or create users in a command of your own, with "
    "ratchet.hash_new_password(); docs/embedding.md has one."
)


@click.command("create-user")
@click.argument("name")
@click.option("--username", help="A user name to sign in with, besides the e-mail address.")
@click.option("--unconfirmed", is_flag=True, help="The account has to be confirmed before it can sign in.")
@click.option("--if-absent", is_flag=True, help="Do nothing if such a user already exists.")
@with_appcontext
def create_user(name: str, username: str | None, *, unconfirmed: bool, if_absent: bool) -> None:
    """Create a user called NAME, an e-mail address, or a user name where the model has no addresses.

    The password is asked for, or is one line on standard input.
    """
    names = _names(name, username)
    if if_absent and is_taken(name):
        return
    _refuse_taken(names.values())
    hashed = services().authenticator.hash_new(_ask_password())
    flags = {"confirmed": False} if unconfirmed else {}
    _add({**names, **flags, "password_hash": hashed}, names.values())
    click.echo(f"Created {name}.")


@click.command("set-password")
@click.argument("user")
@with_appcontext
def set_password(user: str) -> None:
    """Give USER (an e-mail address, user name or id) a new password and sign them out everywhere.

    The password is asked for, or is one line on standard input.
    """
    with account_of(user) as account:
        hashed = services().authenticator.hash_new(_ask_password())
        services().sessions.reset(account.subject, hashed)
    click.echo(f"{user} has a new password and is signed out everywhere.")


@click.command("list")
@with_appcontext
def list_users() -> None:
    """List every user: id, names, and whether the account is blocked or unconfirmed."""
    number = services().store.rows.show_all(lambda row: click.echo(_line(row)))
    click.echo(f"{number} user{'' if number == 1 else 's'}.", err=True)


@click.command("block")
@click.argument("user")
@with_appcontext
def block(user: str) -> None:
    """Block USER and sign them out everywhere."""
    with account_of(user) as account:
        services().sessions.block(account.subject)
    click.echo(f"Blocked {user}.")


@click.command("unblock")
@click.argument("user")
@with_appcontext
def unblock(user: str) -> None:
    """Let a blocked USER sign in again."""
    with account_of(user) as account:
        services().sessions.block(account.subject, blocked=False)
    click.echo(f"Unblocked {user}.")


@click.command("delete")
@click.argument("user")
@click.confirmation_option(prompt="Delete this user and what the model deletes with them?")
@with_appcontext
def delete(user: str) -> None:
    """Delete USER. Takes three seconds; afterwards no process serves their access tokens."""
    parts = services()
    with account_of(user) as account:
        try:
            deletion.delete(parts.sessions, parts.store, account.subject)
        except RuntimeError as error:
            raise click.ClickException(str(error)) from None
    if parts.store.load(account.subject, even_hidden=True):
        raise click.ClickException(f"{user} is signed out and blocked, but the app hides the row.")
    click.echo(f"Deleted {user}.")


COMMANDS = (create_user, set_password, list_users, block, unblock, delete)


def _names(name: str, username: str | None) -> dict[str, str]:
    """The columns of the names of a new user, in canonical form."""
    known = services().store.rows.names
    field = "email" if "@" in name or known.get("email") else "username"
    if field == "email" and "@" not in name:
        raise click.ClickException(f"{name!r} is not an e-mail address.")
    given = {field: name}
    if username is not None and given.setdefault("username", username) != username:
        raise click.UsageError("NAME is a user name already.")
    for one, value in given.items():
        if one not in known:
            raise click.ClickException(f"The user model of this app has no {one}.")
        check_identifier(value)
    return {one: canonical(value) for one, value in given.items()}


def _add(values: Mapping[str, Any], names: Collection[str]) -> None:
    try:
        services().store.rows.add(values)
    except RowRefused as error:
        _refuse_taken(names)
        raise click.ClickException(f"{error}. {REMEDY}") from None
    except ValueError as error:  # of a validator of the model
        raise click.ClickException(str(error)) from None


def _refuse_taken(names: Collection[str]) -> None:
    if any(is_taken(name) for name in names):
        raise click.ClickException("A user with that e-mail address or user name already exists.")


def _ask_password() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.ClickException("The password on standard input is not text in UTF-8.") from None


def _line(row: Mapping[str, Any]) -> str:
    names = "  ".join(_printable(row[field]) for field in ("id", "email", "username") if field in row)
    flags = ["blocked"] * bool(row["blocked"]) + ["unconfirmed"] * (not row["confirmed"])
    return f"{names}  {', '.join(flags)}".rstrip()


def _printable(value: object) -> str:
    """The value in one line, without what a terminal takes for a command."""
    text = "-" if value is None else str(value)
    return text if text.isprintable() else ascii(text)
