"""Ratchet.init_app: settings, blueprint, error handler and commands, onto one app."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep, time
from typing import Any

from flask import Flask, Response, after_this_request, request
from flask_sqlalchemy import SQLAlchemy

from . import audit, client, guard, navigation, replies, routes, settings, stream, visitor
from .account import Account, Place
from .blueprint import blueprint, root
from .cli import commands
from .cookies import Cookies
from .credentials import Credentials
from .errors import RatchetError
from .grants import Grant, Mint
from .revocation import LONGEST_GAP, POLL_SECONDS, Revocations
from .sessions import Sessions, Wish
from .state import EXTENSION, State, state
from .store import Store
from .throttle import Throttle
from .user import RatchetUser

DELETE_AFTER = LONGEST_GAP + POLL_SECONDS
"""Seconds for which the row of a user who is to be deleted stays, signed out and blocked.

Longer than a process may pause between two questions and still trust what it knows: whoever asks meanwhile
learns of the end, and whoever comes back after a pause looks at the row.
"""

_AUTHENTICATED = "ratchet.authenticated"


class Ratchet:
    """Keeps the users of a Flask site signed in.

    ``db`` is the site's SQLAlchemy, ``user_model`` its model with RatchetUser mixed in, ``is_breached`` says
    whether a new password is known from a breach, ``clock`` gives seconds since the epoch. Raises
    SettingsError where a setting is wrong.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        db: SQLAlchemy,
        user_model: type[RatchetUser],
        is_breached: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = time,
    ) -> None:
        self._is_breached = is_breached
        self.required = guard.required
        self._db, self._user_model, self._clock = db, user_model, clock
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Check the settings of ``app`` and register everything on it."""
        checked = settings.load(app)
        app.extensions[EXTENSION] = self._assemble(checked)
        audit.listen(app)
        app.register_error_handler(RatchetError, navigation.refused)
        app.register_blueprint(blueprint, url_prefix=checked.url_prefix.rstrip("/") or None)
        app.register_blueprint(root)
        app.cli.add_command(commands)

    def authenticate(self, identifier: str, password: str) -> Any:
        """The user with this e-mail address or user name and password, an object of your model.

        Raises InvalidCredentials, TooManyAttempts, AccountBlocked or AccountUnconfirmed; InvalidRequest where
        the name or the password is longer than any.
        """
        account = state().credentials.authenticate(
            "email" if "@" in identifier else "username",
            identifier,
            password,
            address=visitor.address(),
            device=visitor.live_place(),
            now=state().clock(),
        )
        user = state().store.user(account.subject)
        request.environ[_AUTHENTICATED] = account, user and user.password_hash
        return user

    def hash_new_password(self, password: str) -> str:
        """What to store as ``password_hash``; InvalidRequest where it is refused."""
        return state().credentials.hash_new(password)

    def change_password(self, current: str, new: str) -> Grant:
        """Give the signed-in user a new password; every other session ends, fresh cookies go out here.

        Raises InvalidCredentials where ``current`` is wrong, TooManyAttempts where that was tried too often,
        InvalidRequest where the new one is refused.
        """
        grant = routes.change_password(current, new)
        if grant.session.delivery == "cookie":
            after_this_request(lambda response: replies.set_cookies(response, grant))
        return grant

    def start_session(self, user: Any, *, remember: bool = False, label: str | None = None) -> Grant:
        """Sign ``user`` in on the browser that sent this request; its cookies go out with the reply."""
        now = state().clock()
        account = _authenticated(user) or _account(user)
        wish = Wish(remember, "cookie", visitor.label(label))
        grant = state().sessions.start(account, wish, now, replaces=next(iter(visitor.places()), None))
        after_this_request(lambda response: replies.set_cookies(response, grant))
        return grant

    def end_session(self, session_id: str | None = None) -> None:
        """Sign out the browser that sent this request, or another session of the same user."""
        now = state().clock()
        if session_id is not None:
            state().sessions.end(Place(guard.identity().subject, session_id), now, "ended")
            return
        for place in visitor.places():
            state().sessions.end(place, now)
        after_this_request(_clear_cookies)

    def end_other_sessions(self) -> None:
        """Sign the signed-in user out everywhere but here."""
        claims = guard.identity()
        state().sessions.end_others(Place(claims.subject, claims.session_id), state().clock())

    def end_sessions(self, user: Any) -> None:
        """Sign ``user`` out everywhere."""
        state().sessions.end_all(state().store.subject_of(user), state().clock(), "ended")

    def set_password(self, user: Any, new: str) -> None:
        """Give ``user`` a new password and sign them out everywhere, in one write.

        This is the end of a password reset; where the person gives the current password, it is
        ``change_password``. Raises InvalidRequest where the new one is refused.
        """
        hashed = self.hash_new_password(new)
        state().sessions.reset(_account(user), state().clock(), hashed)

    def delete(self, user: Any) -> None:
        """Delete ``user``, and let no process serve their access tokens any more. Takes three seconds.

        The row is what tells other processes that sessions have ended. So the user is signed out and blocked
        first, in one write, and the row goes when every process has learnt of it, in a transaction of its
        own, with the cascades of your model. Commit what you have changed before. Raises RuntimeError where
        other rows refer to the user; they then stay signed out and blocked.
        """
        subject = state().store.subject_of(user)
        state().sessions.block(subject, state().clock(), reason="deleted")
        sleep(DELETE_AFTER)
        state().store.delete(subject)

    def block(self, user: Any) -> None:
        """Keep ``user`` out and sign them out everywhere, in one write."""
        state().sessions.block(state().store.subject_of(user), state().clock())

    def unblock(self, user: Any) -> None:
        """Let a blocked ``user`` sign in again."""
        state().sessions.block(state().store.subject_of(user), state().clock(), blocked=False)

    def list_sessions(self) -> list[dict[str, Any]]:
        """The live sessions of the signed-in user, as ``GET /auth/sessions`` gives them."""
        account, session = guard.live_session()
        return replies.sessions(account, session.id)

    def next_page(self) -> str:
        """Where ``?next=`` of this request points, if that is a page of this site, else ``/``."""
        return navigation.next_page()

    def script_url(self) -> str:
        """The address of the browser client, ``ratchet.js``."""
        return client.script_url()

    def check_origin(self) -> None:
        """Refuse a form post that another site sent: CrossOrigin."""
        try:
            visitor.check_origin()
        except RatchetError:
            after_this_request(stream.drain_behind)
            raise

    def _assemble(self, checked: settings.Settings) -> State:
        store = Store(self._db, self._user_model)
        mint = Mint(checked)
        revocations = Revocations(store.ended_since, checked.access_ttl)
        sessions = Sessions(checked, store, mint, revocations)
        cookies = Cookies(
            secrets=checked.secrets,
            refresh_name=checked.cookie_name,
            refresh_path=checked.url_prefix,
            domain=checked.cookie_domain,
            secure=checked.cookie_secure,
            samesite=checked.cookie_samesite,
            with_access=checked.access_cookie,
        )
        throttle = Throttle(checked.throttle_storage, checked.secrets[0])
        credentials = Credentials(checked, store, throttle, sessions, self._is_breached)
        return State(checked, store, mint, revocations, sessions, credentials, cookies, self._clock)


def _account(user: Any) -> Account:
    account = state().store.load(state().store.subject_of(user))
    if account is None:
        raise ValueError("the user's row has to be committed first")
    return account


def _authenticated(user: Any) -> Account | None:
    """The row that this request has authenticated ``user`` on, unless the host itself changed the password.

    A password that somebody else changes meanwhile is then not the one that was verified, and refuses.
    """
    account, password_hash = request.environ.get(_AUTHENTICATED, (None, None))
    if account is None or account.subject != state().store.subject_of(user):
        return None
    return account if user.password_hash == password_hash else None


def _clear_cookies(response: Response) -> Response:
    state().cookies.clear(response)
    return response
