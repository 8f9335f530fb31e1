"""Signs a user in and out in the request that is running: what a host's own form and views call."""

from __future__ import annotations

from typing import Any

from flask import Response, after_this_request, request

from ..lifecycle.account import Account, SessionOptions, SessionRef
from ..sessions.issuer import IssuedTokens
from ..user import field_of
from ..web import responses
from ..web.request import client_ip, live_session_ref, presented_sessions, replaced_session
from ..web.services import services
from . import visitor

_AUTHENTICATED = "ratchet.authenticated"
_STARTED = "ratchet.started"


def authenticate(identifier: str, password: str) -> Any:
    """The host's object of the user with this name and password; raises what the authenticator raises."""
    account = services().authenticator.authenticate(
        field_of(identifier), identifier, password, client_ip=client_ip(), device=live_session_ref()
    )
    user = services().store.user(account.subject)
    request.environ[_AUTHENTICATED] = account, user and user.password_hash
    return user


def start(user: Any, options: SessionOptions) -> IssuedTokens:
    """Start a session of ``user``; the reply delivers it, and the request is its from here on."""
    account = _authenticated(user) or _account(user)
    replaced = replaced_session()
    issued = services().sessions.start(account, options, replaces=replaced)
    request.environ[_STARTED] = SessionRef(account.subject, issued.session.id)
    visitor.became(issued)
    after_this_request(lambda reply: responses.deliver(reply, issued, replaces=replaced is not None))
    return issued


def end() -> None:
    """End the sessions that this browser presents, and one that this very request has started."""
    started = request.environ.pop(_STARTED, None)
    for ref in (*presented_sessions(), *([started] if started else [])):
        services().sessions.end(ref)
    visitor.became_nobody()
    after_this_request(_clear_cookies)


def _account(user: Any) -> Account:
    account = services().store.load(services().store.subject_of(user))
    if account is None:
        raise ValueError("the user's row has to be committed first")
    return account


def _authenticated(user: Any) -> Account | None:
    """The row that this request has authenticated ``user`` on, unless the host itself changed the password.

    If somebody else has changed the password since then, the sign-in is refused.
    """
    account, password_hash = request.environ.get(_AUTHENTICATED, (None, None))
    if account is None or account.subject != services().store.subject_of(user):
        return None
    return account if user.password_hash == password_hash else None


def _clear_cookies(response: Response) -> Response:
    services().cookies.clear(response)
    return response
