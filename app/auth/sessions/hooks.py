"""Calls the host's hooks each time tokens are issued: who may sign in, and what else an access token says.

A hook gets the host's user object, read from the row for it in a session of its own. It can load relations;
what it changes on the object is dropped. A database fault in a hook is Unavailable. Any other error of it is
raised unchanged: Flask logs it, and the reply is a 500. Nothing is lost by either, see service.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .. import signals
from ..errors import RatchetError, SignInRefused
from ..settings.arguments import check_functions
from ..storage.accounts import AccountStore
from ..tokens.claims import further_text

AskHost = Callable[[str, type[RatchetError]], str]
"""Takes a subject and the error for one without a row; returns the host's claims as text."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The host's functions of a user. Raises SettingsError if one cannot be called."""

    claims: Callable[[Any], Mapping[str, Any]] | None = None
    may_sign_in: Callable[[Any], None] | None = None

    def __post_init__(self) -> None:
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        check_functions(**{name: hook for name, hook in given.items() if hook is not None})

    def asked_by(self, store: AccountStore) -> AskHost:
        """What SessionService calls; where there is no hook, nothing is read."""
        if self.claims is None and self.may_sign_in is None:
            return lambda _subject, _missing: ""

        def ask_host(subject: str, missing: type[RatchetError]) -> str:
            try:
                with store.user_apart(subject) as user:
                    if user is None:
                        raise missing
                    return self._ask(user)
            except SignInRefused as refusal:
                signals.emit(signals.sign_in_refused, subject=subject, reason=refusal.code)
                raise

        return ask_host

    def _ask(self, user: Any) -> str:
        if self.may_sign_in is not None:
            answer: object = self.may_sign_in(user)
            if answer is not None:
                raise TypeError(
                    f"may_sign_in returned {answer!r}. It returns nothing, and refuses a user by raising "
                    "SignInRefused(code, description)"
                )
        if self.claims is None:
            return ""
        claims = self.claims(user)
        try:
            return further_text(claims)
        except ValueError as error:
            raise ValueError(f"Ratchet(claims=…) gives claims that no token can have: {error}.") from error
