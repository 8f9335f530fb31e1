"""Revocation: no process accepts an access token later than a second after its session has ended.

The signature of an access token is valid until the token expires. So a process accepts it only after it has
read from the row that the session is live. That is one SELECT per session and process, not per request, and
none in a process that has itself started or refreshed the session. After that the process learns of the end.
The user row remembers which sessions ended during the last access lifetime, with the time in an indexed
column. Each process asks for new ends during a request, at most once a second. A request that comes a second
or more after the last question began waits for the next answer.

A process trusts what it has read only while it asks without a gap. After a longer pause (no requests, an
outage, a clock that was set back) it reads the row of each session once more, unless it has read that row
within the last MAX_GAP seconds. So it also notices that a row was deleted meanwhile, or that the row forgot
an end sooner than an access token expires, because another node has a shorter RATCHET_ACCESS_TTL. Every
memory is bounded. If one is full, the process reads more rows, but no sign-out is missed.

A valid signature is not enough: a token whose session is on no row is refused. Such a token was forged with
the secret, or comes from another site with the same secret (ASVS 9.2.4).

While the database is away no process learns of new ends. An access token then works until it expires, a few
minutes, and no new one is issued. A view that cannot accept that asks the row itself (``live=True``).
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
"""Seconds after which a process has to ask again, counted from the start of its last question."""

MAX_GAP = 2 * POLL_SECONDS
"""Seconds between two answers, or between a read of a row and the next answer; anything longer is a gap.

A row that is to be deleted has to stay for longer than this after its sessions have ended. A process that
asks without a gap then learns of the end, and every other process reads the row again.
"""

OVERLAP_SECONDS = 10
"""Seconds by which a question overlaps the last answer: clocks of nodes differ, and commits come late."""

MAX_KNOWN = 20_000
"""How many ended and how many live sessions a process remembers; for others it reads the row."""


class _Seen(NamedTuple):
    """The user of a live session, and when it was read from the row."""

    subject: str
    at: float


class RevocationCache:
    """What one process knows of sessions. ``ask`` returns all sessions that ended after a time."""

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
        """Raise TokenInvalid if the session has ended; ``find`` reads its row, and raises the same.

        Raises Unavailable if the row cannot be read and the end may have been forgotten.
        """
        ended = self.is_revoked(ref, now)
        if ended:
            raise TokenInvalid
        if ended is None:
            self._look(ref, now, find)

    def is_revoked(self, ref: SessionRef, now: float) -> bool | None:
        """Whether the session has ended; None if its row has to be read."""
        if self._asked_at is None or abs(now - self._asked_at) >= POLL_SECONDS:
            self._learn(now)
        if ref.session_id in self._ended:
            return True
        seen = self._live.get(ref.session_id)
        if seen is not None and seen.subject == ref.subject:
            return False
        return None if not self._is_away or self._may_have_forgotten(ref, now) else False

    def mark_ended(self, ended: Iterable[EndedSession]) -> None:
        """Remember the sessions that this process itself has ended."""
        with self._changing:
            for entry in ended:
                self._mark_ended(entry)

    def mark_live(self, ref: SessionRef, now: float) -> None:
        """Remember that the session was live on its row, which was read or written at ``now`` or later."""
        with self._changing:
            if now < self._trusted_since or ref.session_id in self._ended:
                return  # what was read may be older than an end that was learnt since
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
        """Whether the session may have ended although its id is not remembered here."""
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
        """The time to ask from: shortly before the last answer. Before ``keep_for`` no token is valid now."""
        oldest = now - self._keep_for
        return oldest if self._learnt_at is None else max(min(self._learnt_at, now) - OVERLAP_SECONDS, oldest)

    def _take(self, ended: Iterable[EndedSession], now: float) -> None:
        """Remember an answer; after a gap only sessions that were read within MAX_GAP stay known as live.

        The answer has every end since then, because no row is deleted within MAX_GAP after an end.
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
        """Drop the sessions that can have no valid access token any more."""
        oldest = now - self._keep_for
        with self._changing:
            self._ended = {key: ended_at for key, ended_at in self._ended.items() if ended_at > oldest}
