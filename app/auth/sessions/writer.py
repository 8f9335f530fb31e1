"""Writes what an operation has decided: by compare-and-swap, and again after a lost race.

The events of a transition are sent, and its error is raised, only after the change is on disk.
"""

from __future__ import annotations

from typing import Any

from ..errors import RatchetError, Unavailable, UserNotFound
from ..lifecycle.account import Account, live_sessions
from ..lifecycle.ended import Retention, ended_with
from ..lifecycle.transitions import DecideTransition, Transition
from ..settings.model import Settings
from ..storage.accounts import AccountStore
from . import events
from .revocation import RevocationCache

MAX_RACES = 20
"""How often an operation is decided again because another request was faster."""


class TransitionWriter:
    """Applies transitions to the user rows of one app."""

    def __init__(self, settings: Settings, store: AccountStore, revocations: RevocationCache) -> None:
        self._store, self._revocations = store, revocations
        self._policy = settings.rotation_policy
        self._retention = Retention(settings.access_ttl, settings.session_ttl)

    def change(
        self,
        subject: str,
        decide_transition: DecideTransition,
        now: float,
        *,
        account: Account | None = None,
        missing: type[RatchetError] | None = None,
        **columns: Any,
    ) -> tuple[Account, Transition]:
        """Decide a transition, write it, send its events, raise its error, in that order.

        Starts from ``account`` where the caller has just loaded it. ``missing`` is given by operations
        that sign somebody in. It is raised if the user has no row or the host hides it. All other operations
        also find hidden rows, and raise UserNotFound. Every write also removes expired sessions and writes
        ``columns`` (see AccountStore.compare_and_swap).
        """
        for _ in range(MAX_RACES):
            with self._store.on_one_connection():
                account = account or self._store.load(subject, even_hidden=missing is None)
                if account is None:
                    raise missing or UserNotFound
                transition = decide_transition(account)
                written = self._write(account, transition, now, columns)
            if written:
                events.send(transition.events, subject)
                if transition.error:
                    raise transition.error
                return account, transition
            account = None
        raise Unavailable

    def _write(self, account: Account, transition: Transition, now: float, columns: dict[str, Any]) -> bool:
        if transition.sessions == account.sessions and not transition.must_write:
            return True
        kept = live_sessions(transition.sessions, now, self._policy)
        ended = ended_with(account, kept, transition.stolen, now, self._retention)
        written = self._store.compare_and_swap(
            account, kept, ended=ended, same_hash=transition.same_hash, **columns
        )
        if written:
            self._revocations.mark_ended(ended)
        return written
