"""flask users create | block | unblock | confirm: the accounts of the reference site."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from .auth import RatchetError, UserNotFound
from .db import db
from .models import User
from .site import ratchet

users = AppGroup("users", help="Manage the accounts of this site.")


@users.command("create")
@click.argument("email")
@click.option("--username", help="A user name to sign in with, besides the e-mail address.")
@click.option("--unconfirmed", is_flag=True, help="The account has to be confirmed before it can sign in.")
@click.option("--if-absent", is_flag=True, help="Do nothing if such a user already exists.")
def create(email: str, username: str | None, unconfirmed: bool, if_absent: bool) -> None:
    """Create a user; the password is asked for, or is one line on standard input."""
    if "@" not in email:
        raise click.ClickException(f"{email!r} is not an e-mail address.")
    if if_absent and _find(email):
        return
    password = _ask_password()
    try:
        user = User(email=email, username=username, confirmed=not unconfirmed)
        user.password_hash = ratchet.hash_new_password(password)
        db.session.add(user)
        db.session.commit()
    except IntegrityError:
        raise click.ClickException("A user with that e-mail address or user name already exists.") from None
    except RatchetError as problem:
        raise click.ClickException(problem.description) from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Created {email}.")


@users.command("block")
@click.argument("email")
def block(email: str) -> None:
    """Block a user and sign them out everywhere."""
    with _told_if_gone(email):
        ratchet.block(_user(email))
    click.echo(f"Blocked {email}.")


@users.command("unblock")
@click.argument("email")
def unblock(email: str) -> None:
    """Let a blocked user sign in again."""
    with _told_if_gone(email):
        ratchet.unblock(_user(email))
    click.echo(f"Unblocked {email}.")


@users.command("confirm")
@click.argument("email")
def confirm(email: str) -> None:
    """Confirm the account of a user."""
    _user(email).confirmed = True
    db.session.commit()
    click.echo(f"Confirmed {email}.")


def _find(email: str) -> User | None:
    user: User | None = db.session.scalar(select(User).where(User.email == email))
    return user


def _user(email: str) -> User:
    user = _find(email)
    if user is None:
        raise _no_user(email)
    return user


@contextmanager
def _told_if_gone(email: str) -> Iterator[None]:
    """Report an error, and not success, if the user is deleted meanwhile."""
    try:
        yield
    except UserNotFound:
        raise _no_user(email) from None


def _no_user(email: str) -> click.ClickException:
    return click.ClickException(f"There is no user {email!r}.")


def _ask_password() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\r\n")
