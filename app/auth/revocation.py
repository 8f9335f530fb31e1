"""Sign-out that takes effect: every process learns of ended sessions within a second.

An access token is valid by itself until it expires. So the user row remembers the sessions that ended during
the last access lifetime, with the time in an indexed column, and each process asks, on a request and at most
once a second, for what is new since it last asked: never once per request. A request that comes a second
after the last question began waits for the next answer, so none is served that was sent a second after a
session ended. A process forgets what it knows when no token can speak of it any more.

While the database is away nothing new is learnt: an access token then works until it expires, a few minutes,
and no new one is handed out. A view that cannot accept that asks the row itself (``live=True``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Lock

from .account import Ended
from .errors import Unavailable
from .journal import note

POLL_SECONDS = 1.0
"""How old the knowledge of a process may be, counted from before it asked."""

OVERLAP_SECONDS = 10
"""How far each question reaches back behind the last one: clocks of nodes differ, commits come late."""

MOST_KNOWN = 20_000
"""Ended sessions a process remembers; beyond that it knows that it does not know."""

MOST_ENDED = 200
"""Ended sessions a row remembers, the latest ones: more than a user can have at once."""


def record(
    before: Iterable[Ended], gone: Iterable[Ended], now: float, *, keep_for: float, keep_thefts_for: float
) -> tuple[Ended, ...]:
    """What the row remembers after ``gone`` ended at ``now``.

    An entry stays for ``keep_for``, as long as an access token of it can live; a theft stays for
    ``keep_thefts_for``, so that whoever was robbed is told, even days later.
    """
    recent = (
        entry for entry in before if entry.ended_at > now - (keep_thefts_for if entry.by_theft else keep_for)
    )
    return (*recent, *gone)[-MOST_ENDED:]


class Revocations:
    """The ended sessions that one process knows of. ``ask`` gives those that ended after a time."""

    def __init__(self, ask: Callable[[float], list[Ended]], access_ttl: float) -> None:
        self._ask, self._keep_for = ask, access_ttl + OVERLAP_SECONDS
        self._known: dict[str, float] = {}
        self._asked_at: float | None = None
        self._complete_again_at = 0.0
        self._asking, self._changing = Lock(), Lock()

    def add(self, ended: Iterable[Ended]) -> None:
        """Know at once what this process ended itself."""
        with self._changing:
            for entry in ended:
                if len(self._known) >= MOST_KNOWN:
                    self._complete_again_at = max(self._complete_again_at, entry.ended_at + self._keep_for)
                    return
                self._known[entry.session_id] = entry.ended_at

    def has(self, session_id: str, now: float) -> bool | None:
        """Whether the session has ended; None where only its row can say."""
        if self._asked_at is None or abs(now - self._asked_at) >= POLL_SECONDS:
            self._learn(now)
        if session_id in self._known:
            return True
        return None if now < self._complete_again_at else False

    def _learn(self, now: float) -> None:
        with self._asking:
            asked_at = self._asked_at
            if asked_at is not None and abs(now - asked_at) < POLL_SECONDS:
                return
            since = now - self._keep_for if asked_at is None else min(asked_at, now) - OVERLAP_SECONDS
            self._forget(now)
            try:
                self.add(self._ask(since))
            except Unavailable:
                note(logging.WARNING, "cannot ask for ended sessions; access tokens work until they expire")
            self._asked_at = now

    def _forget(self, now: float) -> None:
        """Drop what no access token can speak of any more."""
        oldest = now - self._keep_for
        with self._changing:
            self._known = {key: ended_at for key, ended_at in self._known.items() if ended_at > oldest}
