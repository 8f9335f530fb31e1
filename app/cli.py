"""flask users create | block | unblock | confirm: those of flask ratchet, and one of the site's own."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import select

from .db import db
from .models import User

PRODUCT = {"create": "create-user", "block": "block", "unblock": "unblock"}
"""What the commands that this site shares with every other are called there."""


def add_commands(app: Flask) -> None:
    """Add the commands of the site to those of the product."""
    product = app.cli.commands["ratchet"]
    assert isinstance(product, click.Group)  # noqa: S101  # for the type checker
    users = type(product)("users", help="Manage the accounts of this site.")  # it reports errors likewise
    for name, there in PRODUCT.items():
        users.add_command(product.commands[there], name)
    users.add_command(confirm)
    app.cli.add_command(users)


@click.command("confirm")
@click.argument("email")
@with_appcontext
def confirm(email: str) -> None:
    """Confirm the account of a user."""
    user = db.session.scalar(select(User).where(User.email == email))
    if user is None:
        raise click.ClickException(f"There is no user {email!r}.")
    user.confirmed = True
    db.session.commit()
    click.echo(f"Confirmed {email}.")
