"""Converts user rows to accounts and back: load, compare-and-swap.

A change is one ``UPDATE`` with the version that it was decided on in its WHERE; zero changed rows mean that
another request was faster. Only this package and user.py use SQL.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, inspect
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import LoaderCriteriaOption, scoped_session
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import ORMOption

from ..lifecycle.account import Account, EndedSession, subject_of
from ..lifecycle.binding import Device
from ..lifecycle.rotation import Session
from ..user import RatchetUser, canonical, case_folded
from . import primary_keys
from .database import Database, Rows
from .driver import one_connection
from .faults import ForeignText, in_short
from .host_database import HostDb, host_database
from .mapping import UserMapping
from .statements import Statements
from .user_rows import UserRows

UserOptions = Callable[[], Iterable[ORMOption]]
"""Returns what the host adds to each SELECT of a user: criteria that hide rows, or related rows to load."""

HOSTS_COLUMNS = frozenset({"password_hash", "blocked"})
"""The columns that both the host and Ratchet write."""

DEVICE = "device"
_SESSION_FIELDS = tuple(field.name for field in dataclasses.fields(Session) if field.name != DEVICE)
_KNOWN_FIELDS = frozenset(_SESSION_FIELDS)
_DEVICE_FIELDS = tuple(field.name for field in dataclasses.fields(Device))


class AccountStore:
    """Loads and swaps the state of one user model on the host's database."""

    def __init__(
        self, db: HostDb, user_model: type[RatchetUser], user_options: UserOptions = lambda: ()
    ) -> None:
        self._host, self._model, self._user_options = host_database(db), user_model, user_options
        table = UserMapping(user_model).table
        self.database = Database(self._host, inspect(user_model), table)
        self.rows = UserRows(self._host, user_model, self.database)

    @cached_property
    def _statements(self) -> Statements:
        """Made at first use: the type of a key that refers to another table is known when that is defined."""
        return Statements(self._model)

    def load(self, subject: str, *, even_hidden: bool = False) -> Account | None:
        """The account that a token names, or None; one SELECT.

        A row that the host hides (soft delete, another tenant) is no account. ``even_hidden`` is for
        operations that remove rights: the sessions of a hidden row can be ended too.
        """
        key = self.key_of(subject)
        if key is None:
            return None
        try:
            rows = self._rows(self._statements.by_key, {"row_key": key}, even_hidden=even_hidden)
        except DataError:  # of a token from before a change of the key's type: no row can have such a key
            return None
        return self._account(rows[0]) if rows else None

    def find(self, field: str, identifier: str, *, even_hidden: bool = False) -> Account | None:
        """The account that signs in under this e-mail address or user name; one SELECT, as in ``load``."""
        statement = self._statements.by_identifier.get(field)
        if statement is None or not primary_keys.is_text(identifier):
            return None
        spellings = {"wanted_before": case_folded(identifier), "wanted_canonical": canonical(identifier)}
        try:
            rows = self._rows(statement, {"wanted": identifier, **spellings}, even_hidden=even_hidden)
        except ForeignText:
            return None
        likeness = self._statements.likeness[field]
        known = [(rank, row) for row in rows if (rank := likeness(row[-1], identifier)) is not None]
        if not known:
            return None
        account = self._account(min(known, key=itemgetter(0))[1][:-1])
        primary_keys.check(account.key, self._statements.key_type, self.database.dialect)
        return account

    def on_one_connection(self) -> AbstractContextManager[object]:
        """Let what is loaded and written inside share one connection of the host's pool.

        No function of the host may be called inside, except those that belong to its mapping and statements.
        """
        return one_connection()

    def compare_and_swap(
        self,
        account: Account,
        sessions: tuple[Session, ...],
        *,
        password_hash: str | None = None,
        ended: tuple[EndedSession, ...] = (),
        blocked: bool | None = None,
        same_hash: bool = False,
    ) -> bool:
        """Write ``sessions`` if the row still equals ``account``; returns whether it did.

        The other arguments, if given, are written with them: a new ``password_hash``, the ``ended`` sessions
        to remember, and whether the user is ``blocked``. With ``same_hash`` the row must also have the hash
        of ``account``: this is for decisions that depend on the password.
        """
        columns: dict[str, Any] = {"sessions": [_item(session) for session in sessions]}
        if password_hash is not None:
            columns["password_hash"] = password_hash
        if blocked is not None:
            columns["blocked"] = blocked
        if ended:
            columns |= {"ended": ended, "ended_at": _latest(ended)}
        seen = {"row_key": account.key, "version": account.version, "seen_blocked": account.blocked}
        seen |= {"seen_password_hash": account.password_hash} if same_hash else {}
        values = {f"next_{name}": value for name, value in columns.items()}
        statement = self._statements.compare_and_swap(*columns, same_hash=same_hash)
        written = _is_one(self.database.count(statement, seen | values))
        if written:
            self._tell_host(account, columns)
        return written

    def ended_since(self, since: float) -> list[EndedSession]:
        """The sessions of all users that ended after ``since``, and a few of the same users' before."""
        rows: Sequence[Any] = self.database.run(
            self._statements.ended, {"since": _milliseconds(since)}, lambda result: result.scalars().all()
        )
        return [EndedSession(*entry) for row in rows for entry in row or ()]

    def user(self, subject: str) -> Any:
        """The host's own user object in ``db.session``, or None."""
        with self.database.faults():
            return self._get(self._host.session(), subject)

    @contextmanager
    def user_apart(self, subject: str) -> Iterator[Any]:
        """The host's user object as its row is now, or None. Relations can be loaded; changes are dropped."""
        with self.database.session_apart() as own:
            user = self._get(own, subject)
            own.commit()  # the connection goes back to the pool, and the host's hook may take it
            yield user

    def delete(self, subject: str) -> None:
        """Delete a user's row as the host's mapping says, in a transaction of its own.

        Raises RuntimeError if other rows refer to it: the database refuses, or SQLAlchemy does if the
        reference is part of the other row's key.
        """
        try:
            self.database.attempt(partial(self._delete, self.key_of(subject)))
        except (IntegrityError, AssertionError) as error:
            raise RuntimeError(
                f"user {subject} is signed out and blocked, but not deleted, because other rows refer to the "
                f"user: delete those first ({in_short(error)})"
            ) from error

    def subject_of(self, user: Any) -> str:
        """The subject of a user object of the host."""
        (key,) = inspect(self._model).primary_key_from_instance(user)
        return subject_of(key)

    def key_of(self, subject: str) -> Any:
        """The primary key that ``subject`` is the text of, or None if no row can have it."""
        return primary_keys.key_of(subject, self._statements.key_type, lambda: self.database.dialect)

    def _rows(self, statement: Select[Any], values: Mapping[str, Any], *, even_hidden: bool = False) -> Rows:
        if even_hidden:
            rows = self.database.rows(statement, values)
        else:
            criteria = [one for one in self._user_options() if isinstance(one, LoaderCriteriaOption)]
            rows = self.database.rows_for_host(statement, values, criteria)
        if len({row[0] for row in rows}) != len(rows):
            raise RuntimeError(
                "a SELECT returned several rows with the same key, so it is not known which row is the user's"
            )
        return rows

    def _get(self, session: OrmSession | scoped_session[Any], subject: str) -> Any:
        key = self.key_of(subject)
        return None if key is None else session.get(self._model, key, options=list(self._user_options()))

    def _delete(self, key: Any) -> None:
        with self._host.factory() as own:
            user = None if key is None else own.get(self._model, key)
            if user is not None:
                own.delete(user)
                own.commit()

    def _tell_host(self, account: Account, columns: Mapping[str, Any]) -> None:
        """Copy what was written to the host's object in ``db.session``, except where the host has changed it.

        The values are set and not expired: the host's transaction may be older than the write and not see it.
        """
        opened = self._host.open_session()
        if opened is None:
            return
        identity = inspect(self._model).identity_key_from_primary_key((account.key,))
        user = opened.identity_map.get(identity)
        for name in HOSTS_COLUMNS & columns.keys() if user is not None else ():
            state, key = inspect(user), self._statements.attribute_name(name)
            if key not in state.unloaded and not state.attrs[key].history.has_changes():
                set_committed_value(user, key, columns[name])

    def _account(self, values: Sequence[Any]) -> Account:
        *shown, password_hash, blocked, confirmed, sessions, version, ended = values
        return Account(
            key=shown[0],
            profile=dict(
                zip(self._statements.shown, (primary_keys.shown(shown[0]), *shown[1:]), strict=True)
            ),
            password_hash=password_hash,
            blocked=blocked,
            confirmed=confirmed,
            sessions=tuple(_session(item) for item in sessions or ()),
            version=version,
            ended=tuple(EndedSession(*entry) for entry in ended or ()),
        )


def _is_one(changed: int) -> bool:
    """Whether an UPDATE by key changed its row; more than one row is an error, and signs nobody in."""
    if changed not in (0, 1):
        raise RuntimeError(f"an UPDATE by key has changed {changed} rows")
    return changed == 1


def _item(session: Session) -> dict[str, Any]:
    """A session as the row holds it; ``dataclasses.asdict`` would copy each of the values.

    One without a device costs nothing for it.
    """
    item = {name: getattr(session, name) for name in _SESSION_FIELDS}
    if session.device is not None:
        item[DEVICE] = {name: getattr(session.device, name) for name in _DEVICE_FIELDS}
    return item


def _session(item: Mapping[str, Any]) -> Session:
    """A session of the row; fields that another release added are ignored.

    A session with only one time was written by the first edition of the rule. The others cannot be later,
    so it stands for all: the token rotates a little later, and no confirmation comes too early.
    """
    if item.keys() == _KNOWN_FIELDS:
        return Session(**item)
    times = dict.fromkeys(("made_at", "shown_at"), item["served_at"])
    known = {name: item[name] for name in _SESSION_FIELDS if name in item}
    return Session(**times | known, device=_device(item.get(DEVICE)))


def _device(item: Mapping[str, Any] | None) -> Device | None:
    """The device of a session of the row; fields that another release added are ignored."""
    return None if item is None else Device(**{name: item[name] for name in _DEVICE_FIELDS if name in item})


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _latest(ended: Iterable[EndedSession]) -> int | None:
    return max((_milliseconds(entry.ended_at) for entry in ended), default=None)
