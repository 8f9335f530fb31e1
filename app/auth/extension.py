"""Ratchet.init_app: puts settings, blueprint, error handler and commands on one app."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar, cast

from flask import Flask, after_this_request, got_request_exception

from . import audit
from .access import guard, sign_in, visitor
from .api import metadata
from .api.blueprint import blueprint, root
from .errors import RatchetError, SettingsError
from .lifecycle.account import SessionRef
from .management.cli import commands
from .pages import continuation, script
from .passwords.formats import PasswordVerifier
from .sentences import Sentences, Translate, untranslated
from .sessions import deletion
from .sessions.hooks import Hooks
from .sessions.issuer import IssuedTokens
from .settings.arguments import check_clock, check_functions
from .settings.load import load
from .storage.accounts import AccountStore, UserOptions
from .storage.host_database import HostDb
from .user import RatchetUser
from .web import redirects, responses, stream
from .web.body import check_delivery
from .web.request import (
    check_origin,
    client_ip,
    session_options,
)
from .web.services import EXTENSION, assemble, services

_User = TypeVar("_User", bound=RatchetUser)


class Ratchet(Generic[_User]):
    """Keeps the users of a Flask site signed in.

    ``db`` is the site's SQLAlchemy, ``user_model`` its model with RatchetUser mixed in, ``is_breached`` says
    whether a new password is known from a breach, ``clock`` gives seconds since the epoch. ``user_options``
    returns SQLAlchemy options for every SELECT of a user. It is called for each SELECT.
    ``with_loader_criteria`` hides rows everywhere; other options say what is loaded together with
    ``current_user``. ``password_verifiers`` verify password hashes of other systems (see verifiers).
    ``claims`` gives further claims for the access tokens of a user; ``may_sign_in`` raises SignInRefused for
    a user who may not. ``translate`` gets the code of an error and its English sentence, and returns the
    sentence for the current request. Raises SettingsError if a setting or function is wrong.
    """

    def __init__(  # noqa: PLR0913  # each is named by the host, and most are left out
        self,
        app: Flask | None = None,
        *,
        db: HostDb,
        user_model: type[_User],
        is_breached: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = lambda: time.time(),  # noqa: PLW0108  # looked up late: tests replace it
        user_options: UserOptions = lambda: (),
        claims: Callable[[_User], Mapping[str, Any]] | None = None,
        may_sign_in: Callable[[_User], None] | None = None,
        password_verifiers: Sequence[PasswordVerifier] = (),
        translate: Translate = untranslated,
    ) -> None:
        check_functions(is_breached=is_breached, clock=clock, user_options=user_options, translate=translate)
        self._password_verifiers = password_verifiers
        self._is_breached, self._user_options = is_breached, user_options
        self._sentences = Sentences(translate)
        self._hooks = Hooks(claims, may_sign_in)
        self.required, self.identity = guard.required, visitor.Identity()
        self._db, self._user_model, self._clock = db, user_model, clock
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, *, clock: Callable[[], float] | None = None) -> None:
        """Check the settings of ``app`` and register everything on it.

        ``clock`` replaces, for this app, the clock that this object was made with.
        """
        if EXTENSION in app.extensions:
            raise SettingsError(
                "this app already has a Ratchet, and an app has one user model. Give your models a common "
                "base class and pass that to Ratchet"
            )
        checked, clock = load(app), self._clock if clock is None else clock
        check_clock(clock)
        store = AccountStore(self._db, self._user_model, self._user_options)
        app.extensions[EXTENSION] = assemble(
            checked,
            store,
            self._hooks,
            self._is_breached,
            self._password_verifiers,
            clock,
            self._sentences,
            own_url=metadata.issuer,
        )
        audit.listen(app, clock)
        app.register_error_handler(RatchetError, continuation.refused)
        app.after_request(stream.drain_refused)
        # Flask runs these from the last to the first, so the hooks of the host have run before.
        app.after_request_funcs.setdefault(None, [])[:0] = (responses.tell_caches, responses.keep_policy)
        got_request_exception.connect(continuation.hand_back, app)
        app.register_blueprint(blueprint, url_prefix=checked.url_prefix.rstrip("/") or None)
        app.register_blueprint(root)
        app.cli.add_command(commands)
        # The first one: what a host or another extension gives templates under this name stays.
        app.template_context_processors[None].insert(0, lambda: {"current_user": visitor.current_user})

    @property
    def current_user(self) -> _User:
        """The signed-in user, typed by your model; the same as the ``current_user`` of the package.

        It is false where nobody is signed in or the row is gone.
        """
        return cast("_User", visitor.current_user)

    def authenticate(self, identifier: str, password: str) -> _User:
        """The user with this e-mail address or user name and password, an object of your model.

        Raises InvalidCredentials, TooManyAttempts, AccountBlocked or AccountUnconfirmed; InvalidRequest if
        the name or the password is too long.
        """
        return cast("_User", sign_in.authenticate(identifier, password))

    def hash_new_password(self, password: str) -> str:
        """What to store as ``password_hash``; InvalidRequest if the password is refused."""
        return services().authenticator.hash_new(password)

    @property
    def password_min_length(self) -> int:
        """How many characters a new password needs, to be said beside its field."""
        return services().settings.password_min_length

    def change_password(self, current: str, new: str) -> IssuedTokens:
        """Give the signed-in user a new password; other sessions end, and this browser gets new cookies.

        Raises InvalidCredentials if ``current`` is wrong, TooManyAttempts after too many wrong ones,
        InvalidRequest if the new one is refused.
        """
        account, session = visitor.live_session()
        issued = services().authenticator.change_password(
            account, session, current, new, client_ip=client_ip()
        )
        visitor.became(issued)
        if issued.session.delivery == "cookie":
            after_this_request(lambda response: responses.set_cookies(response, issued, replaces=True))
        return issued

    def start_session(
        self,
        user: Any,
        *,
        remember: bool = False,
        label: str | None = None,
        delivery: Literal["cookie", "body"] = "cookie",
    ) -> IssuedTokens:
        """Sign ``user`` in on the browser that sent this request. The response sets the cookies.

        With ``delivery="body"`` it sets none: hand out the tokens that are returned, to a client that keeps
        its tokens itself. Raises InvalidRequest for that if RATCHET_BODY_DELIVERY is false.
        """
        options = session_options(check_delivery(delivery), remember=remember, label=label)
        return sign_in.start(user, options)

    def end_session(self, session_id: str | None = None) -> None:
        """Sign out the browser that sent this request, or another session of the same user."""
        if session_id is not None:
            services().sessions.end(SessionRef(visitor.identity().subject, session_id), "ended")
        else:
            sign_in.end()

    def end_other_sessions(self) -> None:
        """End every session of the signed-in user except that of this browser."""
        claims = visitor.identity()
        services().sessions.end_others(SessionRef(claims.subject, claims.session_id))

    def end_sessions(self, user: Any) -> None:
        """Sign ``user`` out everywhere. Raises UserNotFound, a LookupError, where there is no such row."""
        services().sessions.end_all(services().store.subject_of(user), "ended")

    def set_password(self, user: Any, new: str) -> None:
        """Give ``user`` a new password and sign them out everywhere, in one write.

        This is for a password reset. If the user gives the current password, call ``change_password``.
        Raises InvalidRequest if the new one is refused, UserNotFound if the user has no row.
        """
        hashed = self.hash_new_password(new)
        services().sessions.reset(services().store.subject_of(user), hashed)

    def delete(self, user: Any) -> None:
        """Delete ``user``. Afterwards no process serves their access tokens. Takes three seconds.

        Other processes learn from the row that sessions have ended. So the user is signed out and blocked
        first, in one write, and the row goes when every process has learnt of it, in a transaction of its
        own, with the cascades of your model. Commit your own changes first. Raises RuntimeError if
        other rows refer to the user; the user then stays signed out and blocked. Raises UserNotFound if
        the row is already deleted.
        """
        parts = services()
        deletion.delete(parts.sessions, parts.store, parts.store.subject_of(user))

    def block(self, user: Any) -> None:
        """Block ``user`` and sign them out everywhere, in one write. Raises UserNotFound."""
        services().sessions.block(services().store.subject_of(user))

    def unblock(self, user: Any) -> None:
        """Let a blocked ``user`` sign in again. Raises UserNotFound."""
        services().sessions.block(services().store.subject_of(user), blocked=False)

    def list_sessions(self) -> list[dict[str, Any]]:
        """The live sessions of the signed-in user, as ``GET /auth/sessions`` gives them."""
        account, session = visitor.live_session()
        return responses.sessions(services().reader.live(account), session.id)

    def next_page(self) -> str:
        """The page that ``?next=`` names if it is on this site, otherwise the home page.

        The home page is ``/``, or the path prefix if a proxy serves the site below one (SCRIPT_NAME). A
        site whose subdomains are routes of the app (Flask's ``subdomain_matching``) and share the cookies
        gets the full URL of a page on another subdomain.
        """
        return redirects.next_page()

    def script_url(self) -> str:
        """The URL of the browser client, ``ratchet.js``."""
        return script.script_url()

    def still_signed_in(self) -> bool:
        """Whether the session of this request is still good: ask in each round of a long stream.

        It is false when the access token has expired or the session has ended, and where nobody is signed in.
        It costs a few microseconds; the database is asked at most once a second by each process.
        """
        return visitor.still_signed_in()

    def describe(self, problem: RatchetError) -> str:
        """The sentence of an error, translated where ``translate`` is given: for a page of your own."""
        return services().sentences.describe(problem)

    def check_origin(self) -> None:
        """Raise CrossOrigin if a page of another site sent this request."""
        try:
            check_origin()
        except RatchetError:
            after_this_request(stream.drain_behind)
            raise
