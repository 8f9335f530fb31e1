"""Delete a user in two steps, so that afterwards no process serves their access tokens."""

from __future__ import annotations

from time import sleep

from ..storage.accounts import AccountStore
from .revocation import MAX_GAP, POLL_SECONDS
from .service import SessionService

DELETE_AFTER = MAX_GAP + POLL_SECONDS
"""Seconds for which the row of a user who is to be deleted stays, signed out and blocked.

This is longer than MAX_GAP in revocation.py. A process that asks for ended sessions in these seconds learns
of the end. A process that does not ask has a gap, and after a gap it looks at the row again.
"""


def delete(sessions: SessionService, store: AccountStore, subject: str) -> None:
    """Sign out and block, wait until every process has learnt of it, then delete the row.

    Raises UserNotFound if the user has no row, RuntimeError if other rows refer to it.
    """
    sessions.block(subject, reason="deleted")
    sleep(DELETE_AFTER)
    store.delete(subject)
