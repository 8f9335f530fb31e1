"""The command group flask ratchet: an error is one sentence, and a user is named in one way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup

from ..errors import RatchetError, Unavailable, UserNotFound
from ..lifecycle.account import Account
from ..storage.faults import with_remedy
from ..web.services import services


class RatchetGroup(AppGroup):
    """Commands whose refusals are one sentence on standard error, without a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            told = with_remedy(error.__cause__) if error.__cause__ else error.description
            raise click.ClickException(f"The database failed: {told}.") from None
        except RatchetError as error:
            raise click.ClickException(error.description) from None


@contextmanager
def account_of(name: str) -> Iterator[Account]:
    """The user with this e-mail address, user name or id; one who is deleted meanwhile is told, too.

    One whom the host hides is found where it shows nobody of that name.
    """
    account = _found(name, even_hidden=False) or _found(name, even_hidden=True)
    if account is None:
        raise _no_user(name)
    try:
        yield account
    except UserNotFound:
        raise _no_user(name) from None


def is_taken(name: str) -> bool:
    """Whether somebody signs in by this name, also somebody whom the host hides."""
    return any(services().store.find(field, name, even_hidden=True) for field in ("email", "username"))


def _found(name: str, *, even_hidden: bool) -> Account | None:
    store = services().store
    named = [store.find(field, name, even_hidden=even_hidden) for field in ("email", "username")]
    found = {one.subject: one for one in (*named, store.load(name, even_hidden=even_hidden)) if one}
    if len(found) > 1:  # anybody can choose the id of somebody else for a user name
        raise click.ClickException(f"{name!r} is a name of one user and the id of another one.")
    return next(iter(found.values()), None)


def _no_user(name: str) -> click.ClickException:
    return click.ClickException(f"There is no user {name!r}.")
