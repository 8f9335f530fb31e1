"""Sign-out that takes effect: no process serves an access token a second after its session has ended.

An access token is valid by itself until it expires. So a process serves it only after it has seen the session
live on its row. That is one SELECT per session and process, not per request, and none in a process that has
itself started or refreshed the session. From then on it learns of the end. The user row remembers what ended
during the last access lifetime, with the time in an indexed column, and each process asks, on a request and
at most once a second, for what is new. A request that comes a second after the last question began waits for
the next answer.

A process trusts what it has seen only while it asks without a gap. After a longer pause (no requests, an
outage, a clock that was set back) it looks at the row of each session once more, unless it has seen that row
within the last MAX_GAP seconds. So it also finds out that a row was deleted meanwhile, or that the row forgot
an end sooner than an access token expires, because another node has a shorter RATCHET_ACCESS_TTL. Memory is
bounded everywhere, and a bound costs queries, never a sign-out: what a process or a row has no room for is
asked of the row.

What a secret can sign is not enough: a token with the id of a session that no row has, made up or of another
site with the same secret, is refused (ASVS 9.2.4).

While the database is away nothing new is learnt: an access token then works until it expires, a few minutes,
and no new one is handed out. A view that cannot accept that asks the row itself (``live=True``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from typing import NamedTuple

from ..errors import TokenInvalid, Unavailable
from ..lifecycle.account import EndedSession, SessionRef
from ..lifecycle.ended import any_of
from ..log import log_safely

POLL_SECONDS = 1.0
"""How old the knowledge of a process may be, counted from before it asked."""

MAX_GAP = 2 * POLL_SECONDS
"""Seconds between two answers, or between a look at a row and the next answer, without a gap.

So a row that is deleted is to stay for longer than this after its sessions have ended. Whoever asks without a
gap then learns of the end, and everybody else looks at the row again.
"""

OVERLAP_SECONDS = 10
"""How far each question reaches back behind the last answer: clocks of nodes differ, commits come late."""

MAX_KNOWN = 20_000
"""Ended sessions a process remembers, and live ones; what is beyond that it asks of the row."""


class _Seen(NamedTuple):
    """Whose session it is that was live, and when its row said so."""

    subject: str
    at: float


class RevocationCache:
    """What one process knows of sessions. ``ask`` gives those that ended after a time, of all users."""

    def __init__(self, ask: Callable[[float], list[EndedSession]], access_ttl: float) -> None:
        self._ask, self._keep_for = ask, access_ttl + OVERLAP_SECONDS
        self._ended: dict[str, float] = {}
        self._live: dict[str, _Seen] = {}
        self._asked_at: float | None = None
        self._learnt_at: float | None = None
        self._trusted_since = 0.0
        self._incomplete_until = 0.0
        self._is_away = False
        self._asking, self._changing = Lock(), Lock()

    def check(self, ref: SessionRef, now: float, find: Callable[[SessionRef, float], object]) -> None:
        """Raise TokenInvalid where the session has ended; ``find`` asks its row, and raises the same.

        Raises Unavailable where the row cannot be asked and the end may have been forgotten.
        """
        ended = self.is_revoked(ref, now)
        if ended:
            raise TokenInvalid
        if ended is None:
            self._look(ref, now, find)

    def is_revoked(self, ref: SessionRef, now: float) -> bool | None:
        """Whether the session has ended; None where its row has to be asked."""
        if self._asked_at is None or abs(now - self._asked_at) >= POLL_SECONDS:
            self._learn(now)
        if ref.session_id in self._ended:
            return True
        seen = self._live.get(ref.session_id)
        if seen is not None and seen.subject == ref.subject:
            return False
        return None if not self._is_away or self._may_have_forgotten(ref, now) else False

    def mark_ended(self, ended: Iterable[EndedSession]) -> None:
        """Know at once what this process ended itself."""
        with self._changing:
            for entry in ended:
                self._mark_ended(entry)

    def mark_live(self, ref: SessionRef, now: float) -> None:
        """Know that the session was live on its row, which was read or written at ``now`` or later."""
        with self._changing:
            if now < self._trusted_since or ref.session_id in self._ended:
                return  # what was read may be older than what was learnt since
            if self._may_have_forgotten(ref, now):
                return
            if ref.session_id not in self._live and len(self._live) >= MAX_KNOWN:
                self._live.clear()
            self._live[ref.session_id] = _Seen(ref.subject, now)

    def _look(self, ref: SessionRef, now: float, find: Callable[[SessionRef, float], object]) -> None:
        try:
            find(ref, now)
        except Unavailable:
            if self._may_have_forgotten(ref, now):
                raise
            self._is_away = True  # until the next question has an answer
        else:
            self.mark_live(ref, now)

    def _may_have_forgotten(self, ref: SessionRef, now: float) -> bool:
        """Whether the session may have ended without its name being kept here."""
        return now < self._incomplete_until or any_of(ref.subject) in self._ended

    def _learn(self, now: float) -> None:
        with self._asking:
            if self._asked_at is not None and abs(now - self._asked_at) < POLL_SECONDS:
                return
            self._forget(now)
            try:
                self._take(self._ask(self._since(now)), now)
            except Unavailable:
                self._is_away = True
                log_safely(
                    logging.WARNING, "cannot ask for ended sessions; access tokens work until they expire"
                )
            self._asked_at = now

    def _since(self, now: float) -> float:
        """The last answer and a little before; what ended before ``keep_for`` has no token any more."""
        oldest = now - self._keep_for
        return oldest if self._learnt_at is None else max(min(self._learnt_at, now) - OVERLAP_SECONDS, oldest)

    def _take(self, ended: Iterable[EndedSession], now: float) -> None:
        """Take an answer in; after a gap only what was seen a moment ago is known to be live.

        The answer tells of every end since then: no row is deleted within MAX_GAP after an end.
        """
        with self._changing:
            if self._learnt_at is None or not 0 <= now - self._learnt_at <= MAX_GAP:
                self._trusted_since = now - MAX_GAP
                seen_since = {key: seen for key, seen in self._live.items() if 0 <= now - seen.at <= MAX_GAP}
                self._live = seen_since
        self.mark_ended(entry for entry in ended if entry.ended_at > now - self._keep_for)
        self._learnt_at, self._is_away = now, False

    def _mark_ended(self, entry: EndedSession) -> None:
        name, ended_at = entry.session_id, entry.ended_at
        known = self._ended.get(name)
        if known is not None and known >= ended_at:
            return
        self._live.pop(name, None)
        if name.startswith(any_of("")):
            self._live = {key: seen for key, seen in self._live.items() if any_of(seen.subject) != name}
        if known is None and len(self._ended) >= MAX_KNOWN:
            self._incomplete_until = max(self._incomplete_until, ended_at + self._keep_for)
        else:
            self._ended[name] = ended_at

    def _forget(self, now: float) -> None:
        """Drop what no access token can speak of any more."""
        oldest = now - self._keep_for
        with self._changing:
            self._ended = {key: ended_at for key, ended_at in self._ended.items() if ended_at > oldest}
