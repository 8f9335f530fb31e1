"""What a user row remembers of the sessions that have ended.

An access token stays valid for some minutes after its session has ended. Every process learns of the end
from this record. The record also tells the owner of a stolen session that it was a theft.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from .account import Account, EndedSession, find_session
from .rotation import Session

MAX_ENDED = 200
"""How many ended sessions a row remembers by id, the latest ones: more than a user can have at once."""

MAX_THEFTS = 50
"""How many thefts a row remembers. They stay for days, and must leave room for sessions that end now."""


class Retention(NamedTuple):
    """For how many seconds a row remembers an end, and for how many a theft.

    An end is remembered for as long as an access token of the session can live. A theft is remembered for
    longer, so that the owner is told even days later.
    """

    ends: float
    thefts: float

    def holds(self, entry: EndedSession, now: float) -> bool:
        """Whether the row still has to remember ``entry``."""
        return entry.ended_at > now - (self.thefts if entry.by_theft else self.ends)


def ended_with(
    account: Account, kept: tuple[Session, ...], stolen: Collection[str], now: float, retention: Retention
) -> tuple[EndedSession, ...]:
    """What the row has to remember when only ``kept`` remain of its sessions; empty if none ends.

    ``stolen`` are the ids of those that a theft ends at ``now``.
    """
    gone = [
        EndedSession(session.id, now, session.id in stolen)
        for session in account.sessions
        if not find_session(kept, session.id)
    ]
    return record(account.ended, gone, now, subject=account.subject, retention=retention) if gone else ()


def record(
    before: Iterable[EndedSession],
    gone: Iterable[EndedSession],
    now: float,
    *,
    subject: str,
    retention: Retention,
) -> tuple[EndedSession, ...]:
    """What the row of ``subject`` remembers after ``gone`` ended at ``now``.

    If there is no room for the ids, one entry for any session of the user replaces them. It stays as long as
    the last of them would have.
    """
    due = [entry for entry in (*before, *gone) if retention.holds(entry, now)]
    thefts = [entry for entry in due if entry.by_theft]
    others = [entry for entry in due if not entry.by_theft]
    unnamed = [
        entry.ended_at
        for entry in (*thefts[:-MAX_THEFTS], *others[:-MAX_ENDED])
        if entry.ended_at > now - retention.ends
    ]
    # First in the list: the list is cut at its front, so a later call merges this entry into its own.
    rest = [EndedSession(any_of(subject), max(unnamed))] if unnamed else []
    return (*rest, *thefts[-MAX_THEFTS:], *others[-MAX_ENDED:])


def any_of(subject: str) -> str:
    """The id in an entry that means any session of ``subject``; no session id has a ``*`` in it."""
    return f"*{subject}"
