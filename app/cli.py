"""flask confirm: a command of the reference site's own, beside those of flask ratchet."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from .db import db
from .models import User


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
